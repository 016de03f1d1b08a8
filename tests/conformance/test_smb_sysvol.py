"""SYSVOL and GPOs over SMB on a real DC, judged by Samba's own tools."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

import pytest

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.gpo_container import begin_container, container_dn
from ipsec_orchestrator.adapters.ldap import LdapDirectory
from ipsec_orchestrator.adapters.smb import Share, SmbGpos, SmbSysvol
from ipsec_orchestrator.adapters.smb.files import (
    list_folder,
    make_folder,
    read_descriptor,
    write_file,
)
from ipsec_orchestrator.adapters.smb.sysvol import template_path
from ipsec_orchestrator.codec.gpo_access import sysvol_descriptor
from ipsec_orchestrator.codec.security_descriptor import decode_descriptor
from ipsec_orchestrator.errors import (
    AuthenticationError,
    FileShareError,
    HostUnreachableError,
    ObjectExistsError,
    OutcomeUnknownError,
)
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.tools import run_in_lab
from ipsec_orchestrator.model.inventory import AuthMethod
from ipsec_orchestrator.model.secret import Secret

pytestmark = pytest.mark.lab

_DOMAIN = "ipsectest.com"
_ID = UUID("0c0c0c0c-1111-5222-8333-444444444444")
_OTHER_ID = UUID("0d0d0d0d-1111-5222-8333-444444444444")
_NAME = "IPSec (Azure) Übung"


class Proxy(Protocol):
    """What the tests use of the cutting proxy."""

    port: int
    cut_answers: int
    connections: int


@pytest.fixture
def gpos(real_directory: LdapDirectory, sysvol_share: Share) -> Iterator[SmbGpos]:
    """The way ``via: smb``; its GPOs are gone afterwards."""
    made = SmbGpos(real_directory, sysvol_share)
    yield made
    for gpo_id in (_ID, _OTHER_ID):
        made.delete(gpo_id=gpo_id)


@pytest.fixture
def sysvol(sysvol_share: Share) -> SmbSysvol:
    """Template files on the DC."""
    return SmbSysvol(sysvol_share, domain=_DOMAIN)


def _samba_tool(domain: Domain, *arguments: str) -> str:
    return run_in_lab(domain.layout, ["samba-tool", *arguments]).stdout


def test_samba_finds_nothing_wrong_with_a_new_gpo(
    gpos: SmbGpos, real_domain: Domain, sysvol: SmbSysvol
) -> None:
    """``gpo listall`` shows it, ``aclcheck`` and ``ntacl sysvolcheck`` are content."""
    assert gpos.create(name=_NAME, wished_id=_ID, comment="how-to") == _ID
    server = f"ldap://{real_domain.facts.dc_fqdn}"
    shown = _samba_tool(real_domain, "gpo", "listall", "-H", server, "--use-kerberos=required")
    assert _NAME in shown
    assert str(_ID).upper() in shown
    checked = _samba_tool(real_domain, "gpo", "aclcheck", "-H", server, "--use-kerberos=required")
    assert "ERROR" not in checked
    conf = str(real_domain.layout.smb_conf)
    assert "ERROR" not in _samba_tool(real_domain, "ntacl", "sysvolcheck", "-s", conf)
    assert sysvol.read(_ID, "gpt.ini") == b"[General]\r\nVersion=0\r\n"
    assert sysvol.read(_ID, "GPO.cmt") == "how-to".encode("utf-16-le")


def test_the_container_is_as_gpmc_makes_it(gpos: SmbGpos, real_directory: LdapDirectory) -> None:
    """Class, functionality version, flags, version, path, name and both halves are there."""
    gpos.create(name=_NAME, wished_id=_ID, comment="")
    dn = container_dn("DC=ipsectest,DC=com", _ID)
    entry = real_directory.read(dn, ["*"])
    assert entry is not None
    braced = f"{{{str(_ID).upper()}}}"
    expected = {
        "cn": braced,
        "displayName": _NAME,
        "flags": "0",
        "gPCFileSysPath": rf"\\ipsectest.com\SysVol\ipsectest.com\Policies\{braced}",
        "gPCFunctionalityVersion": "2",
        "showInAdvancedViewOnly": "TRUE",
        "versionNumber": "0",
    }
    assert {name: entry.attributes.text(name) for name in expected} == expected
    for half in ("Machine", "User"):
        child = real_directory.read(f"CN={half},{dn}", ["objectClass"])
        assert child is not None
        assert child.attributes.texts("objectClass") == ("top", "container")


def test_a_taken_name_is_refused_and_nothing_is_made(
    gpos: SmbGpos, real_directory: LdapDirectory, sysvol_share: Share
) -> None:
    """Names are compared case-blind, before anything is written; so is the id."""
    gpos.create(name=_NAME, wished_id=_ID, comment="")
    with pytest.raises(ObjectExistsError):
        gpos.create(name=_NAME.upper(), wished_id=_OTHER_ID, comment="")
    with pytest.raises(ObjectExistsError):
        gpos.create(name="another name", wished_id=_ID, comment="")
    assert real_directory.read(container_dn("DC=ipsectest,DC=com", _OTHER_ID), ["cn"]) is None
    folders = sysvol_share.read("", lambda tree: list_folder(tree, rf"{_DOMAIN}\Policies"))
    assert str(_OTHER_ID).upper() not in str(folders)


def test_an_interrupted_creation_is_finished_by_the_next(
    gpos: SmbGpos, real_directory: LdapDirectory, sysvol_share: Share, sysvol: SmbSysvol
) -> None:
    """A nameless container and a bare folder left by a dead run are no obstacle."""
    dn = begin_container(real_directory, _ID)
    real_directory.delete(f"CN=User,{dn}")
    folder = template_path(_DOMAIN, _ID)
    sysvol_share.write(folder, "make", lambda tree: make_folder(tree, folder))
    gpos.create(name=_NAME, wished_id=_ID, comment="")
    assert real_directory.read(f"CN=User,{dn}", ["cn"]) is not None
    assert sysvol.read(_ID, "gpt.ini") is not None


def test_every_part_of_the_template_has_the_computed_acl(
    gpos: SmbGpos, real_directory: LdapDirectory, sysvol_share: Share
) -> None:
    """Folder, halves and gpt.ini carry what the container's descriptor demands."""
    gpos.create(name=_NAME, wished_id=_ID, comment="")
    entry = real_directory.read(container_dn("DC=ipsectest,DC=com", _ID), ["nTSecurityDescriptor"])
    assert entry is not None
    wanted = sysvol_descriptor(decode_descriptor(entry.attributes["nTSecurityDescriptor"][0]))
    for path in ("", "Machine", "User", "GPT.INI"):
        where = template_path(_DOMAIN, _ID, path)
        stored = decode_descriptor(sysvol_share.read(where, _descriptor_reader(where)))
        assert stored.owner == wanted.owner
        assert stored.dacl is not None
        assert wanted.dacl is not None
        assert len(stored.dacl.aces) == len(wanted.dacl.aces)


def test_a_write_keeps_the_acl_and_the_exact_bytes(
    gpos: SmbGpos, sysvol: SmbSysvol, sysvol_share: Share
) -> None:
    """A longer and then a shorter content replace the file in place."""
    gpos.create(name=_NAME, wished_id=_ID, comment="")
    where = template_path(_DOMAIN, _ID, "gpt.ini")
    before = sysvol_share.read(where, _descriptor_reader(where))
    for content in (b"[General]\r\nVersion=65536\r\n", b"x", b"", bytes(range(256)) * 700):
        sysvol.write(_ID, "GPT.ini", content)
        assert sysvol.read(_ID, "gpt.ini") == content
    assert sysvol_share.read(where, _descriptor_reader(where)) == before


def test_what_is_not_there_reads_as_none(sysvol: SmbSysvol) -> None:
    """A missing file and a missing folder are an answer."""
    assert sysvol.read(_OTHER_ID, "gpt.ini") is None
    assert sysvol.read(_OTHER_ID, "Machine/Registry.pol") is None


def test_writing_below_a_missing_folder_is_refused(sysvol: SmbSysvol) -> None:
    """Folders are not made in passing."""
    with pytest.raises(FileShareError) as caught:
        sysvol.write(_OTHER_ID, "gpt.ini", b"x")
    assert caught.value.status == 0xC000003A


@pytest.mark.parametrize("path", ["../x", "Machine\\..\\..\\x"])
def test_paths_do_not_leave_the_folder(sysvol: SmbSysvol, path: str) -> None:
    """No path leads out of the GPO's folder."""
    with pytest.raises(ValueError, match="leaves the folder"):
        sysvol.read(_ID, path)


def test_deleting_takes_container_and_folder_with_all_in_them(
    gpos: SmbGpos, real_directory: LdapDirectory, sysvol: SmbSysvol, sysvol_share: Share
) -> None:
    """Nothing is left of a GPO, whatever was put into its folder; a second time is no error."""
    gpos.create(name=_NAME, wished_id=_ID, comment="c")
    deep = template_path(_DOMAIN, _ID, "Machine/Scripts")
    sysvol_share.write(deep, "make", lambda tree: make_folder(tree, deep))
    sysvol_share.write(deep, "write", lambda tree: write_file(tree, rf"{deep}\a.txt", b"a"))
    gpos.delete(gpo_id=_ID)
    assert real_directory.read(container_dn("DC=ipsectest,DC=com", _ID), ["cn"]) is None
    assert sysvol.read(_ID, "gpt.ini") is None
    folders = sysvol_share.read("", lambda tree: list_folder(tree, rf"{_DOMAIN}\Policies"))
    assert str(_ID).upper() not in str(folders)
    gpos.delete(gpo_id=_ID)


@pytest.mark.parametrize("auth", [AuthMethod.KERBEROS, AuthMethod.NTLM, AuthMethod.NEGOTIATE])
def test_the_connection_is_encrypted_by_every_logon(sysvol_share: Share, auth: AuthMethod) -> None:
    """SMB 3.1.1 with encryption comes up with a ticket and with a password."""
    share = Share(replace(sysvol_share.endpoint, auth=auth))
    try:
        protected = share.read("", _protection)
    finally:
        share.close()
    assert protected == (0x0311, True)


def test_a_wrong_password_is_told_as_such(sysvol_share: Share) -> None:
    """The file server's refusal is AuthenticationError, tried once."""
    wrong = Credential(user="IPSECTEST\\nobody-here", password=Secret("wrong-one"))
    share = Share(replace(sysvol_share.endpoint, credential=wrong, auth=AuthMethod.NTLM))
    with pytest.raises(AuthenticationError) as caught:
        share.read("", lambda tree: list_folder(tree, _DOMAIN))
    assert "wrong-one" not in str(caught.value)
    share.close()


def test_a_closed_port_is_unreachable(sysvol_share: Share, closed_port: int) -> None:
    """Nothing listens: said so, with the name."""
    share = Share(replace(sysvol_share.endpoint, address="127.0.0.1", port=closed_port))
    with pytest.raises(HostUnreachableError) as caught:
        share.read("", lambda tree: list_folder(tree, _DOMAIN))
    assert "dc1.ipsectest.com" in str(caught.value)


def test_a_read_survives_a_cut_and_a_write_does_not_claim_to(
    gpos: SmbGpos,
    sysvol_share: Share,
    real_domain: Domain,
    proxy_to: Callable[[str, int], Proxy],
) -> None:
    """A read is repeated on a new connection; a write whose answer is lost is unknown."""
    gpos.create(name=_NAME, wished_id=_ID, comment="")
    proxy = proxy_to(str(real_domain.facts.dc_address), 445)
    share = Share(replace(sysvol_share.endpoint, address="127.0.0.1", port=proxy.port))
    sysvol = SmbSysvol(share, domain=_DOMAIN)
    try:
        assert sysvol.read(_ID, "gpt.ini") is not None
        proxy.cut_answers = 1
        assert sysvol.read(_ID, "gpt.ini") is not None
        assert proxy.connections == 2
        proxy.cut_answers = 1
        with pytest.raises(OutcomeUnknownError):
            sysvol.write(_ID, "gpt.ini", b"[General]\r\nVersion=1\r\n")
        assert proxy.connections == 2
    finally:
        share.close()


def test_a_silent_server_is_given_up(sysvol_share: Share, silent_port: int) -> None:
    """A server that takes the connection and says nothing does not hold the run."""
    endpoint = replace(
        sysvol_share.endpoint,
        address="127.0.0.1",
        port=silent_port,
        connect_timeout_seconds=1.0,
    )
    share = Share(endpoint)
    with pytest.raises(HostUnreachableError):
        share.read("", lambda tree: list_folder(tree, _DOMAIN))


def _descriptor_reader(path: str) -> Callable[[Any], bytes]:
    return lambda tree: read_descriptor(tree, path)


def _protection(tree: Any) -> tuple[int, bool]:  # noqa: ANN401 - smbprotocol's tree
    return int(tree.session.connection.dialect), bool(tree.session.encrypt_data)
