"""People are told by real mail and real webhooks, and an address never shows."""

import contextlib
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.channels.apprise_channel import apprise_channels
from ipsec_orchestrator.errors import ChannelError, MissingDependencyError, NotifyFileError
from ipsec_orchestrator.lab.azure.certificates import AzureFiles, issue_azure_files
from ipsec_orchestrator.model.news import Announcement
from ipsec_orchestrator.model.secret import Secret
from ipsec_orchestrator.report.news.changes import news_of
from ipsec_orchestrator.report.news.words import WhereToLook, announcement_of
from tests.receivers import MailReceiver, WebReceiver, mail_receiver, web_receiver
from tests.watch_passes import difference, watch_pass

ROOT = Path(__file__).parents[3]
HOSTILE = "<b>bold</b> **x** [y](http://evil.example) <!channel> @everyone &amp;"


def announcement(number: int = 1, name: str = HOSTILE) -> Announcement:
    """News of so many differences with hostile names."""
    differences = [difference(name=name, field=f"filter {each}") for each in range(number)]
    news = news_of([watch_pass(0), watch_pass(1, differences=differences)])
    return announcement_of(news[0], WhereToLook(playbook_file="p.yml"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> AzureFiles:
    """A private CA and a certificate of it for 127.0.0.1."""
    return issue_azure_files(tmp_path_factory.mktemp("ca"), IPv4Address("127.0.0.1"))


@pytest.fixture
def web(files: AzureFiles, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    """A web server whose CA this process trusts."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(files.ca_file))
    with web_receiver(files.server_file) as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[MailReceiver]:
    """A mail server."""
    with mail_receiver() as receiver:
        yield receiver


def told(address: str, news: Announcement | None = None) -> None:
    """Tell everybody in this list."""
    for channel in apprise_channels(Secret(address)):
        channel.tell(news or announcement())


def test_a_webhook_gets_subject_and_text_over_https(web: WebReceiver) -> None:
    """Its certificate was checked against the private CA."""
    told(f"jsons://127.0.0.1:{web.port}/hook")

    (taken,) = web.taken
    assert taken["title"] == "Warning: azure-onpremises (ipsectest.com): 1 new difference"
    assert "orchestrate drift p.yml" in taken["message"]
    assert taken["type"] == "warning"
    assert "@everyone" not in taken["message"]


def test_a_receiver_of_markdown_gets_no_markup_from_names(web: WebReceiver) -> None:
    """What would be bold or a link in a name is escaped."""
    told(f"jsons://127.0.0.1:{web.port}/hook?format=markdown")

    message = web.taken[0]["message"]
    assert "**x**" not in message
    assert "[y](" not in message
    assert r"\*\*x\*\*" in message


def test_a_chat_that_renders_plain_text_gets_no_markup_either(web: WebReceiver) -> None:
    """Mattermost shows whatever it gets as Markdown."""
    told(f"mmosts://127.0.0.1:{web.port}/3ccdd113474722377935511fc85d3dd4")

    (taken,) = web.taken
    assert "**x**" not in taken["text"]
    assert "[y](" not in taken["text"]
    assert r"\*\*x\*\*" in taken["text"]


def test_teams_gets_as_much_as_it_takes(web: WebReceiver) -> None:
    """A card of at most a thousand characters, with the command, and no picture from elsewhere."""
    told(f"workflows://127.0.0.1:{web.port}/flow/SIGNATURE/", announcement(100))

    (taken,) = web.taken
    texts = [part["text"] for part in taken["attachments"][0]["content"]["body"] if "text" in part]
    assert texts[0] == "Warning: azure-onpremises (ipsectest.com): 100 new differences"
    assert len(texts[1]) <= 1000
    assert "orchestrate drift" in texts[1]
    assert "**x**" not in texts[1]
    assert "apprise" not in str(taken)


def test_mail_in_html_shows_names_as_they_are(mail: MailReceiver) -> None:
    """Markup in a name is text in the mail, and the subject is one line."""
    told(
        f"mailto://127.0.0.1:{mail.port}?from=watch@example.com&to=ops@example.com"
        "&mode=insecure&format=html"
    )

    (sent,) = mail.mails
    html = sent.get_body(("html",))
    assert html is not None
    content = html.get_content()
    assert "&lt;b&gt;bold&lt;/b&gt;" in content
    assert "<b>bold" not in content
    assert "<a " not in content
    assert sent["Subject"] == "Warning: azure-onpremises (ipsectest.com): 1 new difference"
    assert sent["To"] == "ops@example.com"


def test_mail_in_plain_text_is_the_text(mail: MailReceiver) -> None:
    """Nothing is converted."""
    told(
        f"mailto://127.0.0.1:{mail.port}?from=watch@example.com&to=ops@example.com"
        "&mode=insecure&format=text"
    )

    body = mail.mails[0].get_body(("plain",))
    assert body is not None
    assert "<b>bold</b> **x** [y](http://evil.example)" in body.get_content()
    assert "orchestrate drift p.yml" in body.get_content()


def test_no_message_is_longer_than_people_read(web: WebReceiver) -> None:
    """Of a thousand differences some are told, and how many more there are."""
    told(f"jsons://127.0.0.1:{web.port}/hook", announcement(1000))

    message = web.taken[0]["message"]
    assert len(message) <= 6000
    assert "more." in message
    assert "orchestrate drift p.yml" in message


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "it answered with status 429 (too many requests)"),
        (404, "it answered with status 404 (no such place)"),
        (500, "it answered with status 500"),
    ],
)
def test_a_receiver_that_refuses_is_an_error_in_words(
    web: WebReceiver, status: int, words: str
) -> None:
    """The status is said, the address is not."""
    web.status = status
    with pytest.raises(ChannelError) as caught:
        told(f"jsons://u:T0PSECRET@127.0.0.1:{web.port}/T0PSECRET")

    assert words in str(caught.value)
    assert str(caught.value).startswith("receiver 1 (JSON) could not be told")


def test_a_receiver_that_hangs_is_given_up(web: WebReceiver) -> None:
    """The pass goes on; it may have got the news and gets them again."""
    web.hangs.set()
    with pytest.raises(ChannelError, match="it did not answer in time"):
        told(f"jsons://127.0.0.1:{web.port}/T0PSECRET?rto=0.2")

    assert len(web.taken) == 1


DRIPPED_TO = """
import sys
from ipsec_orchestrator.adapters.channels import apprise_channel
from ipsec_orchestrator.errors import ChannelError
from ipsec_orchestrator.model.news import Announcement, Level, Message
from ipsec_orchestrator.model.secret import Secret

apprise_channel.DEADLINE_SECONDS = 0.5
(channel,) = apprise_channel.apprise_channels(Secret(sys.argv[1]))
message = Message(subject="s", opening="o", lines=())
for _ in range(2):
    try:
        channel.tell(Announcement(level=Level.NOTE, message=message, records=()))
    except ChannelError as error:
        print(error.reason)
"""


def test_a_receiver_that_never_ends_its_answer_keeps_no_program_from_ending() -> None:
    """It sends a byte now and then, so that no timeout of a socket helps; it is asked once."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            client, _ = listener.accept()
            with client, contextlib.suppress(OSError):
                asked.append(client.recv(65536))
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                while True:
                    client.sendall(b"x")
                    time.sleep(0.1)

        thread = threading.Thread(target=drip)
        thread.start()
        done = subprocess.run(
            [
                *(sys.executable, "-W", "ignore", "-c", DRIPPED_TO),
                f"json://127.0.0.1:{listener.getsockname()[1]}/T0PSECRET",
            ],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=120,
            check=False,
        )
        thread.join()

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "it did not answer in time",
        "it still has not answered the last time",
    ]
    assert done.stderr == ""
    assert len(asked) == 1


def test_a_receiver_that_is_not_there_is_an_error_in_words() -> None:
    """Nothing listens on the port."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(ChannelError, match=r"refused|no connection"):
        told(f"json://127.0.0.1:{port}/T0PSECRET")
    with pytest.raises(ChannelError):
        told(f"mailto://127.0.0.1:{port}?from=w@example.com&to=o@example.com&mode=insecure")


def test_a_certificate_of_an_unknown_ca_is_refused(
    files: AzureFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent to whoever shows it."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with (
        web_receiver(files.server_file) as receiver,
        pytest.raises(ChannelError, match="its certificate was refused"),
    ):
        told(f"jsons://127.0.0.1:{receiver.port}/hook")

    assert receiver.taken == []


def test_a_mail_server_that_refuses_is_an_error(mail: MailReceiver) -> None:
    """A mail that was not taken counts as not told."""
    mail.refuses = True
    with pytest.raises(ChannelError):
        told(f"mailto://127.0.0.1:{mail.port}?from=w@example.com&to=o@example.com&mode=insecure")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("json://127.0.0.1/x\nnope://T0PSECRET@x\n", "line 2"),
        ("urls:\n  - json://127.0.0.1/x\n  - nope://T0PSECRET\n", "entry 2"),
        ("not an address T0PSECRET", "not what apprise understands"),
        ("urls: [T0PSECRET", "not what apprise understands"),
        ("# nobody\n", "names nobody"),
        ("", "names nobody"),
        ("json://127.0.0.1/x\ninclude https://T0PSECRET.example/more", "includes another one"),
        ("jsons://u:T0PSECRET@127.0.0.1/x?verify=no", "certificates are always checked"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_without_showing_it(
    text: str, words: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The place is said; the line may hold a password."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(NotifyFileError) as caught:
        apprise_channels(Secret(text))

    everything = str(caught.value) + caplog.text + "".join(capfd.readouterr())
    assert words in str(caught.value)
    assert "T0PSECRET" not in everything


def test_an_address_shows_nowhere(
    web: WebReceiver, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in names and keys, nor in errors, nor in what libraries log, sent or refused."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    text = Secret(f"jsons://bob:T0PSECRET@127.0.0.1:{web.port}/T0PSECRET-hook?+X-Key=T0PSECRET")
    for status in (200, 500):
        web.status = status
        (channel,) = apprise_channels(text)
        shown += [channel.key, channel.title, repr(channel)]
        try:
            channel.tell(announcement())
        except ChannelError as error:
            shown += [str(error), repr(error.__cause__), repr(error.__context__)]

    assert web.paths == ["/T0PSECRET-hook"] * 2
    everything = "".join([*shown, caplog.text, *capfd.readouterr()])
    assert "T0PSECRET" not in everything
    assert "bob" not in everything


def test_keys_are_the_same_every_time_and_differ() -> None:
    """The record of what was told finds each receiver again."""
    text = Secret(
        "json://127.0.0.1/a\njson://127.0.0.1/b\n"
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/\n"
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/\n"
    )

    keys = [channel.key for channel in apprise_channels(text)]

    assert keys == [channel.key for channel in apprise_channels(text)]
    assert len(set(keys)) == 4


def test_without_apprise_the_sentence_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is an optional extra."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(MissingDependencyError, match=r"ipsec_orchestrator\[notify\]"):
        apprise_channels(Secret("json://127.0.0.1/x"))
