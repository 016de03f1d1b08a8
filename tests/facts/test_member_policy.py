"""Reading what a member says about its IPsec policy."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.codec import IpsecPolicy, encode
from ipsec_orchestrator.errors import UnexpectedAnswerError
from ipsec_orchestrator.facts.member_policy import AssignedPolicy, parse_member_policy

POLICY_ID = UUID("72385230-70fa-11d1-864c-14a300000000")
ISAKMP_ID = UUID("72385231-70fa-11d1-864c-14a300000000")
REFERENCE = r"SOFTWARE\Policies\Microsoft\Windows\IPSEC\Policy\Cache\ipsecISAKMPPolicy"


def full_answer() -> dict[str, Any]:
    """An answer with everything in it."""
    return {
        "time": "2026-11-23T17:24:00.5424497Z",
        "culture": "ja-JP",
        "ui_culture": "de-DE",
        "ps_version": "5.1.20348.1",
        "services": [{"name": "PolicyAgent", "state": "Running", "start_mode": "Manual"}],
        "assigned": {
            "DSIPSECPolicyPath": f"LDAP://CN=ipsecPolicy{{{POLICY_ID}}},CN=IP Security,DC=x",
            "DSIPSECPolicyName": "p",
            "DSIPSECPolicyFlags": 1,
        },
        "cache": [
            {
                "key": f"ipsecPolicy{{{str(POLICY_ID).upper()}}}",
                "values": {
                    "IPSECNAME": "p",
                    "ipsecData": base64.b64encode(encode(IpsecPolicy())).decode(),
                    "ipsecISAKMPReference": f"{REFERENCE}{{{ISAKMP_ID}}}",
                },
            },
        ],
        "extension_status": {
            "reason": None,
            "status": {
                "begin_time": "2026-11-23T17:23:00.0000000Z",
                "end_time": None,
                "error": 2147942405,
                "logging_status": 1,
            },
        },
        "policy_settings": {
            "reason": None,
            "settings": [
                {"precedence": 2, "ipsec_id": "{b}", "ipsec_name": "b", "gpo_id": "CN=2"},
                {"precedence": 1, "ipsec_id": "{a}", "ipsec_name": "a", "gpo_id": "CN=1"},
            ],
        },
        "dead_men": [{"run": "r1", "deadline": "2026-11-26T15:00:00Z", "fired": True}],
        "rsop_logging": 0,
        "last_run": None,
        "extension_flags": {"no_gpo_list_changes": 1, "no_slow_link": None},
    }


def test_everything_is_read() -> None:
    """Names of values are case-blind, times become UTC, settings come by precedence."""
    seen = parse_member_policy(full_answer())

    assert seen.time == datetime(2026, 11, 23, 17, 24, 0, 542449, tzinfo=UTC)
    assert seen.runs("PolicyAgent")
    assert not seen.runs("IKEEXT")
    assert seen.assigned is not None
    assert seen.assigned.policy_id == POLICY_ID
    cached = seen.cached(POLICY_ID)
    assert cached is not None
    assert (cached.name, cached.value, cached.problem) == ("p", IpsecPolicy(), None)
    assert cached.references == {ISAKMP_ID}
    assert seen.extension_status is not None
    assert seen.extension_status.error == 0x80070005
    assert [found.ipsec_name for found in seen.settings] == ["a", "b"]
    assert seen.fired is not None
    assert seen.fired.run_id == "r1"
    assert seen.rsop_logging is False
    assert seen.extension_flags == {"no_gpo_list_changes": 1, "no_slow_link": None}


def test_an_empty_member_is_no_error() -> None:
    """A host that never had a policy: everything is absent."""
    answer = full_answer() | {
        "services": [],
        "assigned": None,
        "cache": None,
        "extension_status": {"reason": "HRESULT 0x8004100e,X", "status": None},
        "policy_settings": {"reason": "HRESULT 0x8004100e,X", "settings": []},
        "dead_men": [],
        "rsop_logging": None,
        "last_run": None,
        "extension_flags": None,
    }

    seen = parse_member_policy(answer)

    assert (seen.assigned, seen.cache, seen.extension_status) == (None, None, None)
    assert seen.extension_reason == seen.settings_reason == "HRESULT 0x8004100e,X"
    assert seen.rsop_logging is None


@pytest.mark.parametrize("assigned", [{}, {"DSIPSECPolicyPath": ""}, {"DSIPSECPolicyName": "p"}])
def test_a_key_without_a_path_is_no_assignment(assigned: dict[str, str]) -> None:
    """Only the path says that a policy is assigned; the key may be left over."""
    assert parse_member_policy(full_answer() | {"assigned": assigned}).assigned is None


@pytest.mark.parametrize(
    "path",
    ["LDAP://CN=p,DC=x", "ldap://dc1.x.com/CN=p,DC=x", "LDAP://dc1/CN=p,DC=x", "CN=p,DC=x"],
)
def test_the_path_loses_scheme_and_server(path: str) -> None:
    """What is left is the DN, however Windows wrote the path."""
    assert AssignedPolicy(path=path).policy_dn == "CN=p,DC=x"


def test_a_slash_in_the_dn_is_no_server() -> None:
    """A server part has no equals sign; a DN before the first slash has."""
    assert AssignedPolicy(path="LDAP://CN=a/b,DC=x").policy_dn == "CN=a/b,DC=x"


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        (None, "no ipsecData"),
        ("*", "not binary"),
        (base64.b64encode(b"short").decode(), "ipsecPolicy"),
    ],
)
def test_an_unreadable_object_says_why(stored: str | None, problem: str) -> None:
    """One broken object in the cache does not hide the others."""
    answer = full_answer()
    answer["cache"][0]["values"]["ipsecData"] = stored
    answer["cache"].append({"key": "something else", "values": {}})

    seen = parse_member_policy(answer)

    cached = seen.cached(POLICY_ID)
    assert cached is not None
    assert cached.value is None
    assert problem in (cached.problem or "")
    assert seen.cache is not None
    assert len(seen.cache) == 1


def remove_time(answer: dict[str, Any]) -> None:
    del answer["time"]


def spoil_time(answer: dict[str, Any]) -> None:
    answer["time"] = "23.11.2026 18:24"


def naive_time(answer: dict[str, Any]) -> None:
    answer["time"] = "2026-11-23T17:24:00"


def spoil_service(answer: dict[str, Any]) -> None:
    answer["services"][0]["state"] = 4


def spoil_services(answer: dict[str, Any]) -> None:
    answer["services"] = "PolicyAgent"


def spoil_status(answer: dict[str, Any]) -> None:
    answer["extension_status"]["status"]["error"] = None


def spoil_precedence(answer: dict[str, Any]) -> None:
    answer["policy_settings"]["settings"][0]["precedence"] = True


def spoil_cache(answer: dict[str, Any]) -> None:
    answer["cache"][0]["values"] = []


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (remove_time, "time"),
        (spoil_time, "time"),
        (naive_time, "time"),
        (spoil_service, "services[0].state"),
        (spoil_services, "services"),
        (spoil_status, "extension_status.status.error"),
        (spoil_precedence, "policy_settings.settings[0].precedence"),
        (spoil_cache, "cache[0].values"),
    ],
)
def test_another_shape_is_named(spoil: Callable[[dict[str, Any]], None], field: str) -> None:
    """The error says where in the answer the fault is."""
    answer = full_answer()
    spoil(answer)

    with pytest.raises(UnexpectedAnswerError) as caught:
        parse_member_policy(answer)

    assert (caught.value.script, caught.value.field) == ("member_policy", field)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(field=st.sampled_from(sorted(full_answer())), value=JSON)
def test_any_json_is_read_or_refused(field: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    """Whatever stands in a field, nothing but our own error comes out."""
    answer = full_answer() | {field: value}

    try:
        place = field if parse_member_policy(answer).time.tzinfo is UTC else "no time zone"
    except UnexpectedAnswerError as error:
        place = error.field

    assert place.startswith(field)
