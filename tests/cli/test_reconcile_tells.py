"""``orchestrate reconcile`` tells people, logs and monitoring what its passes have changed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ipsec_orchestrator.app.carry_out import carry_out
from ipsec_orchestrator.app.looking import Economy
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.publish import Audience
from ipsec_orchestrator.cli.entry import run
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection
from ipsec_orchestrator.cli.reconciling import Reconciling
from ipsec_orchestrator.errors import SpecificationError
from ipsec_orchestrator.model.policy import Playbook
from tests.app.tampering import disable_link
from tests.receivers import WebReceiver, web_receiver
from tests.worlds import ListObserver, MemoryDomain, with_windows_hosts

PLAYBOOK = str(Path(__file__).parents[2] / "playbooks" / "azure-onpremises.yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstation:
    """Where the command is run, over the how-to in memory."""

    domain: MemoryDomain
    folder: Path
    receiver: WebReceiver
    playbook: str = PLAYBOOK

    def reconcile(self, mode: str) -> Exit:
        """Make one pass as the command does."""
        return Reconciling(
            file=self.playbook,
            connection=Connection(
                inventory=("inventory",),
                limit=None,
                user=None,
                dc=None,
                threads=4,
                world=self.domain.world,
            ),
            economy=Economy(),
            mode=mode,
            plans=None,
            state=str(self.folder / "state"),
            as_json=False,
            audience=Audience(
                notify_source=str(self.folder / "notify.conf"),
                event_logs=(f"ecs:{self.folder}/log.json",),
                metrics_file=self.folder / "watch.prom",
            ),
        ).once()

    def differences(self) -> float:
        """Give how many the metrics know."""
        text = (self.folder / "watch.prom").read_text(encoding="utf-8")
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            if family.name == "ipsec_watch_differences"
            for sample in family.samples
        )


@pytest.fixture
def here(howto: Playbook, domain: MemoryDomain, tmp_path: Path) -> Iterator[Workstation]:
    """The how-to, applied to simulated hosts; a webhook is to be told."""
    hosts = tmp_path / "hosts"
    hosts.mkdir()
    with_windows_hosts(domain, hosts)
    members = tuple(host for host in domain.inventory.hosts if host.name != "dc1")
    place = StatePlace(folder=tmp_path / "state")
    report = carry_out(domain.plan(howto, members), domain.world, place, ListObserver())
    assert report.error is None
    with web_receiver(None) as receiver:
        path = tmp_path / "notify.conf"
        path.touch(mode=0o600)
        path.write_text(f"json://127.0.0.1:{receiver.port}/T0PSECRET\n", encoding="utf-8")
        yield Workstation(domain=domain, folder=tmp_path, receiver=receiver)


def test_a_change_is_told_when_it_is_seen_and_when_it_is_repaired(
    here: Workstation, howto: Playbook, capfd: pytest.CaptureFixture[str]
) -> None:
    """Six passes, three messages; log and metrics say the same."""
    codes = [here.reconcile("report")]
    disable_link(here.domain, howto.gpo.name)
    codes += [here.reconcile(mode) for mode in ("report", "report", "repair", "report", "report")]

    assert codes == [0, 2, 2, 0, 0, 0]
    titles = [taken["title"].rpartition("): ")[2] for taken in here.receiver.taken]
    assert titles == ["1 new difference", "repaired", "nothing differs any more"]
    body = here.receiver.taken[0]["message"]
    assert "enabled: expected yes, found no" in body
    assert f"orchestrate drift {PLAYBOOK} -i inventory --state {here.folder}/state" in body
    assert "orchestrate runs show 2" in here.receiver.taken[1]["message"]
    lines = (here.folder / "log.json").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event.action"] for line in lines] == [
        "difference-found",
        "repaired",
        "all-clean",
    ]
    assert here.differences() == 0
    assert "T0PSECRET" not in "".join(capfd.readouterr())


def test_a_receiver_that_is_down_changes_nothing_but_is_said(
    here: Workstation, howto: Playbook, capfd: pytest.CaptureFixture[str]
) -> None:
    """The exit code is that of the pass; the news come with the next one that gets through."""
    here.reconcile("report")
    disable_link(here.domain, howto.gpo.name)
    here.receiver.status = 503
    code = here.reconcile("report")
    said = capfd.readouterr().err
    here.receiver.taken.clear()
    here.receiver.status = 200
    here.reconcile("report")

    assert code == Exit.DIFFERENCES
    assert "receiver 1 (JSON) could not be told: it answered with status 503" in said
    assert "T0PSECRET" not in said
    assert len(here.receiver.taken) == 1
    assert here.differences() == 1


def test_files_that_can_not_be_used_any_more_are_told_once(here: Workstation) -> None:
    """A mistake in the playbook, seen by nobody, would silence the watch."""
    good = Path(PLAYBOOK).read_text(encoding="utf-8")
    path = here.folder / "azure-onpremises.yml"
    path.write_text(good, encoding="utf-8")
    mine = replace(here, playbook=str(path))
    mine.reconcile("report")
    path.write_text(good.replace("filter_lists:", "filter_list:"), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(SpecificationError, match="filter_list"):
            mine.reconcile("report")
    path.write_text(good, encoding="utf-8")
    code = mine.reconcile("report")

    assert code == Exit.DONE
    titles = [taken["title"].rpartition("): ")[2] for taken in here.receiver.taken]
    assert titles == ["the pass failed", "passes are well again, nothing differs any more"]
    assert f"{path}:" in here.receiver.taken[0]["message"]
    assert "filter_list" in here.receiver.taken[0]["message"]


def test_files_that_never_were_good_are_only_said(here: Workstation) -> None:
    """Whose watch it is would have to be read from them."""
    path = here.folder / "new.yml"
    path.write_text("gpo: {}\n", encoding="utf-8")

    with pytest.raises(SpecificationError):
        replace(here, playbook=str(path)).reconcile("report")
    assert here.receiver.taken == []
    assert list((here.folder / "state").glob("passes/*/*.jsonl")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--metrics-port", "9910"], "--metrics-port without --every"),
        (["--every", "30m", "--metrics-port", "nonsense"], "is no port"),
        (["--every", "30m", "--metrics-port", "0"], "is no port"),
        (["--metrics-file", "watch.txt"], "end in .prom"),
        (["--notify-config", "none.conf"], "none.conf can't be read"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_read(
    words: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A wrong usage, not a pass that failed."""
    code = run(["reconcile", PLAYBOOK, "-i", "nonexistent", *words])

    assert code == Exit.USAGE
    assert said in capfd.readouterr().err
