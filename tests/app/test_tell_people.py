"""Every channel is told what is new for it, once, and again if it failed."""

from pathlib import Path

import pytest
from typing_extensions import override

from ipsec_orchestrator.adapters.told_folder import ToldFolder
from ipsec_orchestrator.app.tell_people import MOST_AT_ONCE, Channels, tell_people
from ipsec_orchestrator.errors import ChannelError
from ipsec_orchestrator.model.news import Announcement
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.ports import Channel
from ipsec_orchestrator.report.news.words import WhereToLook
from tests.watch_passes import DOMAIN, PLAYBOOK, difference, watch_pass


class Notebook(Channel):
    """A channel that writes down what it is told, or is out of order."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.out_of_order = False
        self.told: list[Announcement] = []

    @property
    @override
    def key(self) -> str:
        return self._key

    @property
    @override
    def title(self) -> str:
        return self._key

    @override
    def tell(self, announcement: Announcement) -> None:
        if self.out_of_order:
            raise ChannelError(channel=self.title, reason="it is out of order")
        self.told.append(announcement)

    @property
    def subjects(self) -> list[str]:
        """What it was told, without playbook and domain."""
        return [each.message.subject.rpartition("): ")[2] for each in self.told]


class Watch:
    """Passes one after the other, each in a process of its own as far as the record goes."""

    def __init__(self, folder: Path, *ways: Channel) -> None:
        self.folder = folder
        self.ways = ways
        self.passes: list[WatchPass] = []

    def after(self, now: WatchPass) -> tuple[str, ...]:
        """Tell after this pass."""
        channels = Channels(
            ways=self.ways,
            told=ToldFolder(self.folder / "told"),
            look=WhereToLook(playbook_file="p.yml"),
        )
        failed = tell_people(reversed(self.passes), now, channels)
        self.passes.append(now)
        return failed


def differing(number: int, found: str = "80") -> WatchPass:
    """A pass with one difference."""
    return watch_pass(number, differences=[difference(found=found)])


def test_a_change_is_told_once(tmp_path: Path) -> None:
    """Ten passes with the same difference are one message; the end of it is another."""
    notebook = Notebook("a")
    watch = Watch(tmp_path, notebook)

    failed = [
        watch.after(each)
        for each in (watch_pass(0), *(differing(number) for number in range(1, 11)), watch_pass(11))
    ]

    assert failed == [()] * 12
    assert notebook.subjects == [
        "1 new difference",
        "1 difference gone, nothing differs any more",
    ]


def test_a_channel_that_failed_is_told_the_same_later_and_others_are_not(tmp_path: Path) -> None:
    """Also what has passed by then, in the order in which it happened."""
    good, bad = Notebook("good"), Notebook("bad")
    watch = Watch(tmp_path, bad, good)
    watch.after(watch_pass(0))
    bad.out_of_order = True

    failed = watch.after(differing(1))
    assert failed == (f"bad could not be told: it is out of order. {ChannelError.usual_cure}",)
    assert watch.after(watch_pass(2))
    bad.out_of_order = False
    assert watch.after(watch_pass(3)) == ()

    assert bad.subjects == good.subjects
    assert len(good.told) == 2


def test_a_process_that_was_killed_before_it_told_is_made_up_for(tmp_path: Path) -> None:
    """The pass is recorded, nobody was told: the next pass tells it."""
    notebook = Notebook("a")
    watch = Watch(tmp_path, notebook)
    watch.after(watch_pass(0))
    watch.passes.append(differing(1))  # and here it was killed

    watch.after(differing(2))

    assert notebook.subjects == ["1 new difference"]
    assert "09:30:12" in notebook.told[0].message.opening


def test_a_new_channel_hears_of_what_changes_from_now_on(tmp_path: Path) -> None:
    """Not of old news; a channel that was taken out and comes back is a new one."""
    first, second = Notebook("first"), Notebook("second")
    watch = Watch(tmp_path, first)
    watch.after(watch_pass(0))
    watch.after(differing(1))
    watch.ways = (first, second)
    watch.after(differing(2))
    watch.after(differing(3, found="8080"))
    watch.ways = (second,)
    watch.after(watch_pass(4))
    watch.ways = (first, second)
    watch.after(watch_pass(5, PassOutcome.FAILED, reason="No DC."))

    assert first.subjects == ["1 new difference", "1 difference changed again", "the pass failed"]
    assert second.subjects == [
        "1 difference changed again",
        "1 difference gone, nothing differs any more",
        "the pass failed",
    ]


def test_a_channel_that_was_closed_for_long_is_not_flooded(tmp_path: Path) -> None:
    """The last news are told, and how many came before."""
    notebook = Notebook("a")
    watch = Watch(tmp_path, notebook)
    watch.after(watch_pass(0))
    notebook.out_of_order = True
    for number in range(1, 31):
        watch.after(differing(number, found=str(number)))
    notebook.out_of_order = False
    watch.after(differing(31, found="31"))

    assert len(notebook.told) == MOST_AT_ONCE
    assert "The news of 21 passes before" in notebook.told[0].message.fitted(6000)
    assert "found 31 " in notebook.told[-1].message.fitted(6000)


def test_a_clock_that_is_set_back_silences_nobody(tmp_path: Path) -> None:
    """What changes after it is told, although the record knows later passes."""
    notebook = Notebook("a")
    watch = Watch(tmp_path, notebook)
    watch.after(watch_pass(0))
    watch.after(watch_pass(1000))
    for number in (1, 2, 3):
        watch.after(differing(number))

    assert notebook.subjects == ["1 new difference"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"told": 3}', b"\xff"])
def test_a_damaged_record_makes_every_channel_a_new_one(tmp_path: Path, content: bytes) -> None:
    """It is no reason for the pass to fail, and is written anew."""
    notebook = Notebook("a")
    watch = Watch(tmp_path, notebook)
    watch.after(watch_pass(0))
    (file,) = (tmp_path / "told").iterdir()
    file.write_bytes(content)

    assert watch.after(differing(1)) == ()
    assert notebook.subjects == ["1 new difference"]
    assert ToldFolder(tmp_path / "told").read(PLAYBOOK, DOMAIN) == {"a": differing(1).pass_id}


def test_a_record_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The news were told all the same; they may be told again."""
    (tmp_path / "told").write_bytes(b"no folder")
    notebook = Notebook("a")
    watch = Watch(tmp_path, notebook)

    failed = watch.after(differing(1))

    assert notebook.subjects == ["1 new difference"]
    assert any("can't be written" in each for each in failed)


def test_without_channels_nothing_is_written(tmp_path: Path) -> None:
    """Who names nobody has no record."""
    assert Watch(tmp_path).after(differing(1)) == ()
    assert list(tmp_path.iterdir()) == []
