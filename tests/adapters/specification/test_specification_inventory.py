"""Inventory files: merged, defaulted, resolved, and every mistake explained at its place."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.specification import read_inventory
from ipsec_orchestrator.errors import Problem, SpecificationError
from ipsec_orchestrator.model.inventory import (
    AuthMethod,
    Host,
    HostRole,
    Inventory,
    LdapTransport,
    MemberTransport,
    Network,
    Scheme,
    WinrmSettings,
)

HEAD = "domain: {name: ipsectest.com}\n"

ReadInventory = Callable[[str], Inventory]
Problems = Callable[[str], list[Problem]]


def test_example_inventory_is_the_scene_of_the_how_to(example_inventory: Inventory) -> None:
    """The example folder holds the article's domain, networks and four hosts."""
    ou = "OU=IPSecOU,DC=ipsectest,DC=com"

    assert example_inventory.domain.name == "ipsectest.com"
    assert example_inventory.domain.controllers == ("dc1.ipsectest.com",)
    assert example_inventory.networks == (
        Network(name="azure", subnet=IPv4Network("10.0.1.0/24")),
        Network(name="on-premises", subnet=IPv4Network("10.2.27.0/25")),
    )
    assert [
        (host.name, host.role, str(host.addresses[0]), host.ou) for host in example_inventory.hosts
    ] == [
        (
            "dc1",
            HostRole.DOMAIN_CONTROLLER,
            "10.2.27.4",
            "OU=Domain Controllers,DC=ipsectest,DC=com",
        ),
        ("host1", HostRole.ON_PREMISES, "10.2.27.10", ou),
        ("vm1", HostRole.AZURE_VM, "10.0.1.20", ou),
        ("vm2", HostRole.AZURE_VM, "10.0.1.21", ou),
    ]
    assert example_inventory.hosts[2].fqdn == "vm1.ipsectest.com"


def test_a_host_with_everything(inventory_of: ReadInventory, tmp_path: Path) -> None:
    """All settings of a host reach the model, relative paths from the file's folder."""
    inventory = inventory_of(
        HEAD
        + """
hosts:
  vm1:
    role: azure-vm
    fqdn: web1.ipsectest.com.
    addresses: [10.0.1.20, 10.0.1.20, "fd00::1"]
    ou: "OU=Web,OU=IPSecOU,DC=IPSECTEST,DC=com"
    groups: [web]
    variables: {site: west, racks: [1, 2]}
    winrm:
      transport: winrm
      auth: ntlm
      scheme: https
      port: 15986
      ca_file: ca.pem
      address: 127.50.0.2
      connect_timeout: 5s
      deadline: 1h30m
""",
    )

    (host,) = inventory.hosts
    assert host == Host(
        name="vm1",
        role=HostRole.AZURE_VM,
        fqdn="web1.ipsectest.com",
        addresses=host.addresses,
        ou="OU=Web,OU=IPSecOU,DC=IPSECTEST,DC=com",
        groups=frozenset({"web"}),
        variables={"site": "west", "racks": [1, 2]},
        winrm=WinrmSettings(
            transport=MemberTransport.WINRM,
            auth=AuthMethod.NTLM,
            scheme=Scheme.HTTPS,
            port=15986,
            ca_file=str(tmp_path / "ca.pem"),
            address="127.50.0.2",
            connect_timeout_seconds=5,
            deadline_seconds=5400,
        ),
    )
    assert [str(address) for address in host.addresses] == ["10.0.1.20", "fd00::1"]


def test_a_domain_with_everything(inventory_of: ReadInventory, tmp_path: Path) -> None:
    """All settings of the domain reach the model; ~ is the home folder."""
    domain = inventory_of(
        """
domain:
  name: ipsectest.com
  controllers: [dc1, other.ipsectest.com]
  pdc: DC1
  dns_server: 127.50.0.1
  ldap: {transport: ldaps, auth: simple, ca_file: ../ca.pem, port: 1636, address: 127.50.0.1,
         connect_timeout: 3, read_timeout: 1m}
  credentials: {user: admin@IPSECTEST.COM, ccache: run/a.ccache, keytab: ~/k.keytab,
                krb5_conf: /etc/lab.conf, keyring: ipsec}
hosts:
  dc1: {role: domain-controller}
""",
    ).domain

    assert domain.controllers == ("dc1.ipsectest.com", "other.ipsectest.com")
    assert domain.pdc == domain.ldap.server == "dc1.ipsectest.com"
    assert domain.dns_server == "127.50.0.1"
    assert domain.ldap.transport is LdapTransport.LDAPS
    assert domain.ldap.auth is AuthMethod.SIMPLE
    assert Path(domain.ldap.ca_file or "").resolve() == (tmp_path.parent / "ca.pem").resolve()
    assert (domain.ldap.port, domain.ldap.address) == (1636, "127.50.0.1")
    assert (domain.ldap.connect_timeout_seconds, domain.ldap.read_timeout_seconds) == (3, 60)
    assert domain.credentials.user == "admin@IPSECTEST.COM"
    assert domain.credentials.ccache == str(tmp_path / "run" / "a.ccache")
    assert domain.credentials.keytab == str(Path.home() / "k.keytab")
    assert domain.credentials.krb5_conf == "/etc/lab.conf"
    assert domain.credentials.keyring_service == "ipsec"


@pytest.mark.parametrize(
    ("written", "expected"),
    [("FILE:a.ccache", "a.ccache"), ("KEYRING:persistent:0", None), ("KCM:", None)],
)
def test_kerberos_cache_names_are_understood(
    inventory_of: ReadInventory,
    tmp_path: Path,
    written: str,
    expected: str | None,
) -> None:
    """FILE: is a path; caches of other kinds keep their name."""
    text = f"domain: {{name: ipsectest.com, credentials: {{ccache: '{written}'}}}}\n"

    ccache = inventory_of(text).domain.credentials.ccache

    assert ccache == (str(tmp_path / expected) if expected else written)


def test_settings_are_laid_over_each_other(inventory_of: ReadInventory) -> None:
    """Defaults, then the role's, then the groups' (first named wins), then the host's."""
    inventory = inventory_of(
        HEAD
        + """
defaults: {ou: All, winrm: {port: 1, connect_timeout: 7, auth: ntlm}, variables: {a: 1, b: 1}}
roles:
  azure-vm: {winrm: {port: 2}, variables: {b: 2, c: 2}}
groups:
  web: {winrm: {port: 3, scheme: https}, variables: {c: 3, d: 3}, hosts: [VM2]}
  db: {winrm: {port: 4}, ou: Db}
hosts:
  dc1: {role: domain-controller}
  vm1: {role: azure-vm, groups: [WEB, db], winrm: {auth: kerberos}, variables: {d: 4}}
  vm2: {role: azure-vm, winrm: {port: 5}}
""",
    )
    dc1, vm1, vm2 = inventory.hosts

    assert (vm1.winrm.port, vm1.winrm.scheme, vm1.winrm.auth) == (
        3,
        Scheme.HTTPS,
        AuthMethod.KERBEROS,
    )
    assert vm1.winrm.connect_timeout_seconds == 7
    assert vm1.variables == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert vm1.ou == "OU=Db,DC=ipsectest,DC=com"
    assert vm1.groups == {"web", "db"}
    assert vm2.groups == {"web"}
    assert (vm2.winrm.port, vm2.ou) == (5, "OU=All,DC=ipsectest,DC=com")
    assert dc1.ou == "OU=Domain Controllers,DC=ipsectest,DC=com"
    assert dc1.winrm.auth is AuthMethod.NTLM


@pytest.mark.parametrize(
    ("written", "dn"),
    [
        ("IPSecOU", "OU=IPSecOU,DC=ipsectest,DC=com"),
        ("OU=IPSecOU", "OU=IPSecOU,DC=ipsectest,DC=com"),
        ("ou=Web, OU=IPSecOU", "ou=Web,OU=IPSecOU,DC=ipsectest,DC=com"),
        ("CN=Computers", "CN=Computers,DC=ipsectest,DC=com"),
        ("OU=a\\,b,DC=ipsectest,DC=com", "OU=a\\,b,DC=ipsectest,DC=com"),
        ("DC=ipsectest,DC=com", "DC=ipsectest,DC=com"),
    ],
)
def test_ou_in_short_and_long_form(inventory_of: ReadInventory, written: str, dn: str) -> None:
    """An OU without the domain's part gets it."""
    (host,) = inventory_of(f"{HEAD}hosts: {{h: {{role: azure-vm, ou: '{written}'}}}}\n").hosts

    assert host.ou == dn


def test_files_are_merged_in_name_order(tmp_path: Path) -> None:
    """A folder is one inventory; its files count in name order, other files do not count."""
    (tmp_path / "b.yaml").write_text("hosts: {b1: {role: azure-vm}}\nnetworks: {n: 10.0.0.0/8}\n")
    (tmp_path / "a.yml").write_text(HEAD + "hosts: {a1: {role: azure-vm}}\n")
    (tmp_path / "notes.txt").write_text("{")

    inventory = read_inventory([tmp_path, tmp_path / "a.yml"])

    assert [host.fqdn for host in inventory.hosts] == ["a1.ipsectest.com", "b1.ipsectest.com"]
    assert inventory.network("N") is not None
    assert inventory.files == (str(tmp_path / "a.yml"), str(tmp_path / "b.yaml"))


def test_a_file_named_relatively_keeps_its_folder(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Relative paths inside come out absolute even if the file was named relatively."""
    (tmp_path / "inventory").mkdir()
    text = "domain: {name: ipsectest.com, ldap: {ca_file: ca.pem}}\n"
    (tmp_path / "inventory" / "i.yml").write_text(text)
    monkeypatch.chdir(tmp_path)

    inventory = read_inventory([Path("inventory")])

    assert inventory.domain.ldap.ca_file == str(tmp_path / "inventory" / "ca.pem")
    assert inventory.files == (str(Path("inventory") / "i.yml"),)


def test_what_is_in_two_files_twice_names_both_places(tmp_path: Path) -> None:
    """Hosts, networks, groups, roles, defaults and the domain exist once over all files."""
    text = """domain: {name: ipsectest.com}
defaults: {winrm: {port: 1}}
roles: {azure-vm: {ou: x}}
groups: {web: {}}
networks: {azure: 10.0.0.0/8}
hosts:
  vm1: {role: azure-vm}
"""
    first, second = tmp_path / "1.yml", tmp_path / "2.yml"
    first.write_text(text)
    second.write_text(text.replace("vm1", "VM1"))

    with pytest.raises(SpecificationError) as caught:
        read_inventory([tmp_path])

    found = [(problem.file, problem.line, problem.path) for problem in caught.value.problems]
    assert found == [
        (str(second), 1, "domain"),
        (str(second), 2, "defaults"),
        (str(second), 3, "roles.azure-vm"),
        (str(second), 4, "groups.web"),
        (str(second), 5, "networks.azure"),
        (str(second), 7, "hosts.VM1"),
    ]
    assert f"{first}:7:3" in caught.value.problems[-1].message
    assert all(str(first) in problem.message for problem in caught.value.problems)


def test_no_domain_is_a_problem_of_the_whole(tmp_path: Path) -> None:
    """An inventory whose files are all sound but name no domain says that."""
    (tmp_path / "a.yml").write_text("hosts: {vm1: {role: azure-vm}}\n")
    (tmp_path / "b.yml").write_text("networks: {n: 10.0.0.0/8}\n")

    with pytest.raises(SpecificationError) as caught:
        read_inventory([tmp_path])

    assert [problem.path for problem in caught.value.problems] == ["domain"]


def test_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    """One run shows the problems of every file, the unreadable ones among them."""
    (tmp_path / "1.yml").write_text("domain: {name: ipsectest.com\n")
    (tmp_path / "2.yml").write_text("hosts: {vm1: {role: x}, vm2: {rol: azure-vm}}\n")

    with pytest.raises(SpecificationError) as caught:
        read_inventory([tmp_path, tmp_path / "3.yml"])

    files = [Path(problem.file).name for problem in caught.value.problems]
    assert files == ["1.yml", "2.yml", "2.yml", "2.yml", "3.yml"]


PROBLEMS = [
    ("hosts: {vm1: {role: azur-vm}}", (2, 21), "hosts.vm1.role", "Did you mean 'azure-vm'?"),
    ("hosts: {vm1: {rol: azure-vm}}", (2, 9), "hosts.vm1", "'role' is missing: what the host is"),
    ("hosts: {vm1: {role: azure-vm, rol: 1}}", (2, 31), "hosts.vm1.rol", "allowed here are"),
    ("hosst: {}", (2, 1), "hosst", "Did you mean 'hosts'?"),
    ("extra:", (2, 1), "extra", "unknown key 'extra'"),
    ("hosts: [vm1]", (2, 8), "hosts", "must be a mapping (key: value), not a list"),
    ("hosts: {vm 1: {role: azure-vm}}", (2, 9), "hosts.vm 1", "can't be a name"),
    ("hosts: {vm1: azure-vm}", (2, 14), "hosts.vm1", "must be a mapping"),
    ("hosts: {a: {role: azure-vm, fqdn: a_.b..c}}", (2, 35), "hosts.a.fqdn", "not a DNS name"),
    ("hosts: {a: {role: azure-vm, addresses: 1.2.3.4}}", (2, 40), "hosts.a.addresses", "a list"),
    ("hosts: {a: {role: azure-vm, addresses: [1.2.3]}}", (2, 41), "hosts.a.addresses[0]", "IP address"),
    ("hosts: {a: {role: azure-vm, ou: 'OU=x,DC=o'}}", (2, 33), "hosts.a.ou", "not in the domain"),
    ("hosts: {a: {role: azure-vm, ou: 'a;b'}}", (2, 33), "hosts.a.ou", "is no OU"),
    ("hosts: {a: {role: azure-vm, ou: 'OU=a,b'}}", (2, 33), "hosts.a.ou", "no part of a DN"),
    ("hosts: {a: {role: azure-vm, winrm: {auth: simple}}}", (2, 43), "hosts.a.winrm.auth", "ntlm"),
    ("hosts: {a: {role: azure-vm, winrm: {port: 0}}}", (2, 43), "hosts.a.winrm.port", "65535"),
    ("hosts: {a: {role: azure-vm, winrm: {port: '80'}}}", (2, 43), "hosts.a.winrm.port", "65535"),
    ("hosts: {a: {role: azure-vm, winrm: {deadline: 2d}}}", (2, 47), "hosts.a.winrm.deadline", "86400"),
    ("hosts: {a: {role: azure-vm, winrm: {address: 1.2.3}}}", (2, 46), "hosts.a.winrm.address", "IP"),
    ("roles: {azurevm: {}}", (2, 9), "roles.azurevm", "Did you mean 'azure-vm'?"),
    ("networks: {a: 10.0.1.5/24}", (2, 15), "networks.a", "Did you mean '10.0.1.0/24'?"),
    ("networks: {a: 10.0.1.0/33}", (2, 15), "networks.a", "not a subnet"),
    ("networks: {Any: 10.0.1.0/24}", (2, 12), "networks.Any", "something else"),
    ("networks: {10.0.0.1: 10.0.1.0/24}", (2, 12), "networks.10.0.0.1", "something else"),
    ("networks: {a: 10}", (2, 15), "networks.a", "put it in quotes"),
    ("groups: {web: {hosts: [vm9]}}\nhosts: {vm1: {role: azure-vm}}", (2, 24), "groups.web.hosts[0]", "no host 'vm9'"),
    ("groups: {web: {}}\nhosts: {a: {role: azure-vm, groups: [wbe]}}", (3, 38), "hosts.a.groups[0]", "Did you mean 'web'?"),
    ("hosts: {a: {role: azure-vm}, b: {role: azure-vm, fqdn: A.ipsectest.com}}", (2, 56), "hosts.b.fqdn", "has the FQDN"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "path", "fragment"), PROBLEMS)
def test_a_mistake_is_explained_at_its_place(
    inventory_problems: Problems,
    text: str,
    at: tuple[int, int],
    path: str,
    fragment: str,
) -> None:
    """Each mistake gives a problem at the offending key or value that says what is allowed."""
    problems = inventory_problems(HEAD + text)

    found = next(problem for problem in problems if problem.path == path)
    assert (found.line, found.column) == at
    assert fragment in found.message


@pytest.mark.parametrize(
    ("section", "path", "fragment"),
    [
        ("controllers: [dc2]", "domain.controllers[0]", "Did you mean 'dc1'?"),
        ("pdc: vm1", "domain.pdc", "has the role azure-vm"),
        ("ldap: {auth: simple}", "domain.ldap.auth", "ldaps"),
        ("credentials: {keytab: k}", "domain.credentials.keytab", "needs 'user'"),
        ("credentials: {keyring: k}", "domain.credentials.keyring", "needs 'user'"),
        ("dns_server: dc1", "domain.dns_server", "IP address"),
        ("ldap: {ca_file: ~nobody-here/ca.pem}", "domain.ldap.ca_file", "home folder"),
    ],
)
def test_a_mistake_in_the_domain_is_explained(
    inventory_problems: Problems,
    section: str,
    path: str,
    fragment: str,
) -> None:
    """References and combinations inside the domain section are checked."""
    (problem,) = inventory_problems(
        f"domain:\n  name: ipsectest.com\n  {section}\n"
        "hosts: {dc1: {role: domain-controller}, vm1: {role: azure-vm}}\n",
    )

    assert problem.path == path
    assert problem.line == 3
    assert fragment in problem.message


def test_one_mistake_does_not_cause_others(inventory_problems: Problems) -> None:
    """What refers to something unreadable is not reported as well."""
    problems = inventory_problems(
        """
domain: {name: "not a name", controllers: [dc1]}
groups: {web: {hosts: [vm1]}}
hosts:
  dc1: nonsense
  vm1: [nonsense]
  vm2: {role: azure-vm, ou: "OU=x,DC=elsewhere,DC=com"}
""",
    )

    assert [problem.path for problem in problems] == ["domain.name", "hosts.dc1", "hosts.vm1"]


def test_addresses_and_networks_may_be_version_6(inventory_of: ReadInventory) -> None:
    """The inventory says what exists, even where policies can't use it."""
    inventory = inventory_of(HEAD + "networks: {six: 'fd00::/64', one: 10.0.0.1}\n")

    assert [str(network.subnet) for network in inventory.networks] == ["fd00::/64", "10.0.0.1/32"]
    assert IPv4Address("10.0.0.1") in inventory.networks[1].subnet
