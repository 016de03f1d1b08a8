"""Warnings: each code has a case in which it speaks and one in which it is silent."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from uuid import UUID

import pytest

from ipsec_orchestrator.codec.extension_names import IPSEC_PAIR, ExtensionNames
from ipsec_orchestrator.codec.extension_names import format_extension_names as written
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.inventory import Host, HostRole
from ipsec_orchestrator.model.policy import (
    Cipher,
    DhGroup,
    Filter,
    FilterAction,
    FilterActionKind,
    FilterList,
    Integrity,
    KeyExchange,
    KeyExchangeMethod,
    NamedEndpoint,
    Playbook,
    SecurityMethod,
)
from tests.worlds import DOMAIN_DN, OU, MemoryDomain

RIVAL = UUID("11111111-2222-3333-4444-555555555555")
PAIR = written(ExtensionNames().insert(IPSEC_PAIR))


def members(domain: MemoryDomain) -> list[Host]:
    """All hosts but the DC."""
    return [h for h in domain.inventory.hosts if h.role is not HostRole.DOMAIN_CONTROLLER]


def codes(domain: MemoryDomain, playbook: Playbook) -> set[str]:
    """The codes of all warnings of an apply without members."""
    return {warning.code for warning in domain.plan(playbook).warnings}


def texts(domain: MemoryDomain, playbook: Playbook, code: str) -> list[str]:
    """The warnings of one code, for all members."""
    plan = domain.plan(playbook, members(domain))
    return [warning.text for warning in plan.warnings if warning.code == code]


def with_action(playbook: Playbook, action: FilterAction) -> Playbook:
    """The playbook with that filter action in place of its own."""
    return replace(
        playbook,
        filter_actions=(replace(action, name=playbook.filter_actions[0].name),),
    )


def negotiating(method: SecurityMethod, *, allow_fallback: bool = False) -> FilterAction:
    """A filter action with one method."""
    return FilterAction(name="x", methods=(method,), allow_fallback=allow_fallback)


PERMIT = FilterAction(name="x", kind=FilterActionKind.PERMIT)
TRIPLE_DES = SecurityMethod(esp=(Cipher.TRIPLE_DES, Integrity.SHA1))


def test_weak_algorithms_name_what_the_store_can_carry_at_best(
    howto: Playbook,
    domain: MemoryDomain,
) -> None:
    """3DES and SHA-1 are called weak, with the best that this kind of policy has."""
    found = texts(domain, howto, "weak-algorithms")

    assert len(found) == 1
    assert "3DES and SHA-1, which are weak" in found[0]
    assert "3DES-SHA1-3" in found[0]
    assert "weak-algorithms" not in codes(domain, with_action(howto, PERMIT))


@pytest.mark.parametrize(
    ("method", "warned"),
    [
        (TRIPLE_DES, False),
        (SecurityMethod(esp=(Cipher.NONE, Integrity.SHA1)), True),
        (SecurityMethod(ah=Integrity.SHA1), True),
        (SecurityMethod(esp=(Cipher.TRIPLE_DES, Integrity.NONE), ah=Integrity.SHA1), False),
    ],
)
def test_methods_without_encryption_are_named(
    howto: Playbook,
    domain: MemoryDomain,
    method: SecurityMethod,
    warned: bool,  # noqa: FBT001
) -> None:
    """AH alone and ESP without a cipher leave traffic readable."""
    assert ("no-encryption" in codes(domain, with_action(howto, negotiating(method)))) == warned


@pytest.mark.parametrize("allowed", [True, False])
def test_falling_back_to_clear_text_is_named(
    howto: Playbook,
    domain: MemoryDomain,
    allowed: bool,  # noqa: FBT001
) -> None:
    """An action that may fall back protects nobody who is attacked."""
    playbook = with_action(howto, negotiating(TRIPLE_DES, allow_fallback=allowed))

    assert ("fallback-to-clear" in codes(domain, playbook)) == allowed


@pytest.mark.parametrize("group", list(DhGroup))
def test_small_groups_are_named(howto: Playbook, domain: MemoryDomain, group: DhGroup) -> None:
    """Only group 14 goes without a warning."""
    method = KeyExchangeMethod(cipher=Cipher.TRIPLE_DES, integrity=Integrity.SHA1, group=group)
    policy = replace(howto.policies[0], key_exchange=KeyExchange(methods=(method,)))
    playbook = replace(howto, policies=(policy,))

    assert ("weak-key-exchange" in codes(domain, playbook)) == (group is not DhGroup.GROUP_14)


def test_what_no_rule_uses_is_named(howto: Playbook, domain: MemoryDomain) -> None:
    """A filter list or filter action without a rule is not written, which is said."""
    extra = Filter(source=NamedEndpoint.ME, destination=IPv4Address("192.0.2.1"))
    playbook = replace(
        howto,
        filter_lists=(*howto.filter_lists, FilterList(name="spare", filters=(extra,))),
        filter_actions=(*howto.filter_actions, replace(PERMIT, name="idle")),
    )

    assert texts(domain, playbook, "unused") == [
        "No rule uses filter list spare; it is not written.",
        "No rule uses filter action idle; it is not written.",
    ]
    assert "unused" not in codes(domain, howto)


def test_members_outside_the_ou_are_named(howto: Playbook, domain: MemoryDomain) -> None:
    """A member without an account in the OU would never get the policy."""
    domain.directory.delete(f"CN=VM2,{OU}")

    assert texts(domain, howto, "not-in-ou") == [
        f"vm2: no computer account in {OU}; the GPO will not reach them.",
    ]


def test_strangers_in_the_ou_are_named_and_counted(howto: Playbook, domain: MemoryDomain) -> None:
    """Whoever else is in the OU gets the policy as well; of many only the first are named."""
    assert texts(domain, howto, "others-in-ou") == []
    for number in range(7):
        domain.directory.add(
            f"CN=PC{number},{OU}",
            Attributes.of_text(
                objectClass="computer",
                sAMAccountName=f"PC{number}$",
                dNSHostName=f"pc{number}.ipsectest.com",
            ),
        )

    assert texts(domain, howto, "others-in-ou") == [
        (
            "7 computers of the OU are not in the inventory and get the policy too: "
            "PC0, PC1, PC2, PC3, PC4 and 2 more."
        ),
    ]


def test_domain_controllers_in_scope_are_named(howto: Playbook, domain: MemoryDomain) -> None:
    """Kerberos between members and DCs under IPsec waits for itself."""
    assert "domain-controllers" not in codes(domain, howto)
    domain.directory.add(
        f"CN=DC9,{OU}",
        Attributes.of_text(
            objectClass="computer",
            sAMAccountName="DC9$",
            dNSHostName="dc9.ipsectest.com",
            userAccountControl=str(0x82000),
        ),
    )

    assert texts(domain, howto, "domain-controllers")[0].startswith(
        "Domain controllers are in scope: DC9.",
    )


def test_a_domain_controller_among_the_members_is_named(
    howto: Playbook,
    domain: MemoryDomain,
) -> None:
    """The same holds for a DC that the playbook's selection means."""
    plan = domain.plan(howto, domain.inventory.hosts)

    assert "dc1" in next(w.text for w in plan.warnings if w.code == "domain-controllers")


def test_a_link_on_the_domain_is_named(howto: Playbook, domain: MemoryDomain) -> None:
    """Linking to the domain itself reaches every computer."""
    playbook = replace(howto, gpo=replace(howto.gpo, ou=DOMAIN_DN))

    assert "domain-root" in codes(domain, playbook)
    assert "domain-root" not in codes(domain, howto)


def test_members_that_could_not_be_read_are_named(howto: Playbook, domain: MemoryDomain) -> None:
    """Planning goes on without them, and says why each could not be read."""
    found = texts(domain, howto, "member-unread")

    assert [text.partition(" ")[0] for text in found] == ["host1", "vm1", "vm2"]
    assert "can't be reached" in found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivalry:
    """How two GPOs are linked, and who goes first by [MS-GPOL] 3.2.5.1.5."""

    rival_at: str
    rival_options: int
    enforced: bool = False
    order: int | None = None
    wins: bool | None


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize(
    "case",
    [
        Rivalry(rival_at=OU, rival_options=0, wins=True),
        Rivalry(rival_at=OU, rival_options=0, order=1, wins=False),
        Rivalry(rival_at=OU, rival_options=0, order=2, wins=True),
        Rivalry(rival_at=OU, rival_options=0, enforced=True, wins=False),
        Rivalry(rival_at=OU, rival_options=2, order=1, wins=True),
        Rivalry(rival_at=OU, rival_options=2, order=1, enforced=True, wins=False),
        Rivalry(rival_at=OU, rival_options=1, wins=None),
        Rivalry(rival_at=DOMAIN_DN, rival_options=0, wins=False),
        Rivalry(rival_at=DOMAIN_DN, rival_options=2, wins=True),
        Rivalry(rival_at=DOMAIN_DN, rival_options=2, enforced=True, wins=True),
    ],
)
def test_other_gpos_with_ipsec_settings_are_named(
    howto: Playbook,
    domain: MemoryDomain,
    case: Rivalry,
    applied: bool,  # noqa: FBT001
) -> None:
    """A computer takes one policy; who goes first is told before and after the first apply."""
    playbook = replace(howto, gpo=replace(howto.gpo, enforced=case.enforced, order=case.order))
    dn = domain.make_gpo("Rival", gpo_id=RIVAL, gPCMachineExtensionNames=PAIR)
    domain.directory.replace(
        case.rival_at, Attributes.of_text(gPLink=f"[LDAP://{dn};{case.rival_options}]")
    )
    if applied:
        domain.apply(playbook)
    found = codes(domain, playbook) & {"another-gpo-wins", "another-gpo-loses"}

    wanted = {None: set[str](), True: {"another-gpo-wins"}, False: {"another-gpo-loses"}}
    assert found == wanted[case.wins]


def add_link_elsewhere(domain: MemoryDomain, playbook: Playbook) -> None:
    """Link our GPO to the domain as well."""
    link = f"[LDAP://{domain.gpo_dn(playbook.gpo.name)};0]"
    domain.directory.replace(DOMAIN_DN, Attributes.of_text(gPLink=link))


def nothing_else(domain: MemoryDomain, playbook: Playbook) -> None:
    """No other link."""
    del domain, playbook


@pytest.mark.parametrize(("prepare", "warned"), [(add_link_elsewhere, True), (nothing_else, False)])
def test_links_elsewhere_are_named_before_a_removal(
    howto: Playbook,
    domain: MemoryDomain,
    prepare: Callable[[MemoryDomain, Playbook], None],
    warned: bool,  # noqa: FBT001
) -> None:
    """A link that would point to nothing is named before the GPO goes."""
    domain.apply(howto)
    prepare(domain, howto)
    found = [w.text for w in domain.plan_removal(howto).warnings if w.code == "linked-elsewhere"]

    assert bool(found) == warned
    assert all(DOMAIN_DN in text for text in found)
