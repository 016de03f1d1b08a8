"""Reading what hosts answer to ``doctor``: every field, and answers of another shape."""

from copy import deepcopy
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final
from uuid import UUID

import pytest

from ipsec_orchestrator.errors import UnexpectedAnswerError
from ipsec_orchestrator.facts.host_health import parse_host_health
from ipsec_orchestrator.facts.probed_targets import parse_probed_targets
from ipsec_orchestrator.facts.resolved_names import parse_resolved_names

GUID: Final = "0cce9218-69ae-11d9-bed3-505054503030"
EMPTY: Final[dict[str, Any]] = {"reason": None, "found": []}
HEALTH: Final[dict[str, Any]] = {
    "time": "2026-11-23T12:00:00.0000000Z",
    "quotas": {"reason": "AccessDenied", "found": []},
    "pending_restart": {
        "component_servicing": False,
        "windows_update": True,
        "renamed": False,
        "file_renames": 2,
    },
    "triggers": [{"service": "PolicyAgent", "type": 4, "action": 1, "subtype": None}],
    "local_policy": "",
    "default_exempt": {"ipsec": None, "policy_agent": 3},
    "udp_encapsulation": 2,
    "extension": {
        "registered": True,
        "no_machine_policy": None,
        "no_slow_link": 1,
        "no_background_policy": 1,
        "no_gpo_list_changes": None,
        "forced_no_slow_link": None,
        "forced_no_background_policy": 0,
        "forced_no_gpo_list_changes": 0,
    },
    "connection_rules": {"reason": None, "found": [{"name": "R", "inbound": 2, "outbound": 0}]},
    "firewall_profiles": {"reason": None, "found": [{"name": "Domain", "enabled": 2}]},
    "block_rules": ["v2.31|Action=Block|"],
    "firewall_products": EMPTY,
    "audit": {"reason": None, "found": [{"subcategory": GUID, "setting": 3}]},
    "event_log_enabled": 0,
    # 2026-11-23 12:00:00 UTC as FILETIME, its lower half as the registry's signed number.
    "last_run": {"status": -5, "end_low": 0x5A1E8000 - 0x100000000, "end_high": 31292220},
}


def with_change(*path: str, value: object) -> dict[str, Any]:
    """The answer with one field changed."""
    changed = deepcopy(HEALTH)
    at = changed
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return changed


def test_every_field_of_the_health_is_read() -> None:
    """What the script says arrives with its meaning: reasons, overrides, empty texts."""
    found = parse_host_health(HEALTH)

    assert found.time == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert found.quotas == {}
    assert found.quotas_reason == "AccessDenied"
    assert found.pending_restart.windows_update
    assert found.pending_restart.file_renames == 2
    assert found.local_policy is None
    assert found.default_exempt == {"PolicyAgent": 3}
    assert found.connection_rules[0].inbound == 2
    assert found.firewall_profiles == {"Domain": False}
    assert found.firewall_products == ()
    assert found.audit == {UUID(GUID): 3}
    assert found.event_log_enabled is False
    assert found.triggers[0].subtype is None


def test_an_administrators_setting_goes_before_the_extensions_own() -> None:
    """Group Policy's "Configure IP security policy processing" overrides the flags."""
    extension = parse_host_health(HEALTH).extension

    assert extension.no_background_policy == 0
    assert extension.no_gpo_list_changes == 0
    assert extension.no_slow_link == 1


@pytest.mark.parametrize(
    ("moment", "low", "high"),
    [
        (datetime(1601, 1, 1, tzinfo=UTC), 0, 0),
        (datetime(1601, 1, 1, 0, 7, 9, 496729, tzinfo=UTC), -1, 0),
        (datetime(1970, 1, 1, tzinfo=UTC), 0xD53E8000 - 0x100000000, 0x019DB1DE),
    ],
)
def test_file_times_are_put_together(moment: datetime, low: int, high: int) -> None:
    """Both halves come signed; a lower half with its highest bit set is no negative time."""
    answer = with_change("last_run", value={"status": 0, "end_low": low, "end_high": high})
    last = parse_host_health(answer).last_run

    assert last is not None
    assert last.ended_at == moment


def test_no_list_of_firewalls_is_not_an_empty_one() -> None:
    """A server that keeps no list gives None, a client that knows none an empty list."""
    answer = with_change("firewall_products", "reason", value="HRESULT 0x8004100e")

    assert parse_host_health(answer).firewall_products is None


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("time",), "yesterday", "time"),
        (("pending_restart", "renamed"), 1, "pending_restart.renamed"),
        (("pending_restart", "file_renames"), None, "pending_restart.file_renames"),
        (("connection_rules", "found"), [{"name": "R"}], "connection_rules.found[0].inbound"),
        (("extension",), None, "extension"),
        (("last_run", "end_low"), "much", "last_run.end_low"),
        (("triggers",), "none", "triggers"),
        (("audit", "found"), [{"subcategory": "x", "setting": 1}], "audit.found[0].subcategory"),
    ],
)
def test_another_shape_is_named(path: tuple[str, ...], value: object, field: str) -> None:
    """An answer that is not as it should be says where."""
    with pytest.raises(UnexpectedAnswerError) as error:
        parse_host_health(with_change(*path, value=value))

    assert error.value.field == field


def test_names_lose_their_dot_and_addresses_their_zone() -> None:
    """DNS ends names with a dot, and link-local addresses carry the adapter's number."""
    found = parse_resolved_names(
        {
            "names": [{"question": "a.example.com", "answers": ["fe80::1%5"], "error_id": None}],
            "addresses": [{"question": "10.0.0.1", "answers": ["b."], "error_id": None}],
        }
    )

    assert found.addresses == {"a.example.com": frozenset({ip_address("fe80::1")})}
    assert found.names == {ip_address("10.0.0.1"): ("b",)}


def test_an_answer_that_is_no_address_is_refused() -> None:
    """What should be an address and is none is an answer of another shape."""
    with pytest.raises(UnexpectedAnswerError):
        parse_resolved_names(
            {
                "names": [{"question": "a", "answers": ["here"], "error_id": None}],
                "addresses": [],
            }
        )


def test_paths_are_read_by_address() -> None:
    """Ports come as a table; what was not measured is None."""
    address = ip_address("10.0.0.1")
    found = parse_probed_targets(
        {
            "targets": [
                {
                    "address": "10.0.0.1",
                    "ping": 11010,
                    "full_ping": None,
                    "path_mtu_bytes": None,
                    "ports": [{"port": 8080, "result": 0}, {"port": 445, "result": 10061}],
                }
            ]
        }
    )

    assert found[address].ports == {8080: 0, 445: 10061}
    assert found[address].path_mtu_bytes is None
