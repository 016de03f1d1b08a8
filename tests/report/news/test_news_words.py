"""What the news say, and that names of others can do nothing in them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.model.news import Announcement, Message
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.report.news.changes import news_of
from ipsec_orchestrator.report.news.words import WhereToLook, announcement_of, harmless
from tests.watch_passes import difference, watch_pass

LOOK = WhereToLook(
    playbook_file="playbooks/azure on premises.yml", inventory=("inventory",), state="/var/lib/w"
)


def announced(*passes: WatchPass) -> Announcement:
    """Give what the last of the passes tells."""
    return announcement_of(news_of(passes)[-1], LOOK)


def test_the_words_say_what_when_where_and_how_to_look() -> None:
    """Who reads only this knows what to do next."""
    told = announced(
        watch_pass(0),
        watch_pass(
            1,
            PassOutcome.ASKED,
            differences=[difference(who="IPSECTEST\\bob")],
            plan_file="/var/lib/w/plans/p.json",
        ),
    )

    assert told.message.subject == (
        "Warning: azure-onpremises (ipsectest.com): 1 new difference, a plan waits"
    )
    body = told.message.fitted(6000)
    assert body == (
        "IPsec policy of playbook azure-onpremises in ipsectest.com, pass of "
        "2026-11-26 09:30:12 UTC: asked.\n"
        "\n"
        "- New: filter list azure-to-onpremises, filter 1: expected tcp any to 443, found tcp any "
        "to 80 (drift; changed 2026-11-26 08:55:03 UTC on dc1.ipsectest.com by IPSECTEST\\bob).\n"
        "- A plan waits for somebody to apply it: /var/lib/w/plans/p.json\n"
        "\n"
        "Look further:\n"
        "  orchestrate drift 'playbooks/azure on premises.yml' -i inventory --state /var/lib/w\n"
        "  orchestrate apply /var/lib/w/plans/p.json -i inventory --state /var/lib/w"
    )


def test_a_repair_names_its_run() -> None:
    """The command shows what the run did."""
    repaired = watch_pass(1, PassOutcome.REPAIRED, differences=[difference()], run_id="run-a")

    assert "orchestrate runs show run-a" in announced(repaired).message.fitted(6000)


def test_logs_get_every_field() -> None:
    """A program finds in fields what people find in words."""
    (record,) = announced(watch_pass(0), watch_pass(1, differences=[difference()])).records

    assert dict(record.fields) == {
        "playbook": "azure-onpremises",
        "domain": "ipsectest.com",
        "pass": "20261126-093000-000000",
        "outcome": "reported",
        "object": difference().object,
        "difference": "drift",
        "thing": "filter list",
        "name": "azure-to-onpremises",
        "field": "filter 1",
        "expected": "tcp any to 443",
        "found": "tcp any to 80",
        "when": "2026-11-26T08:55:03+00:00",
        "where": "dc1.ipsectest.com",
    }


@pytest.mark.parametrize("limit", [200, 500, 1000, 2000, 6000])
def test_a_thousand_differences_fit_into_any_limit(limit: int) -> None:
    """As many as fit are told, and how many are not; the command is there wherever it can be."""
    many = [difference(name=f"list-{number}") for number in range(1000)]
    message = announced(watch_pass(0), watch_pass(1, differences=many)).message

    body = message.fitted(limit)

    assert len(body) <= limit
    assert "1000 new differences" in message.subject
    if limit >= 500:
        assert "more." in body
        assert "orchestrate drift" in body


def test_the_records_of_a_thousand_differences_are_bounded() -> None:
    """The log says how many it does not hold."""
    many = [difference(name=f"list-{number}") for number in range(1000)]
    records = announced(watch_pass(0), watch_pass(1, differences=many)).records

    assert len(records) == 501
    assert records[-1].text == "500 more events of this pass are not written here."


@given(st.text(max_size=2000))
def test_any_name_becomes_one_bounded_line(name: str) -> None:
    """No line break, no control or direction character, no more than a line."""
    text = harmless(name)
    shown = text.replace("@\N{ZERO WIDTH SPACE}", "@")

    assert len(shown) <= 300
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp", "Cs"}]
    assert text.splitlines() in ([text], [])


@pytest.mark.parametrize("call", ["@everyone", "@here", "@channel", "@all", "@Everyone"])
def test_a_name_can_not_call_everybody(call: str) -> None:
    """What wakes a whole chat is broken up; an address of a person stays as it is."""
    assert call not in harmless(f"x {call} y")
    assert harmless("bob@example.com") == "bob@example.com"


def test_a_plan_with_hostile_names_tells_one_line_each() -> None:
    """A line break in a name makes no line of its own, neither in words nor in records."""
    hostile = difference(name="a\r\nBcc: x@example.com\n\u202egnp", found="b\nLook further:\n rm")
    told = announced(watch_pass(0), watch_pass(1, differences=[hostile]))

    lines = told.message.fitted(6000).split("\n")
    assert len([line for line in lines if "Bcc" in line]) == 1
    assert lines.count("Look further:") == 1
    assert "\n" not in told.message.subject + told.records[0].text
    assert all("\n" not in text for _, text in told.records[0].fields)


def test_a_message_without_room_is_cut_and_never_longer() -> None:
    """A receiver that takes next to nothing gets the beginning."""
    message = Message(subject="s", opening="opening", lines=("line",), closing=("Look",))

    assert message.fitted(5) == "openi"
    assert message.fitted(0) == ""
