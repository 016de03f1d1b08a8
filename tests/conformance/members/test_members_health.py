"""What hosts say to ``doctor``, by every way; the same answers."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any, Protocol
from uuid import UUID

import pytest

from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.facts.host_health import HostHealth, parse_host_health
from ipsec_orchestrator.facts.probed_targets import (
    PING_TOO_BIG,
    REFUSED,
    TIMED_OUT,
    parse_probed_targets,
)
from ipsec_orchestrator.facts.resolved_names import parse_resolved_names
from ipsec_orchestrator.lab.windows import WELL, Ailments, SimulatedHost, WindowsCommands
from ipsec_orchestrator.lab.windows.canned_health import host_health
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import Members

QUICK_MODE = UUID("0cce9219-69ae-11d9-bed3-505054503030")
DC1 = ip_address("10.2.27.5")


class World(Protocol):
    """What stands behind the transport."""

    commands: Mapping[str, WindowsCommands]

    @property
    def vm1(self) -> SimulatedHost: ...


class Reached(Protocol):
    """A world and a way to its hosts."""

    world: World
    members: Members
    hosts: Mapping[str, Host]


def run(reached: Reached, name: str, **parameters: Json) -> Any:  # noqa: ANN401 - JSON
    """Run a script of ours on vm1."""
    return reached.members.run(reached.hosts["vm1"], script_call(name, parameters))


def health(reached: Reached) -> HostHealth:
    """What vm1 says of itself."""
    return parse_host_health(run(reached, "host_health"))


@pytest.fixture
def ail(reached: Reached) -> Iterator[Any]:
    """Makes vm1 ill; it is well again afterwards."""
    host = reached.world.vm1

    def make_ill(**what: Any) -> None:  # noqa: ANN401 - fields of Ailments
        host.change_settings(replace(host.settings, ailments=Ailments(**what)))

    yield make_ill
    host.change_settings(replace(host.settings, ailments=WELL))


EVERYTHING = {
    "pending_reboot": True,
    "local_policy": True,
    "connection_security_rule": True,
    "firewall_third_party": True,
    "ike_blocked": True,
    "no_audit": True,
    "no_event_log": True,
    "no_rsop_logging": True,
    "no_background_policy": True,
    "stale_group_policy": True,
    "low_quotas": True,
    "default_exempt": 1,
}


@pytest.mark.parametrize("ailments", [{}, EVERYTHING], ids=["well", "ill"])
def test_the_answer_is_that_of_the_imitation(
    reached: Reached,
    ail: Any,  # noqa: ANN401 - the fixture above
    ailments: dict[str, Any],
) -> None:
    """A script that ran in PowerShell gives field by field what the canned host gives."""
    ail(**ailments)
    found = run(reached, "host_health")
    expected: Any = host_health(reached.world.commands["vm1"], {})

    assert {name: value for name, value in found.items() if name != "time"} == {
        name: value for name, value in expected.items() if name != "time"
    }


def test_a_well_host_says_so(reached: Reached) -> None:
    """Nothing pends, nothing blocks, auditing is on, Group Policy has run."""
    found = health(reached)

    assert not found.pending_restart.component_servicing
    assert not found.pending_restart.renamed
    assert found.local_policy is None
    assert found.connection_rules == ()
    assert found.default_exempt == {}
    assert found.firewall_profiles == {"Domain": True, "Private": True, "Public": True}
    assert found.firewall_products is None
    assert found.audit[QUICK_MODE] == 3
    assert found.event_log_enabled is True
    assert found.quotas["max_shells_per_user"] == 30
    assert found.last_run is not None
    assert found.last_run.status == 0
    assert abs((found.time - found.last_run.ended_at).total_seconds()) < 300
    assert [(t.service, t.trigger_type, t.action, t.subtype) for t in found.triggers] == [
        ("PolicyAgent", 4, 1, "b7569e07-8421-4ee0-ad10-86915afdad09"),
    ]


def test_an_ill_host_says_so(reached: Reached, ail: Any) -> None:  # noqa: ANN401 - the fixture
    """Each ailment shows where a Windows would show it."""
    ail(**EVERYTHING)
    found = health(reached)

    assert found.pending_restart.component_servicing
    assert found.local_policy is not None
    assert found.connection_rules[0].inbound == 2
    assert found.firewall_products == ("Fortress Endpoint Firewall",)
    assert any("LPort=500|" in rule for rule in found.block_rules)
    assert found.audit[QUICK_MODE] == 0
    assert found.event_log_enabled is False
    assert found.extension.no_background_policy == 1
    assert found.quotas["max_shells_per_user"] == 2
    assert found.default_exempt == {"IPSEC": 1}
    assert found.last_run is not None
    assert (found.time - found.last_run.ended_at).days == 3


def test_names_are_asked_there(reached: Reached) -> None:
    """Names and addresses are answered; what does not exist is an id that is never localized."""
    answer = parse_resolved_names(
        run(
            reached,
            "resolve_names",
            Names=["dc1.ipsectest.com", "nobody.ipsectest.com"],
            Addresses=["10.2.27.5", "10.9.9.9"],
        )
    )

    assert answer.addresses["dc1.ipsectest.com"] == frozenset({DC1})
    assert answer.names[DC1] == ("dc1.ipsectest.com",)
    missing = (answer.addresses["nobody.ipsectest.com"], answer.names[ip_address("10.9.9.9")])
    assert all(
        isinstance(found, str) and found.startswith("DNS_ERROR_RCODE_NAME_ERROR")
        for found in missing
    )


def test_one_name_is_a_list_too(reached: Reached) -> None:
    """A list of one name, and none of addresses, are taken for what they are."""
    answer = parse_resolved_names(
        run(reached, "resolve_names", Names=["dc1.ipsectest.com"], Addresses=[])
    )

    assert answer.addresses == {"dc1.ipsectest.com": frozenset({DC1})}
    assert answer.names == {}


def test_the_way_is_tried(reached: Reached) -> None:
    """A host that is there answers pings of a full frame and refuses ports without listener."""
    answer = parse_probed_targets(run(reached, "probe_targets", Targets=["10.2.27.5 8080 5985"]))

    assert answer[DC1].ping == 0
    assert answer[DC1].path_mtu_bytes == 1500
    assert answer[DC1].ports == {8080: REFUSED, 5985: REFUSED}


def test_a_black_hole_is_measured(reached: Reached, ail: Any) -> None:  # noqa: ANN401 - fixture
    """Where large packets vanish, the largest that goes through is found to within eight bytes."""
    ail(path_mtu_bytes=1400, ports_blocked=(8080,))
    answer = parse_probed_targets(run(reached, "probe_targets", Targets=["10.2.27.5 8080"]))
    path = answer[DC1]

    assert path.full_ping not in (0, PING_TOO_BIG)
    assert path.path_mtu_bytes is not None
    assert 1392 <= path.path_mtu_bytes <= 1400
    assert path.ports == {8080: TIMED_OUT}


def test_nobody_there_is_no_answer(reached: Reached) -> None:
    """An address that nobody has gives neither ping nor connection, and no measurement."""
    address = ip_address("10.9.9.9")
    path = parse_probed_targets(run(reached, "probe_targets", Targets=["10.9.9.9 8080"]))[address]

    assert path.ping != 0
    assert path.path_mtu_bytes is None
    assert path.ports == {8080: TIMED_OUT}
