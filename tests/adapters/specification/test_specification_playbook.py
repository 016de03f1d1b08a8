"""Playbook files: the how-to exactly, every setting, and every mistake explained."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.specification import read_playbook
from ipsec_orchestrator.errors import Problem, SpecificationError
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import (
    Authentication,
    Cipher,
    ConnectionType,
    DhGroup,
    Filter,
    FilterAction,
    FilterActionKind,
    FilterList,
    GpoVia,
    GpoWish,
    Integrity,
    KeyExchange,
    KeyExchangeMethod,
    Mode,
    NamedEndpoint,
    Playbook,
    Policy,
    Rule,
    SecurityMethod,
)

ReadPlaybook = Callable[[str], Playbook]
Problems = Callable[[str], list[Problem]]

GPO = "gpo: {name: g, ou: IPSecOU}\n"
ENCRYPT = "filter_actions: [{name: encrypt, action: negotiate, methods: ['ESP[3DES,SHA1]']}]\n"
LIST = "filter_lists: [{name: web, filters: [{source: me, destination: any}]}]\n"
POLICY = "policies: [{name: p, rules: [{filter_list: web, filter_action: encrypt}]}]\n"
SOUND = GPO + ENCRYPT + LIST + POLICY


def test_example_playbook_is_the_how_to(root: Path, example_inventory: Inventory) -> None:
    """The example playbook says exactly what the article's dialogs say, and nothing else."""
    path = root / "playbooks" / "azure-onpremises.yml"
    azure, on_premises = IPv4Network("10.0.1.0/24"), IPv4Network("10.2.27.0/25")

    assert read_playbook(path, example_inventory) == Playbook(
        name="azure-onpremises",
        gpo=GpoWish(
            name="IPSec-Azure-OnPremises",
            ou="OU=IPSecOU,DC=ipsectest,DC=com",
            link_enabled=True,
        ),
        filter_actions=(
            FilterAction(
                name="myEncryption",
                kind=FilterActionKind.NEGOTIATE,
                accept_unsecured=False,
                allow_fallback=False,
                methods=(SecurityMethod(esp=(Cipher.TRIPLE_DES, Integrity.SHA1)),),
            ),
        ),
        filter_lists=(
            FilterList(
                name="azure-onpremises-HTTP8080",
                filters=tuple(
                    Filter(
                        source=source,
                        destination=destination,
                        protocol=6,
                        source_port=0,
                        destination_port=8080,
                        mirrored=True,
                    )
                    for source, destination in ((azure, on_premises), (on_premises, azure))
                ),
            ),
        ),
        policies=(
            Policy(
                name="policy-azure-onpremises",
                default_response=False,
                rules=(
                    Rule(
                        name="azure-onpremises-HTTP8080",
                        filter_list="azure-onpremises-HTTP8080",
                        filter_action="myEncryption",
                        connection_type=ConnectionType.ALL,
                        authentication=(Authentication.KERBEROS,),
                    ),
                ),
            ),
        ),
        assignment="policy-azure-onpremises",
        members="role=azure-vm,role=on-premises",
        file=str(path),
    )


@pytest.mark.parametrize(
    ("written", "mode", "boxes"),
    [
        ("", Mode.REQUIRE, (True, False)),
        ("mode: require\n", Mode.REQUIRE, (True, False)),
        ("mode: request\n", Mode.REQUEST, (True, True)),
    ],
)
def test_the_mode_goes_before_the_boxes(
    playbook_of: ReadPlaybook,
    written: str,
    mode: Mode,
    boxes: tuple[bool, bool],
) -> None:
    """In mode request both boxes are checked, whatever the filter action says itself."""
    playbook = playbook_of(
        written
        + GPO
        + LIST
        + POLICY
        + "filter_actions: [{name: encrypt, action: negotiate, methods: ['ESP[3DES,SHA1]'], "
        "unsecured: {accept_inbound: true, allow_fallback: false}}]\n"
    )
    (action,) = playbook.filter_actions

    assert playbook.mode is mode
    assert (action.accept_unsecured, action.allow_fallback) == boxes


def test_an_unknown_mode_is_a_problem(playbook_problems: Problems) -> None:
    """The sentence names what there is."""
    (problem,) = playbook_problems("mode: reqire\n" + SOUND)

    assert problem.path == "mode"
    assert "require" in problem.message


def test_a_playbook_with_everything(playbook_of: ReadPlaybook) -> None:
    """Every key of the schema reaches the model."""
    playbook = playbook_of(
        """
name: other-name
gpo:
  {name: My GPO, ou: "OU=Web,OU=IPSecOU", link_enabled: false, enforced: true, order: 2, via: smb,
   adopt: true}
filter_actions:
  - name: encrypt
    description: first
    action: negotiate
    unsecured: {accept_inbound: true, allow_fallback: true}
    methods: ["AH[sha1]+esp[None,MD5]:100000k/3600s", "ESP[DES,None]:/300s", "AH[MD5]:20480k"]
    pfs: true
  - {name: pass, action: permit}
  - {name: drop, action: block}
filter_lists:
  - name: web
    description: second
    filters:
      - {source: 10.0.1.20, destination: ANY, protocol: udp, source_port: 53, destination_port: any,
         mirrored: false, description: third}
      - {source: me, destination: 10.9.0.0/16, protocol: 47}
      - {source: 10.0.1.21/32, destination: 0.0.0.0/0, protocol: ICMP}
policies:
  - name: p
    description: fourth
    default_response: true
    polling_interval: 30m
    key_exchange:
      {methods: [3DES-SHA1-3, des-md5-1, 3DES-MD5-DH14], pfs: true, lifetime: 1h}
    rules:
      - {name: r, description: fifth, filter_list: WEB, filter_action: Encrypt, tunnel: none,
         connection: dial-up, authentication: [Kerberos], active: false}
assignment: P
members: vm1,!host1
""",
    )

    assert playbook.name == "other-name"
    assert playbook.gpo == GpoWish(
        name="My GPO",
        ou="OU=Web,OU=IPSecOU,DC=ipsectest,DC=com",
        link_enabled=False,
        enforced=True,
        order=2,
        via=GpoVia.SMB,
        adopt=True,
    )
    assert playbook.filter_actions == (
        FilterAction(
            name="encrypt",
            description="first",
            accept_unsecured=True,
            allow_fallback=True,
            methods=(
                SecurityMethod(
                    esp=(Cipher.NONE, Integrity.MD5),
                    ah=Integrity.SHA1,
                    lifetime_kilobytes=100_000,
                    lifetime_seconds=3600,
                ),
                SecurityMethod(esp=(Cipher.DES, Integrity.NONE), lifetime_seconds=300),
                SecurityMethod(ah=Integrity.MD5, lifetime_kilobytes=20_480),
            ),
            pfs=True,
        ),
        FilterAction(name="pass", kind=FilterActionKind.PERMIT),
        FilterAction(name="drop", kind=FilterActionKind.BLOCK),
    )
    assert playbook.filter_lists == (
        FilterList(
            name="web",
            description="second",
            filters=(
                Filter(
                    source=IPv4Address("10.0.1.20"),
                    destination=NamedEndpoint.ANY,
                    protocol=17,
                    source_port=53,
                    mirrored=False,
                    description="third",
                ),
                Filter(
                    source=NamedEndpoint.ME,
                    destination=IPv4Network("10.9.0.0/16"),
                    protocol=47,
                ),
                Filter(
                    source=IPv4Address("10.0.1.21"),
                    destination=NamedEndpoint.ANY,
                    protocol=1,
                ),
            ),
        ),
    )
    triple, sha1 = Cipher.TRIPLE_DES, Integrity.SHA1
    assert playbook.policies == (
        Policy(
            name="p",
            description="fourth",
            default_response=True,
            polling_interval_seconds=1800,
            key_exchange=KeyExchange(
                methods=(
                    KeyExchangeMethod(cipher=triple, integrity=sha1, group=DhGroup.GROUP_14),
                    KeyExchangeMethod(
                        cipher=Cipher.DES, integrity=Integrity.MD5, group=DhGroup.GROUP_1
                    ),
                    KeyExchangeMethod(
                        cipher=triple, integrity=Integrity.MD5, group=DhGroup.GROUP_14
                    ),
                ),
                pfs=True,
                quick_modes_per_main_mode=1,
                lifetime_seconds=3600,
            ),
            rules=(
                Rule(
                    name="r",
                    description="fifth",
                    filter_list="web",
                    filter_action="encrypt",
                    connection_type=ConnectionType.DIAL_UP,
                    active=False,
                ),
            ),
        ),
    )
    assert playbook.assignment == "p"
    assert playbook.members == "vm1,!host1"


def test_without_inventory_whole_dns_and_addresses_are_enough(tmp_path: Path) -> None:
    """A playbook that names no network and no relative OU needs no inventory."""
    path = tmp_path / "alone.yml"
    path.write_text(SOUND.replace("IPSecOU", "'OU=a,DC=corp,DC=example'"))

    assert read_playbook(path, None).gpo.ou == "OU=a,DC=corp,DC=example"


def test_without_inventory_names_of_it_are_refused(tmp_path: Path) -> None:
    """Relative OUs and network names ask for an inventory."""
    path = tmp_path / "alone.yml"
    path.write_text(SOUND.replace("any}", "azure}"))

    with pytest.raises(SpecificationError) as caught:
        read_playbook(path, None)

    assert [problem.path for problem in caught.value.problems] == [
        "gpo.ou",
        "filter_lists[0].filters[0].destination",
    ]
    assert all("inventory" in problem.message for problem in caught.value.problems)


def test_file_name_that_marks_nothing_asks_for_a_name(
    tmp_path: Path,
    example_inventory: Inventory,
) -> None:
    """The name of a playbook comes from its file, unless that is no name."""
    path = tmp_path / "my playbook (1).yml"
    path.write_text(SOUND)

    with pytest.raises(SpecificationError, match="write 'name:'"):
        read_playbook(path, example_inventory)


METHODS = [
    ("ESP[3DES,SHA2]", "policy store", "Did you mean 'SHA1'?"),
    ("ESP[AES256,SHA1]", "policy store", "Windows Firewall"),
    ("ESP[AESGCM128,AESGCM128]", "policy store", "Windows Firewall"),
    ("ESP[3DES,SHA256]", "policy store", "DH 1, 2 and 14"),
    ("ESP[3DSE,SHA1]", "allowed are None, DES, 3DES", "Did you mean '3DES'?"),
    ("ESP[None,None]", "neither encrypts", "permit"),
    ("ESP[SHA1,3DES]", "encryption comes first", "Did you mean 'ESP[3DES,SHA1]'?"),
    ("ESP[3DES]", "encryption and integrity", "ESP[3DES,SHA1]"),
    ("ESP(3DES,SHA1)", "not a security method", "write it as"),
    ("AH[None]", "allowed are MD5, SHA1", "None"),
    ("AH[SHA1,MD5]", "integrity alone", "AH[SHA1]"),
    ("AHH[SHA1]", "not a security method", "Did you mean 'AH'?"),
    ("AH[SHA1]+AH[SHA1]", "AH twice", "two methods"),
    ("ESP[3DES,SHA1]+ESP[DES,MD5]", "ESP twice", "two methods"),
    ("ESP[3DES,SHA1]:100k/3600s", "20480 to 2147483647", "100 kilobytes"),
    ("ESP[3DES,SHA1]:100000k/5s", "300 to 172800", "5 seconds"),
    ("ESP[3DES,SHA1]:1h", "lifetime", ":100000k/3600s"),
    ("ESP[3DES,SHA1]:/", "lifetime", ":100000k/3600s"),
    ("3DES", "not a security method", "write it as"),
]


@pytest.mark.parametrize(("method", "reason", "cure"), METHODS)
def test_a_bad_security_method_is_explained(
    playbook_problems: Problems,
    method: str,
    reason: str,
    cure: str,
) -> None:
    """A method that can't be stored or read is refused with reason and near match."""
    (problem,) = playbook_problems(SOUND.replace("ESP[3DES,SHA1]", method))

    assert problem.path == "filter_actions[0].methods[0]"
    assert (problem.line, problem.column) == (2, 63)
    assert reason in problem.message
    assert cure in problem.message


@pytest.mark.parametrize(
    ("method", "fragment"),
    [
        ("AES128-SHA1-2", "policy store"),
        ("3DES-SHA256-2", "policy store"),
        ("3DES-SHA1-19", "DH 2048"),
        ("3DES-SHA1", "encryption-integrity-group"),
        ("None-SHA1-2", "allowed are DES, 3DES"),
        ("3DES-SHA-2", "Did you mean 'SHA1'?"),
        ("5", "must be text"),
    ],
)
def test_a_bad_key_exchange_method_is_explained(
    playbook_problems: Problems,
    method: str,
    fragment: str,
) -> None:
    """Main-mode methods are checked as those of quick mode are."""
    (problem,) = playbook_problems(
        SOUND.replace("name: p,", f"name: p, key_exchange: {{methods: [{method}]}},"),
    )

    assert problem.path == "policies[0].key_exchange.methods[0]"
    assert fragment in problem.message


@pytest.mark.parametrize(
    ("word", "fragment"),
    [
        ("certificate", "not proved"),
        ("rootca", "not proved"),
        ("psk", "readable text"),
        ("pre-shared-key", "readable text"),
        ("NTLMv2", "only in the rules of Windows Firewall"),
        ("kerbros", "Did you mean 'kerberos'?"),
        ("[kerberos]", "must be a word"),
    ],
)
def test_other_authentication_is_refused_with_its_reason(
    playbook_problems: Problems,
    word: str,
    fragment: str,
) -> None:
    """Certificates, pre-shared keys and NTLMv2 are each refused, and told why."""
    (problem,) = playbook_problems(
        SOUND.replace("encrypt}]", f"encrypt, authentication: [{word}]}}]"),
    )

    assert problem.path == "policies[0].rules[0].authentication[0]"
    assert fragment in problem.message


@pytest.mark.parametrize(
    ("filters", "key", "fragment"),
    [
        ("{source: azur, destination: any}", ".source", "Did you mean 'azure'?"),
        ("{source: '::1', destination: any}", ".source", "IPv6"),
        ("{source: 'zz::1', destination: any}", ".source", "not an address"),
        ("{source: 10.0.0.1-10.0.0.9, destination: any}", ".source", "address ranges"),
        ("{source: 10.0.1.5/24, destination: any}", ".source", "Did you mean '10.0.1.0/24'?"),
        ("{source: 10.0.1.0/40, destination: any}", ".source", "not an IPv4"),
        ("{source: 10.1, destination: any}", ".source", "put it in quotes"),
        ("{source: '10.0.1', destination: any}", ".source", "not an IPv4"),
        ("{source: 0.0.0.0, destination: any}", ".source", "'me' or 'any'"),
        ("{source: 0.0.0.0/32, destination: any}", ".source", "'me' or 'any'"),
        ("{source: web.example.com, destination: any}", ".source", "DNS names"),
        ("{source: dns, destination: me}", ".source", "DNS server"),
        ("{source: me, destination: me}", ".destination", "from 'me' to 'me'"),
        ("{source: me, destination: any, protocol: tpc}", ".protocol", "Did you mean 'tcp'?"),
        ("{source: me, destination: any, protocol: 256}", ".protocol", "0 to 255"),
        ("{source: me, destination: any, protocol: true}", ".protocol", "allowed are"),
        ("{source: me, destination: any, source_port: 80}", ".source_port", "tcp"),
        (
            "{source: me, destination: any, protocol: icmp, destination_port: 80}",
            ".destination_port",
            "tcp",
        ),
        (
            "{source: me, destination: any, protocol: tcp, destination_port: 80-90}",
            ".destination_port",
            "one filter a port",
        ),
        (
            "{source: me, destination: any, protocol: tcp, destination_port: 65536}",
            ".destination_port",
            "0 to 65535",
        ),
        ("{source: me}", "", "'destination' is missing"),
        ("{source: me, destination: any, mirrord: yes}", ".mirrord", "Did you mean 'mirrored'?"),
        ("{source: me, destination: any, mirrored: yes}", ".mirrored", "Did you mean true?"),
    ],
)
def test_a_bad_filter_is_explained(
    playbook_problems: Problems,
    filters: str,
    key: str,
    fragment: str,
) -> None:
    """Endpoints, protocols and ports that can't be stored are refused with the reason."""
    problems = playbook_problems(SOUND.replace("{source: me, destination: any}", filters))

    assert [problem.path for problem in problems] == [f"filter_lists[0].filters[0]{key}"]
    assert fragment in problems[0].message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{source: me, destination: any}", "{source: Me, destination: 0.0.0.0/0}"),
        ("{source: me, destination: any}", "{source: any, destination: me}"),
        ("{source: azure, destination: any}", "{source: 10.0.1.0/24, destination: any}"),
        (
            "{source: me, destination: any, protocol: tcp, destination_port: 80}",
            "{source: any, destination: me, protocol: 6, source_port: 80, mirrored: false}",
        ),
    ],
)
def test_filters_for_the_same_packets_are_refused(
    playbook_problems: Problems,
    one: str,
    other: str,
) -> None:
    """Two filters of a list that match the same packets are a mistake, mirrors counted."""
    text = SOUND.replace("{source: me, destination: any}", f"{one}, {other}")

    (problem,) = playbook_problems(text)

    assert problem.path == "filter_lists[0].filters[1]"
    assert "matches the same packets" in problem.message
    assert "playbook.yml:3:38" in problem.message


def test_both_directions_of_the_how_to_are_not_the_same(playbook_of: ReadPlaybook) -> None:
    """Source and destination exchanged is another filter where the port is on one side."""
    playbook = playbook_of(
        SOUND.replace(
            "{source: me, destination: any}",
            "{source: azure, destination: on-premises, protocol: tcp, destination_port: 8080}, "
            "{source: on-premises, destination: azure, protocol: tcp, destination_port: 8080}",
        ),
    )

    assert len(playbook.filter_lists[0].filters) == 2


MISTAKES = [
    ("name: g,", "name: '',", "gpo.name", "must not be empty"),
    ("name: g,", f"name: {'x' * 256},", "gpo.name", "255 are allowed"),
    ("name: g,", 'name: "a\\nb",', "gpo.name", "line breaks"),
    ("name: g,", "name: g, order: 0,", "gpo.order", "at least 1"),
    ("name: g,", "name: g, via: winrn,", "gpo.via", "Did you mean 'winrm'?"),
    ("name: g,", "name: g, link_enabled: 1,", "gpo.link_enabled", "true or false"),
    ("ou: IPSecOU", "ou: CN=Computers", "gpo.ou", "is a container"),
    ("ou: IPSecOU", "ou: 'OU=a,DC=other'", "gpo.ou", "not in the domain"),
    ("action: negotiate", "action: negotiated", "filter_actions[0].action", "Did you mean 'negotiate'?"),
    ("action: negotiate", "action: block", "filter_actions[0].methods", "belongs to negotiate"),
    (", methods: ['ESP[3DES,SHA1]']", "", "filter_actions[0].action", "negotiate needs 'methods'"),
    ("['ESP[3DES,SHA1]']", "[]", "filter_actions[0].methods", "negotiate needs 'methods'"),
    ("['ESP[3DES,SHA1]']", "['ESP[3DES,SHA1]', 'esp[3des,sha1]:300000k/0s']", "filter_actions[0].methods[1]", "in the list already"),
    ("encrypt, action: negotiate, methods: ['ESP[3DES,SHA1]']", "encrypt, action: permit, unsecured: {accept_inbound: true}", "filter_actions[0].unsecured", "belongs to negotiate"),
    ("encrypt, action: negotiate, methods: ['ESP[3DES,SHA1]']", "encrypt, action: permit, pfs: true", "filter_actions[0].pfs", "belongs to negotiate"),
    ("filters: [{source: me, destination: any}]", "filters: []", "filter_lists[0].filters", "must not be empty"),
    ("filter_list: web", "filter_list: wbe", "policies[0].rules[0].filter_list", "Did you mean 'web'?"),
    ("filter_action: encrypt", "filter_action: encrypts", "policies[0].rules[0].filter_action", "Did you mean 'encrypt'?"),
    ("encrypt}]", "encrypt, tunnel: 10.0.0.1}]", "policies[0].rules[0].tunnel", "transport mode"),
    ("encrypt}]", "encrypt, connection: dialup}]", "policies[0].rules[0].connection", "Did you mean 'dial-up'?"),
    ("encrypt}]", "encrypt, authentication: []}]", "policies[0].rules[0].authentication", "must not be empty"),
    ("encrypt}]", "encrypt, authentication: [kerberos, Kerberos]}]", "policies[0].rules[0].authentication[1]", "in the list already"),
    ("encrypt}]", "encrypt}, {name: x, filter_list: Web, filter_action: encrypt}]", "policies[0].rules[1].filter_list", "same filter list"),
    ("name: p,", "name: p, polling_interval: 30s,", "policies[0].polling_interval", "60 to"),
    ("name: p,", "name: p, polling_interval: soon,", "policies[0].polling_interval", "duration"),
    ("name: p,", "name: p, key_exchange: {lifetime: 49h},", "policies[0].key_exchange.lifetime", "300 to 172800"),
    ("name: p,", "name: p, key_exchange: {pfs: true, quick_modes_per_main_mode: 2},", "policies[0].key_exchange.quick_modes_per_main_mode", "write 1"),
    ("name: p,", "name: p, key_exchange: {methods: [3DES-SHA1-3, 3DES-SHA1-14]},", "policies[0].key_exchange.methods[1]", "in the list already"),
    ("policies:", "assignment: q\npolicies:", "assignment", "there is no policy 'q'; defined are 'p'"),
    ("policies:", "assignment: [p, q]\npolicies:", "assignment", "one assigned policy at a time"),
    ("policies:", "members: role=azure\npolicies:", "members", "Did you mean 'azure-vm'?"),
    ("policies:", "members: vm1,,vm2\npolicies:", "members", "empty term"),
    ("policies:", "assignmnt: p\npolicies:", "assignmnt", "Did you mean 'assignment'?"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "fragment"), MISTAKES)
def test_a_mistake_is_one_problem(
    playbook_problems: Problems,
    old: str,
    new: str,
    path: str,
    fragment: str,
) -> None:
    """One mistake in a sound playbook gives one problem, at its place, with what is allowed."""
    assert old in SOUND
    (problem,) = playbook_problems(SOUND.replace(old, new))

    assert problem.path == path
    assert fragment in problem.message


@pytest.mark.parametrize("section", ["filter_actions", "filter_lists", "policies"])
def test_names_are_unique_case_blind(playbook_problems: Problems, section: str) -> None:
    """The snap-in does not tell names apart by capitals, so neither may a playbook."""
    doubled = {
        "filter_actions": SOUND.replace("'ESP[3DES,SHA1]']}]", "'ESP[3DES,SHA1]']}, {name: ENCRYPT, action: permit}]"),
        "filter_lists": SOUND.replace("any}]}]", "any}]}, {name: WEB, filters: [{source: me, destination: 10.0.0.1}]}]"),
        "policies": SOUND.replace("encrypt}]}]", "encrypt}]}, {name: P, rules: [{filter_list: web, filter_action: encrypt}]}]"),
    }  # fmt: skip

    (problem,) = playbook_problems(doubled[section])

    assert problem.path == f"{section}[1].name"
    assert "The first is at" in problem.message


def test_all_problems_come_at_once_in_file_order(playbook_problems: Problems) -> None:
    """Problems of shape and of reference are reported together, top to bottom."""
    problems = playbook_problems(
        """\
gpo: {name: g, ou: IPSecOU, linkenabled: true}
filter_actions:
  - {name: encrypt, action: negotiate, methods: ["ESP[3DES,SHA2]"]}
filter_lists:
  - {name: web, filters: [{source: 5, destination: nowhere, protocol: tcp}]}
policies:
  - name: p
    polling_interval: never
    rules:
      - {filter_list: webb, filter_action: encrypt}
      - {filter_list: web}
assignment: q
""",
    )

    assert [(problem.line, problem.path) for problem in problems] == [
        (1, "gpo.linkenabled"),
        (3, "filter_actions[0].methods[0]"),
        (5, "filter_lists[0].filters[0].source"),
        (5, "filter_lists[0].filters[0].destination"),
        (8, "policies[0].polling_interval"),
        (10, "policies[0].rules[0].filter_list"),
        (11, "policies[0].rules[1]"),
        (12, "assignment"),
    ]


def test_one_mistake_does_not_cause_others(playbook_problems: Problems) -> None:
    """A reference to something whose name can't be read is not reported as well."""
    problems = playbook_problems(
        SOUND.replace("{name: encrypt,", "{nme: encrypt,").replace("{name: web,", "{name: 5,"),
    )

    assert [problem.path for problem in problems] == [
        "filter_actions[0]",
        "filter_actions[0].nme",
        "filter_lists[0].name",
    ]


def test_places_are_right_behind_a_cut_item(playbook_problems: Problems) -> None:
    """A list item that is no filter at all does not shift the places of the others."""
    problems = playbook_problems(
        SOUND.replace("{source: me,", "5, 6, {source: nowhere,"),
    )

    assert [problem.path for problem in problems] == [
        "filter_lists[0].filters[0]",
        "filter_lists[0].filters[1]",
        "filter_lists[0].filters[2].source",
    ]


@pytest.mark.parametrize("text", ["gpo:", "policies: []", "{}"])
def test_a_playbook_without_gpo_says_so(playbook_problems: Problems, text: str) -> None:
    """The GPO is what a playbook can't do without."""
    (problem,) = playbook_problems(text)

    assert "'gpo' is missing" in problem.message
