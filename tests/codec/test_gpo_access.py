"""What a GPO's permissions mean: for its folder in SYSVOL, and for the computers."""

import json
from pathlib import Path

import pytest

from ipsec_orchestrator.codec.access_control import Ace, Acl, OpaqueAce
from ipsec_orchestrator.codec.gpo_access import may_apply, sysvol_descriptor
from ipsec_orchestrator.codec.sddl import SidNames, parse_sddl
from ipsec_orchestrator.codec.security_descriptor import SecurityDescriptor
from ipsec_orchestrator.codec.sid import Sid

_DOMAIN = Sid.parse("S-1-5-21-1-2-3")
_NAMES = SidNames(domain=_DOMAIN)
_CASES = json.loads((Path(__file__).parent / "descriptors.json").read_text(encoding="utf-8"))[
    "cases"
]
_APPLY = "CR;edacfd8f-ffb3-11d1-b41d-00a0c968f939;"
_COMPUTER = [
    _DOMAIN.child(1105),
    _DOMAIN.child(515),
    Sid.parse("S-1-5-11"),
    Sid.parse("S-1-1-0"),
]


@pytest.mark.parametrize(
    ("directory", "file"),
    [pytest.param(case["directory"], case["file"], id=case["name"]) for case in _CASES],
)
def test_folder_as_samba_wants_it(directory: str, file: str) -> None:
    """The folder's descriptor is the one that Samba's own check expects."""
    assert sysvol_descriptor(parse_sddl(directory, _NAMES)) == parse_sddl(file, _NAMES)


def test_folder_of_a_gpo_without_list() -> None:
    """From a GPO without permissions nothing is taken over: nobody gets at the folder."""
    folder = sysvol_descriptor(SecurityDescriptor(owner=_DOMAIN.child(512)))

    assert folder.owner == _DOMAIN.child(512)
    assert folder.dacl is not None
    assert folder.dacl.aces == ()


@pytest.mark.parametrize(
    ("sddl", "applies"),
    [
        pytest.param(f"D:(OA;CI;{_APPLY};AU)(A;CI;LCRPLORC;;;AU)", True, id="new GPO"),
        pytest.param("D:(A;CI;LCRPLORC;;;AU)", False, id="read only"),
        pytest.param(f"D:(OA;;{_APPLY};AU)", False, id="apply without read"),
        pytest.param(
            f"D:(OA;;{_APPLY};S-1-5-21-1-2-3-1105)(A;;LCRPLORC;;;DC)", True, id="own SID and group"
        ),
        pytest.param(f"D:(OA;;{_APPLY};DA)(A;;LCRPLORC;;;AU)", False, id="others only"),
        pytest.param(
            f"D:(OD;;{_APPLY};DC)(OA;;{_APPLY};AU)(A;;LCRPLORC;;;AU)", False, id="denied first"
        ),
        pytest.param(
            f"D:(OA;;{_APPLY};AU)(OD;;{_APPLY};DC)(A;;LCRPLORC;;;AU)", True, id="denied too late"
        ),
        pytest.param(f"D:(D;;RP;;;DC)(OA;;{_APPLY};AU)(A;;LCRPLORC;;;AU)", False, id="read denied"),
        pytest.param(
            f"D:(OA;;{_APPLY};AU)(A;CIIO;LCRPLORC;;;AU)", False, id="read for children only"
        ),
        pytest.param("D:(A;;CR;;;AU)(A;;LCRPLORC;;;AU)", True, id="all extended rights"),
        pytest.param("D:(D;;CR;;;WD)(A;;GA;;;AU)", False, id="all extended rights denied"),
        pytest.param("D:(A;;GA;;;AU)", True, id="full control"),
        pytest.param(f"D:(A;;GR;;;AU)(OA;;{_APPLY};AU)", True, id="generic read"),
        pytest.param(
            "D:(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;AU)(A;;LCRPLORC;;;AU)",
            False,
            id="other right",
        ),
        pytest.param(
            "D:(OD;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;AU)(A;;GA;;;AU)",
            True,
            id="other right denied",
        ),
        pytest.param(
            f"D:(OD;;RP;77b5b886-944a-11d1-aebd-0000f80367c1;;AU)(OA;;{_APPLY};AU)"
            "(A;;LCRPLORC;;;AU)",
            True,
            id="one property set denied",
        ),
        pytest.param(
            f"D:(A;;RP;;;DC)(A;;LC;;;WD)(A;;RC;;;AU)(OA;;{_APPLY};WD)", True, id="in pieces"
        ),
        pytest.param("D:", False, id="empty list"),
        pytest.param("D:NO_ACCESS_CONTROL", True, id="no list"),
        pytest.param(f"O:DCD:(A;;RPLC;;;AU)(OA;;{_APPLY};AU)", True, id="owner"),
        pytest.param(f"O:DAD:(A;;RPLC;;;AU)(OA;;{_APPLY};AU)", False, id="other owner"),
    ],
)
def test_may_apply(sddl: str, applies: bool) -> None:  # noqa: FBT001 - a column of the table
    """A computer gets a GPO if it may read it and has the right to apply it, in entry order."""
    assert may_apply(parse_sddl(sddl, _NAMES), _COMPUTER) is applies


def test_unknown_entries_decide_nothing() -> None:
    """Entries of kinds that are not understood neither let in nor keep out."""
    everything = Ace(kind=0, mask=0x10000000, sid=Sid.parse("S-1-5-11"))
    unknown = OpaqueAce(kind=10, flags=0, body=bytes(12))

    alone = SecurityDescriptor(dacl=Acl(aces=(unknown,)))
    before = SecurityDescriptor(dacl=Acl(aces=(unknown, everything)))

    assert not may_apply(alone, _COMPUTER)
    assert may_apply(before, _COMPUTER)
