"""Judging a member, as a table."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ipsec_orchestrator.codec import IpsecPolicy, NegotiationPolicy, encode
from ipsec_orchestrator.errors import CodecError
from ipsec_orchestrator.facts.member_policy import (
    AssignedPolicy,
    CachedObject,
    DeadMan,
    ExtensionStatus,
    MemberObservation,
    Service,
)
from ipsec_orchestrator.facts.member_verdict import (
    START_CURE,
    MemberOutcome,
    WantedOnMember,
    judge_member,
    wanted_on_member,
)
from ipsec_orchestrator.model.directory import Attributes, Entry

CHANGED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
POLICY_ID, ACTION_ID = UUID(int=1), UUID(int=2)
CONTAINER = "CN=IP Security,CN=System,DC=ipsectest,DC=com"
POLICY_DN = f"CN=ipsecPolicy{{{POLICY_ID}}},{CONTAINER}"
NEGOTIATE = "{8A171DD3-77E3-11D1-8659-A04F00000000}"


def entry(object_class: str, object_id: UUID, name: str, data: bytes, **more: str) -> Entry:
    """A directory object."""
    attributes = Attributes(
        {
            "objectClass": [b"top", b"ipsecBase", object_class.encode()],
            "ipsecID": [f"{{{object_id}}}".encode()],
            "ipsecName": [name.encode()],
            "ipsecData": [data],
            **{key: [value.encode()] for key, value in more.items()},
        },
    )
    return Entry(dn=f"CN={object_class}{{{object_id}}},{CONTAINER}", attributes=attributes)


WANTED = wanted_on_member(
    POLICY_DN,
    [
        entry("ipsecPolicy", POLICY_ID, "p", encode(IpsecPolicy())),
        entry(
            "ipsecNegotiationPolicy",
            ACTION_ID,
            "myEncryption",
            encode(NegotiationPolicy()),
            iPSECNegotiationPolicyAction=NEGOTIATE,
        ),
    ],
)
POLICY = CachedObject(
    object_class="ipsecPolicy",
    object_id=POLICY_ID,
    name="p",
    value=IpsecPolicy(),
)
ACTION = CachedObject(
    object_class="ipsecNegotiationPolicy",
    object_id=ACTION_ID,
    name="myEncryption",
    value=NegotiationPolicy(),
    action=NEGOTIATE.lower(),
)
GOOD = MemberObservation(
    time=CHANGED,
    culture="en-US",
    ui_culture="en-US",
    ps_version="5.1",
    services={
        name: Service(name=name, state="Running", start_mode="Manual")
        for name in ("PolicyAgent", "IKEEXT", "BFE")
    },
    assigned=AssignedPolicy(path=f"LDAP://dc1/{POLICY_DN.upper()}", name="p"),
    cache=(POLICY, ACTION),
    extension_status=ExtensionStatus(begin_time=CHANGED + timedelta(seconds=1)),
)
EMPTY = replace(GOOD, assigned=None, cache=None)
STOPPED = replace(
    GOOD,
    cache=None,
    services={
        **GOOD.services,
        "PolicyAgent": Service(name="PolicyAgent", state="Stopped", start_mode="Manual"),
    },
)
OLD_RUN = ExtensionStatus(begin_time=CHANGED - timedelta(days=1))
DONE, FAILED = MemberOutcome.DONE, MemberOutcome.FAILED
UNKNOWN, PENDING = MemberOutcome.UNKNOWN, MemberOutcome.PENDING


@pytest.mark.parametrize(
    ("observation", "wanted", "outcome", "enforced", "word"),
    [
        pytest.param(GOOD, WANTED, DONE, True, "services run", id="all is well"),
        pytest.param(
            replace(GOOD, extension_status=None),
            WANTED,
            PENDING,
            False,
            "has not run",
            id="never ran",
        ),
        pytest.param(
            replace(GOOD, extension_status=OLD_RUN),
            WANTED,
            PENDING,
            False,
            "has not run",
            id="ran before the change",
        ),
        pytest.param(
            replace(GOOD, extension_status=ExtensionStatus(begin_time=CHANGED)),
            WANTED,
            PENDING,
            False,
            "has not run",
            id="ran at the moment of the change",
        ),
        pytest.param(
            replace(
                GOOD,
                extension_status=ExtensionStatus(
                    begin_time=CHANGED + timedelta(seconds=1),
                    error=0x80072030,
                ),
            ),
            WANTED,
            FAILED,
            False,
            "0x80072030",
            id="ran into an error",
        ),
        pytest.param(EMPTY, WANTED, FAILED, False, "No IPsec policy", id="nothing assigned"),
        pytest.param(
            replace(GOOD, assigned=AssignedPolicy(path="LDAP://CN=x,DC=y", name="theirs")),
            WANTED,
            FAILED,
            True,
            "theirs",
            id="another policy won",
        ),
        pytest.param(STOPPED, WANTED, DONE, False, "not enforced: PolicyAgent", id="agent stopped"),
        pytest.param(
            replace(GOOD, services={}),
            WANTED,
            DONE,
            False,
            "PolicyAgent and IKEEXT",
            id="both services away",
        ),
        pytest.param(
            replace(GOOD, cache=(POLICY,)),
            WANTED,
            FAILED,
            False,
            "ipsecNegotiationPolicy myEncryption is missing.",
            id="an object is missing",
        ),
        pytest.param(replace(GOOD, cache=None), WANTED, FAILED, False, "and 1 more", id="no cache"),
        pytest.param(
            replace(
                GOOD,
                cache=(replace(POLICY, value=IpsecPolicy(polling_interval_seconds=60)), ACTION),
            ),
            WANTED,
            FAILED,
            False,
            "differs in polling_interval_seconds",
            id="a field differs",
        ),
        pytest.param(
            replace(GOOD, cache=(replace(POLICY, value=NegotiationPolicy()), ACTION)),
            WANTED,
            FAILED,
            False,
            "differs in class",
            id="another class",
        ),
        pytest.param(
            replace(GOOD, cache=(replace(POLICY, value=None, problem="torn"), ACTION)),
            WANTED,
            FAILED,
            False,
            "torn",
            id="unreadable",
        ),
        pytest.param(
            replace(GOOD, cache=(POLICY, replace(ACTION, action="{x}", name="other"))),
            WANTED,
            FAILED,
            False,
            "ipsecName, iPSECNegotiationPolicyAction",
            id="name and action differ",
        ),
        pytest.param(
            replace(GOOD, cache=(replace(POLICY, value=IpsecPolicy(length_skew=3)), ACTION)),
            WANTED,
            DONE,
            True,
            "services run",
            id="written another way",
        ),
        pytest.param(
            EMPTY, None, DONE, False, "No IPsec policy", id="nothing wanted, nothing there"
        ),
        pytest.param(GOOD, None, FAILED, True, "still assigned", id="nothing wanted, still there"),
        pytest.param(
            replace(GOOD, rsop_logging=False, extension_status=None),
            WANTED,
            DONE,
            True,
            "RSoP logging is off",
            id="registry alone, good",
        ),
        pytest.param(
            replace(EMPTY, rsop_logging=False, extension_status=None),
            WANTED,
            UNKNOWN,
            False,
            "can't be seen",
            id="registry alone, not yet",
        ),
        pytest.param(
            replace(EMPTY, extension_status=None, extension_reason="HRESULT 0x8004100e"),
            WANTED,
            UNKNOWN,
            False,
            "0x8004100e",
            id="log closed",
        ),
        pytest.param(
            replace(GOOD, extension_status=None, extension_reason="HRESULT 0x8004100e"),
            None,
            UNKNOWN,
            True,
            "still assigned",
            id="log closed, still there",
        ),
    ],
)
def test_verdicts(
    observation: MemberObservation,
    wanted: WantedOnMember | None,
    outcome: MemberOutcome,
    *,
    enforced: bool,
    word: str,
) -> None:
    """Each situation has one outcome, and its reason says what decided."""
    verdict = judge_member(observation, wanted, CHANGED)

    assert (verdict.outcome, verdict.enforced) == (outcome, enforced), verdict.reason
    assert word in verdict.reason


def test_a_dead_man_s_switch_that_fired_is_named() -> None:
    """Starting the agent is no cure where its task would disable it again."""
    fired = DeadMan(run_id="r1", deadline="2026-11-26T15:00:00Z", fired=True)
    verdict = judge_member(replace(STOPPED, dead_men=(fired,)), WANTED, None)

    assert (verdict.outcome, verdict.enforced) == (DONE, False)
    assert "run r1 was not confirmed in time" in verdict.reason
    assert verdict.cure is not None
    assert "restore-members r1 --keep-policy" in verdict.cure


def test_a_stopped_agent_has_a_cure() -> None:
    """The cure names the step that starts the service, and starts nothing by itself."""
    verdict = judge_member(STOPPED, WANTED, CHANGED)

    assert verdict.cure == START_CURE
    assert "Set-Service PolicyAgent -StartupType Automatic" in START_CURE


def test_without_a_moment_only_the_state_counts() -> None:
    """Asked what is there now, an old run of the extension is no objection."""
    verdict = judge_member(replace(GOOD, extension_status=OLD_RUN), WANTED, None)

    assert verdict.outcome is DONE


def test_the_wish_is_made_of_directory_entries() -> None:
    """Class, id, name, value and action come out of the entries; the policy gives the name."""
    assert WANTED.policy_name == "p"
    assert [(found.object_class, found.object_id) for found in WANTED.objects] == [
        ("ipsecPolicy", POLICY_ID),
        ("ipsecNegotiationPolicy", ACTION_ID),
    ]
    assert WANTED.objects[1].action == NEGOTIATE


def test_an_entry_without_an_id_is_refused() -> None:
    """An ipsecID that is no GUID is named with its object."""
    broken = Entry(dn="CN=x,DC=y", attributes=Attributes.of_text(objectClass="ipsecPolicy"))

    with pytest.raises(CodecError, match="CN=x,DC=y"):
        wanted_on_member("CN=x,DC=y", [broken])
