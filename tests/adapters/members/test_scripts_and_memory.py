"""The shipped scripts, and members that are Python callables."""

from pathlib import Path

import pytest

import ipsec_orchestrator
from ipsec_orchestrator.adapters.memory.members import MemoryMembers
from ipsec_orchestrator.adapters.scripts import NAMES, script_call, script_text
from ipsec_orchestrator.errors import HostUnreachableError
from ipsec_orchestrator.model.inventory import Host, HostRole

FOLDER = Path(ipsec_orchestrator.__file__).parent / "facts" / "scripts"


def test_every_script_is_known() -> None:
    """The list of names and the folder say the same."""
    assert sorted(NAMES) == sorted(file.stem for file in FOLDER.glob("*.ps1"))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("create_gpo", True),
        ("member_policy", False),
        ("read_template", False),
        ("remove_gpo", True),
        ("start_refresh", True),
        ("write_template", True),
        ("read_template_access", False),
        ("write_template_access", True),
        ("probe_services", False),
    ],
)
def test_calls_know_whether_they_change_something(name: str, *, changes: bool) -> None:
    """A lost connection is judged by this, so nobody is asked for it."""
    call = script_call(name, {"A": 1}, deadline_seconds=7.0)

    assert (call.changes, call.text, call.deadline_seconds) == (changes, script_text(name), 7.0)
    assert call.parameters == {"A": 1}


def test_memory_members_are_found_by_name() -> None:
    """Names are case-blind; a host that is not there can't be reached."""
    members = MemoryMembers({"VM1": lambda call: call.name})
    here = Host(name="vm1", role=HostRole.AZURE_VM, fqdn="vm1.ipsectest.com")
    away = Host(name="vm2", role=HostRole.AZURE_VM, fqdn="vm2.ipsectest.com")

    assert members.run(here, script_call("member_policy")) == "member_policy"
    with pytest.raises(HostUnreachableError, match=r"vm2\.ipsectest\.com"):
        members.run(away, script_call("member_policy"))
