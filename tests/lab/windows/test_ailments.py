"""What can be wrong with a simulated Windows: words, the form it is kept in, and healing."""

import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.memory import seeded_directory
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.facts.host_health import HostHealth, parse_host_health
from ipsec_orchestrator.lab.lab_settings import (
    HostFaults,
    faults_from_json,
    faults_to_json,
    parse_faults,
)
from ipsec_orchestrator.lab.windows import (
    AILMENT_WORDS,
    WELL,
    Ailments,
    NetworkPlace,
    RegistryFile,
    SimulatedHost,
    SimulatedNetwork,
    WindowsCommands,
    WindowsSettings,
)
from ipsec_orchestrator.lab.windows.canned_health import host_health
from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.lab.windows.services import StartMode

VALUES = {"NAME": "IKEEXT", "PORT": "8080", "NUMBER": "1", "BYTES": "1400"}


def words() -> list[str]:
    """Every word, with a value where it takes one."""
    found = [word.partition("=") for word in AILMENT_WORDS]
    return [f"{name}={VALUES[value]}" if equals else name for name, equals, value in found]


@pytest.fixture
def vm1(tmp_path: Path) -> SimulatedHost:
    """A host of a domain in memory."""
    directory = seeded_directory(SystemClock(), units=["IPSecOU"], computers=[("vm1", "IPSecOU")])
    return SimulatedHost(
        WindowsSettings(name="vm1", account="VM1$"),
        registry=RegistryFile(tmp_path / "vm1.json"),
        open_directory=lambda: nullcontext(directory),
        read_template=lambda _: None,
    )


def said(host: SimulatedHost) -> HostHealth:
    """What the host says of itself."""
    return parse_host_health(host_health(WindowsCommands(host), {}))


@pytest.mark.parametrize("word", words())
def test_every_word_makes_one_thing_wrong(word: str) -> None:
    """A word changes something, and survives the way to the process that runs the lab."""
    faults = parse_faults([word])
    kept = faults_from_json(json.loads(json.dumps(faults_to_json(faults))))

    assert faults.ailments != WELL
    assert faults == replace(HostFaults(), ailments=faults.ailments)
    assert kept == faults


@pytest.mark.parametrize(
    "word", ["service-disabled=Spooler", "port-blocked=http", "default-exempt", "path-mtu=", "ill"]
)
def test_other_words_are_refused(word: str) -> None:
    """A word with a value that means nothing is no fault, and the error lists those there are."""
    with pytest.raises(UsageError, match="pending-reboot"):
        parse_faults([word])


def test_words_add_up() -> None:
    """Several ports and services can be broken at once."""
    faults = parse_faults(["port-blocked=80", "port-blocked=443", "service-disabled=bfe"])

    assert faults.ailments.ports_blocked == (80, 443)
    assert faults.ailments.services_disabled == ("BFE",)


def test_what_was_broken_is_whole_again(vm1: SimulatedHost) -> None:
    """After healing the host says exactly what it said before."""
    before = said(vm1)
    everything = parse_faults(words()).ailments
    vm1.change_settings(replace(vm1.settings, ailments=everything))
    ill = said(vm1)
    vm1.change_settings(replace(vm1.settings, ailments=WELL))
    after = said(vm1)

    def still(health: HostHealth) -> HostHealth:
        return replace(health, time=before.time, last_run=None)

    assert still(ill) != still(before)
    assert still(after) == still(before)
    assert after.last_run is not None
    assert after.time - after.last_run.ended_at < timedelta(minutes=5)


def test_a_disabled_service_gets_its_start_type_back(vm1: SimulatedHost) -> None:
    """BFE is automatic and runs again, PolicyAgent is manual again."""
    ill = Ailments(services_disabled=("BFE", "PolicyAgent"))
    vm1.change_settings(replace(vm1.settings, ailments=ill))
    disabled = {vm1.services.get(name).start_mode for name in ("BFE", "PolicyAgent")}
    vm1.change_settings(replace(vm1.settings, ailments=WELL))

    assert disabled == {StartMode.DISABLED}
    assert vm1.services.get("BFE").running
    assert vm1.services.get("PolicyAgent").start_mode is StartMode.MANUAL


def test_a_refresh_is_noted(vm1: SimulatedHost) -> None:
    """Group Policy's record of its last run moves with every run."""
    before = said(vm1).last_run
    vm1.refresh_policy(force=False)
    after = said(vm1).last_run

    assert before is not None
    assert after is not None
    assert after.ended_at > before.ended_at
    assert after.status == 0


def test_a_network_of_a_table_answers_for_its_hosts_only() -> None:
    """Names both ways, a refusal where nothing listens, silence where nobody is."""
    network = SimulatedNetwork(
        [NetworkPlace(fqdn="vm1.ipsectest.com", shown=ip_address("10.0.1.20"))]
    )

    assert network.addresses_of("VM1.ipsectest.com") == (ip_address("10.0.1.20"),)
    assert network.names_of("10.0.1.20") == ("vm1.ipsectest.com",)
    assert network.connect("10.0.1.20", 8080) == 10061
    assert network.connect("10.0.1.99", 8080) == 10060
    with pytest.raises(ImitatedError):
        network.addresses_of("nobody.ipsectest.com")
    with pytest.raises(ImitatedError):
        network.names_of("10.0.1.99")
