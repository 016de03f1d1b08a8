"""One suite for every Directory: in memory, and a real DC by each way to log on."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from uuid import UUID

import pytest

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.gpo_container import delete_container
from ipsec_orchestrator.adapters.ldap import Endpoint, LdapDirectory
from ipsec_orchestrator.adapters.memory import seeded_directory
from ipsec_orchestrator.errors import DirectoryError, ObjectExistsError
from ipsec_orchestrator.facts.identity import read_invocation_id
from ipsec_orchestrator.facts.tombstones import read_tombstones
from ipsec_orchestrator.model.directory import Attributes, Scope, parent_dn, same_dn, split_dn
from ipsec_orchestrator.model.inventory import AuthMethod, LdapTransport
from ipsec_orchestrator.ports.directory import Directory

_PLACES = count(1)
_WAYS = {
    "sealed-ntlm": (LdapTransport.SEALED, AuthMethod.NTLM),
    "sealed-kerberos": (LdapTransport.SEALED, AuthMethod.KERBEROS),
    "sealed-negotiate": (LdapTransport.SEALED, AuthMethod.NEGOTIATE),
    "ldaps-kerberos": (LdapTransport.LDAPS, AuthMethod.KERBEROS),
    "ldaps-simple": (LdapTransport.LDAPS, AuthMethod.SIMPLE),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A directory, and a container in it that is the test's own."""

    directory: Directory
    dn: str

    def add(self, name: str, object_class: str = "ipsecFilter", **values: bytes) -> str:
        """Add an object and give its DN."""
        dn = f"CN={name},{self.dn}"
        given = {attribute: (value,) for attribute, value in values.items()}
        self.directory.add(dn, Attributes({"objectClass": (object_class.encode(),), **given}))
        return dn


@pytest.fixture(params=["memory", *(pytest.param(way, marks=pytest.mark.lab) for way in _WAYS)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Every kind of directory in turn."""
    if request.param == "memory":
        directory: Directory = seeded_directory(SystemClock())
        yield from _own_container(directory)
        return
    transport, auth = _WAYS[request.param]
    endpoint: Callable[..., Endpoint] = request.getfixturevalue("endpoint")
    with LdapDirectory(endpoint(transport=transport, auth=auth)) as real:
        yield from _own_container(real)


def _own_container(directory: Directory) -> Iterator[Place]:
    security = f"CN=IP Security,CN=System,{directory.names().domain_dn}"
    dn = f"CN=place {next(_PLACES)},{security}"
    directory.add(dn, Attributes.of_text(objectClass="container"))
    yield Place(directory, dn)
    found = [entry.dn for entry in directory.search(dn, Scope.SUBTREE, "(cn=*)", ["cn"])]
    for each in sorted(found, key=lambda known: len(split_dn(known)), reverse=True):
        directory.delete(each)


def test_names_are_those_of_the_domain(place: Place) -> None:
    """The rootDSE tells DC, naming contexts and domain."""
    names = place.directory.names()
    assert names.dc.casefold() == "dc1.ipsectest.com"
    assert same_dn(names.domain_dn, "DC=ipsectest,DC=com")
    assert same_dn(names.configuration_dn, "CN=Configuration,DC=ipsectest,DC=com")
    assert names.domain == "ipsectest.com"


def test_what_was_added_is_read_back_as_bytes(place: Place) -> None:
    """Values of every byte come back as they were given, and nothing that was not asked for."""
    every_byte = bytes(range(256))
    dn = place.add(
        "a", ipsecData=every_byte, ipsecName="Filter ä 漢".encode(), ipsecDataType=b"256"
    )
    entry = place.directory.read(dn, ["ipsecData", "ipsecName", "description"])
    assert entry is not None
    assert same_dn(entry.dn, dn)
    assert dict(entry.attributes) == {
        "ipsecData": (every_byte,),
        "ipsecName": ("Filter ä 漢".encode(),),
    }


def test_reading_what_is_not_there_gives_none(place: Place) -> None:
    """A missing object and a missing container are both an answer, not an error."""
    assert place.directory.read(f"CN=nothing,{place.dn}", ["cn"]) is None
    assert place.directory.read(f"CN=a,CN=nothing,{place.dn}", ["cn"]) is None


def test_searching_below_what_is_not_there_gives_nothing(place: Place) -> None:
    """A missing base is an empty answer."""
    found = place.directory.search(f"CN=nothing,{place.dn}", Scope.SUBTREE, "(cn=*)", ["cn"])
    assert list(found) == []


def test_no_attributes_asked_means_none_given(place: Place) -> None:
    """An empty list of attributes gives the entry alone."""
    entry = place.directory.read(place.add("a"), [])
    assert entry is not None
    assert len(entry.attributes) == 0


def test_star_gives_all_but_the_security_descriptor(place: Place) -> None:
    """``*`` gives what the directory keeps by itself, too."""
    entry = place.directory.read(place.add("a", description=b"x"), ["*"])
    assert entry is not None
    expected = {
        "cn",
        "name",
        "objectClass",
        "objectGUID",
        "whenChanged",
        "uSNChanged",
        "instanceType",
    }
    assert expected | {"description", "distinguishedName", "objectCategory"} <= set(
        entry.attributes
    )
    assert "nTSecurityDescriptor" not in entry.attributes


def test_object_class_is_filled_up(place: Place) -> None:
    """The superclasses of an IPsec class are there after adding the class alone."""
    entry = place.directory.read(place.add("a", "ipsecPolicy"), ["objectClass"])
    assert entry is not None
    assert entry.attributes.texts("objectClass") == ("top", "ipsecBase", "ipsecPolicy")


def test_attributes_without_values_are_left_out_of_an_add(place: Place) -> None:
    """An absent attribute in a step's description does not disturb adding."""
    dn = f"CN=a,{place.dn}"
    place.directory.add(dn, Attributes({"objectClass": (b"ipsecFilter",), "description": ()}))
    entry = place.directory.read(dn, ["description", "cn"])
    assert entry is not None
    assert set(entry.attributes) == {"cn"}


def test_replace_sets_changes_and_removes(place: Place) -> None:
    """One modify sets one attribute, changes another and removes a third that has no values."""
    dn = place.add("a", description=b"old", ipsecName=b"gone")
    place.directory.replace(
        dn,
        Attributes({"description": (b"new",), "ipsecName": (), "ipsecData": (b"\0",)}),
    )
    entry = place.directory.read(dn, ["description", "ipsecName", "ipsecData"])
    assert entry is not None
    assert dict(entry.attributes) == {"description": (b"new",), "ipsecData": (b"\0",)}


def test_removing_what_is_not_there_succeeds(place: Place) -> None:
    """Replacing an absent attribute by nothing is no error."""
    dn = place.add("a")
    place.directory.replace(dn, Attributes({"description": ()}))
    place.directory.replace(dn, Attributes())
    assert place.directory.read(dn, ["cn"]) is not None


def test_a_change_moves_the_change_number(place: Place) -> None:
    """``uSNChanged`` grows with every change and ``objectGUID`` stays."""
    dn = place.add("a")
    before = place.directory.read(dn, ["uSNChanged", "objectGUID"])
    place.directory.replace(dn, Attributes({"description": (b"x",)}))
    after = place.directory.read(dn, ["uSNChanged", "objectGUID"])
    assert before is not None
    assert after is not None
    assert int(after.attributes.text("uSNChanged") or 0) > int(
        before.attributes.text("uSNChanged") or 0
    )
    assert after.attributes["objectGUID"] == before.attributes["objectGUID"]


def test_adding_twice_is_refused(place: Place) -> None:
    """A second object of the same name is ObjectExistsError, whatever the case of its DN."""
    place.add("a")
    with pytest.raises(ObjectExistsError):
        place.add("A")


def test_deleting_takes_the_object_away(place: Place) -> None:
    """After deleting, the object is not there, and deleting again is code 32."""
    dn = place.add("a")
    place.directory.delete(dn)
    assert place.directory.read(dn, ["cn"]) is None
    with pytest.raises(DirectoryError) as caught:
        place.directory.delete(dn)
    assert caught.value.code == 32


def test_writing_to_what_is_not_there_is_code_32(place: Place) -> None:
    """A missing parent of a new object and a missing object are told by the number."""
    dn = f"CN=a,CN=nothing,{place.dn}"
    with pytest.raises(DirectoryError) as added:
        place.directory.add(dn, Attributes.of_text(objectClass="ipsecFilter"))
    with pytest.raises(DirectoryError) as replaced:
        place.directory.replace(dn, Attributes.of_text(description="x"))
    assert [added.value.code, replaced.value.code] == [32, 32]
    assert [added.value.dn, replaced.value.dn] == [dn, dn]


def test_an_object_with_children_stays(place: Place) -> None:
    """Deleting a container that holds something is code 66 and deletes nothing."""
    dn = place.add("a")
    with pytest.raises(DirectoryError) as caught:
        place.directory.delete(place.dn)
    assert caught.value.code == 66
    assert place.directory.read(dn, ["cn"]) is not None


def test_the_name_is_no_attribute_to_write(place: Place) -> None:
    """Writing ``cn`` is code 67."""
    dn = place.add("a")
    with pytest.raises(DirectoryError) as caught:
        place.directory.replace(dn, Attributes.of_text(cn="b"))
    assert caught.value.code == 67


@pytest.mark.parametrize("attribute", ["objectGUID", "whenChanged"])
def test_what_the_directory_keeps_is_refused(place: Place, attribute: str) -> None:
    """Attributes that belong to the system are code 19."""
    dn = place.add("a")
    with pytest.raises(DirectoryError) as caught:
        place.directory.replace(dn, Attributes({attribute: (b"20200101000000.0Z",)}))
    assert caught.value.code == 19


def test_an_unknown_class_is_refused(place: Place) -> None:
    """A class that the schema does not have is code 16."""
    with pytest.raises(DirectoryError) as caught:
        place.add("a", "noSuchClassAnywhere")
    assert caught.value.code == 16


def test_a_malformed_dn_is_code_34(place: Place) -> None:
    """A text that is no DN is told from an object that is not there."""
    with pytest.raises(DirectoryError) as caught:
        place.directory.read("no name at all", ["cn"])
    assert caught.value.code == 34


def test_a_malformed_filter_is_code_87(place: Place) -> None:
    """A filter that can't be parsed is an error, not an empty answer."""
    with pytest.raises(DirectoryError) as caught:
        list(place.directory.search(place.dn, Scope.SUBTREE, "(cn=a", ["cn"]))
    assert caught.value.code == 87


def test_dn_and_attribute_names_are_case_blind(place: Place) -> None:
    """Whatever the case of the question, the object is found, in the server's spelling."""
    dn = place.add("Mixed Case", description=b"x")
    entry = place.directory.read(dn.swapcase(), ["DESCRIPTION"])
    assert entry is not None
    assert entry.attributes.text("description") == "x"
    assert split_dn(entry.dn)[0] == "CN=Mixed Case"


def test_commas_in_names_are_escaped(place: Place) -> None:
    """A name with comma, plus and quotes survives as a DN and as ``cn``."""
    dn = place.add('a\\, b \\+ \\"c\\"')
    entry = place.directory.read(dn, ["cn"])
    assert entry is not None
    assert entry.attributes.text("cn") == 'a, b + "c"'
    assert same_dn(parent_dn(entry.dn), place.dn)


def test_scopes_reach_as_far_as_they_say(place: Place) -> None:
    """Base gives the object, children the next level, subtree all of it."""
    place.add("box", "container")
    inner = f"CN=inner,CN=box,{place.dn}"
    place.directory.add(inner, Attributes.of_text(objectClass="ipsecFilter"))

    def names(scope: Scope) -> set[str | None]:
        found = place.directory.search(place.dn, scope, "(objectClass=*)", ["cn"])
        return {entry.attributes.text("cn") for entry in found}

    own = split_dn(place.dn)[0][3:]
    assert names(Scope.BASE) == {own}
    assert names(Scope.CHILDREN) == {"box"}
    assert names(Scope.SUBTREE) == {own, "box", "inner"}


@pytest.mark.parametrize(
    ("ldap_filter", "expected"),
    [
        ("(cn=alpha)", {"alpha"}),
        ("(CN=ALPHA)", {"alpha"}),
        ("(cn=*ta)", {"beta"}),
        ("(cn=a*h*)", {"alpha"}),
        ("(description=*)", {"alpha"}),
        ("(!(description=*))", {"beta", "gamma"}),
        ("(&(objectClass=ipsecBase)(!(objectClass=ipsecFilter)))", {"gamma"}),
        ("(|(cn=alpha)(cn=gamma))", {"alpha", "gamma"}),
        ("(objectClass=IPSECPOLICY)", {"gamma"}),
        ("(description=\\28x\\29)", {"alpha"}),
        ("(ipsecDataType>=256)", {"beta"}),
        ("(ipsecDataType<=255)", {"gamma"}),
        ("(cn=nobody)", set[str]()),
    ],
)
def test_filters_choose_what_they_say(place: Place, ldap_filter: str, expected: set[str]) -> None:
    """And, or, not, presence, substrings and order work case-blind."""
    place.add("alpha", description=b"(x)")
    place.add("beta", ipsecDataType=b"256")
    place.add("gamma", "ipsecPolicy", ipsecDataType=b"255")
    found = place.directory.search(place.dn, Scope.CHILDREN, ldap_filter, ["cn"])
    assert {entry.attributes.text("cn") for entry in found} == expected


def test_references_must_lead_somewhere(place: Place) -> None:
    """A DN value that names nothing is code 19, in an add and in a replace."""
    lost = {"ipsecOwnersReference": (f"CN=nobody,{place.dn}".encode(),)}
    with pytest.raises(DirectoryError) as caught:
        place.directory.add(
            f"CN=a,{place.dn}", Attributes({"objectClass": (b"ipsecFilter",), **lost})
        )
    assert caught.value.code == 19
    dn = place.add("a")
    with pytest.raises(DirectoryError) as caught:
        place.directory.replace(dn, Attributes(lost))
    assert caught.value.code == 19


def test_references_come_in_the_servers_spelling_and_show_deletion(place: Place) -> None:
    """A DN value reads as the object is spelled now; of a deleted object, as deleted."""
    target = place.add("Target")
    dn = place.add("a", ipsecOwnersReference=target.lower().encode())

    def reference() -> str:
        entry = place.directory.read(dn, ["ipsecOwnersReference"])
        assert entry is not None
        return entry.attributes.text("ipsecOwnersReference") or ""

    assert split_dn(reference())[0] == "CN=Target"
    found = place.directory.search(
        place.dn, Scope.CHILDREN, f"(ipsecOwnersReference={target.upper()})", ["cn"]
    )
    assert [entry.attributes.text("cn") for entry in found] == ["a"]
    place.directory.delete(target)
    assert "\\0ADEL:" in reference()
    assert "CN=Deleted Objects" in reference()


def test_two_megabytes_go_through(place: Place) -> None:
    """A value of 2 MB is written and read back whole."""
    big = bytes(range(256)) * (2 * 4096)
    dn = place.add("big", ipsecData=big)
    entry = place.directory.read(dn, ["ipsecData"])
    assert entry is not None
    assert entry.attributes["ipsecData"] == (big,)


def test_a_gpo_with_all_below_it_can_be_deleted(place: Place) -> None:
    """The shared way to delete a container takes children first."""
    gpo_id = UUID("11111111-2222-5333-8444-555555555555")
    top = place.directory.names().domain_dn
    dn = f"CN={{{str(gpo_id).upper()}}},CN=Policies,CN=System,{top}"
    place.directory.add(dn, Attributes.of_text(objectClass="groupPolicyContainer"))
    for below in (f"CN=Machine,{dn}", f"CN=Microsoft,CN=Machine,{dn}"):
        place.directory.add(below, Attributes.of_text(objectClass="container"))
    entry = place.directory.read(dn, ["nTSecurityDescriptor"])
    delete_container(place.directory, gpo_id)
    assert entry is not None
    assert len(entry.attributes["nTSecurityDescriptor"]) == 1
    assert place.directory.read(dn, ["cn"]) is None
    delete_container(place.directory, gpo_id)


def test_threads_take_turns(place: Place) -> None:
    """Several threads on one directory each get their own answers."""
    dns = [place.add(f"t{number}", description=f"{number}".encode()) for number in range(4)]
    wrong: list[str] = []

    def read(dn: str, expected: str) -> None:
        for _ in range(10):
            entry = place.directory.read(dn, ["description"])
            if entry is None or entry.attributes.text("description") != expected:
                wrong.append(dn)

    threads = [
        threading.Thread(target=read, args=(dn, f"{number}")) for number, dn in enumerate(dns)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_object_is_deleted_by_its_guid_and_no_other(place: Place) -> None:
    """The GUID means the very object; one that bears the name since is left alone."""
    dn = place.add("guid")
    first = place.directory.read(dn, ["objectGUID"])
    assert first is not None
    old = f"<GUID={UUID(bytes_le=first.attributes['objectGUID'][0])}>"
    place.directory.delete(old)
    assert place.directory.read(dn, ["cn"]) is None
    place.add("guid")
    with pytest.raises(DirectoryError) as caught:
        place.directory.delete(old)
    assert caught.value.code == 32
    assert place.directory.read(dn, ["cn"]) is not None


def test_the_database_of_a_dc_has_an_id(place: Place) -> None:
    """The rootDSE leads to the DC's settings, and they name its database."""
    found = read_invocation_id(place.directory)
    assert isinstance(found, UUID)
    assert found.int
    assert read_invocation_id(place.directory) == found


def test_of_many_adds_of_one_name_one_is_done(place: Place) -> None:
    """Eight connections at once: the DC lets one add an object, and tells the others."""
    done: list[int] = []
    start = threading.Barrier(8)

    def attempt(number: int) -> None:
        start.wait(30)
        try:
            place.add("once", "container")
        except ObjectExistsError:
            return
        done.append(number)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 1


def test_deleted_object_leaves_its_remains(place: Place) -> None:
    """Name, parent, identity and class of a deleted object can be found; its content is gone."""
    dn = place.add("gone (really)", ipsecName=b"known as", ipsecData=b"\x00\x01")
    other = place.add("gone", ipsecName=b"another")
    kept = place.directory.read(dn, ["objectGUID"])
    place.directory.delete(dn)
    place.directory.delete(other)
    found = read_tombstones(place.directory, [dn, f"CN=never,{place.dn}"])

    assert kept is not None
    assert found is not None
    assert list(found) == [dn]
    assert found[dn].guid.bytes_le == kept.attributes.values_of("objectGUID")[0]
    remains = place.directory.deleted("(name=gone \\28really\\29*)", ["*"])
    assert remains is not None
    (entry,) = [each for each in remains if same_dn(str(found[dn].entry.dn), each.dn)]
    assert entry.attributes.text("isDeleted") == "TRUE"
    assert "ipsecFilter" in entry.attributes.texts("objectClass")
    assert not entry.attributes.values_of("ipsecData")
    assert same_dn(entry.attributes.text("lastKnownParent") or "", place.dn)


def test_last_of_several_remains_counts(place: Place) -> None:
    """A name that was used again and again belongs to the object that was deleted last."""
    dn = f"CN=phoenix,{place.dn}"
    guids: list[bytes] = []
    for _ in range(2):
        place.add("phoenix")
        entry = place.directory.read(dn, ["objectGUID"])
        assert entry is not None
        guids += entry.attributes.values_of("objectGUID")
        place.directory.delete(dn)
    found = read_tombstones(place.directory, [dn])

    assert found is not None
    assert found[dn].guid.bytes_le == guids[-1]


def test_living_objects_are_no_remains(place: Place) -> None:
    """Nothing that is there is among what was deleted."""
    dn = place.add("alive")

    assert read_tombstones(place.directory, [dn]) == {}
