"""Passwords in files: refused with the cure, never repeated."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipsec_orchestrator.errors import Problem

HEAD = "domain: {name: ipsectest.com}\n"
SECRET = "Hunter2-Geheim"  # noqa: S105 - the very thing that must not be repeated

Problems = Callable[[str], list[Problem]]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("domain: {name: ipsectest.com, credentials: {user: u, password: X}}", "domain.credentials.password"),
        ("domain: {name: ipsectest.com, ldap: {bind_pw: X}}", "domain.ldap.bind_pw"),
        ("domain: {name: ipsectest.com, password: [X]}", "domain.password"),
        ("password: X", "password"),
        ("defaults: {variables: {db: {adminPassword: X}}}", "defaults.variables.db.adminPassword"),
        ("defaults: {variables: {Client-Secret: X}}", "defaults.variables.Client-Secret"),
        ("defaults: {variables: {pre_shared_key: X}}", "defaults.variables.pre_shared_key"),
        ("defaults: {variables: {psk: {value: X}}}", "defaults.variables.psk"),
        ("defaults: {variables: {API_TOKEN: X}}", "defaults.variables.API_TOKEN"),
        ("defaults: {variables: {args: [--password=X]}}", "defaults.variables.args[0]"),
        ("defaults: {variables: {note: 'Passwort: X'}}", "defaults.variables.note"),
        ("defaults: {variables: {url: 'https://me:X@host/'}}", "defaults.variables.url"),
        ("domain: {name: ipsectest.com, credentials: {user: 'CORP\\me%X'}}", "domain.credentials.user"),
        ("hosts: {passphrase: X}", "hosts.passphrase"),
        ("networks: {secret: X}", "networks.secret"),
        ("defaults: {variables: {key: '-----BEGIN RSA PRIVATE KEY----- X'}}", "defaults.variables.key"),
    ],
)  # fmt: skip
def test_a_secret_is_refused_without_being_repeated(
    inventory_problems: Problems,
    text: str,
    path: str,
) -> None:
    """Keys that ask for a secret, and texts that hold one, are refused with the cure."""
    head = "" if text.startswith("domain") else HEAD

    (problem,) = inventory_problems(head + text.replace("X", SECRET))

    assert problem.path == path
    assert SECRET not in str(problem)
    for way in ("--user", "environment", "keyring", "keytab"):
        assert way in problem.message


def test_a_secret_in_a_playbook_is_refused(playbook_problems: Problems) -> None:
    """The same goes for playbooks, for instance for a pre-shared key of a rule."""
    problems = playbook_problems(
        f"gpo: {{name: g, ou: IPSecOU}}\n"
        f"policies: [{{name: p, rules: [{{filter_list: a, psk: {SECRET}}}]}}]\n",
    )

    assert "policies[0].rules[0].psk" in [problem.path for problem in problems]
    assert not any(SECRET in str(problem) for problem in problems)


@pytest.mark.parametrize(
    "text",
    [
        "hosts: {secret-srv: {role: azure-vm}, token: {role: azure-vm}}",
        "groups: {password: {}}",
        "networks: {token-ring: 10.0.0.0/8}",
        "defaults: {variables: {tokenizer: x, compass: y, pass_through: z, note: 'no password here'}}",
        "defaults: {variables: {url: 'https://host:8080/x@y'}}",
        "domain: {name: ipsectest.com, credentials: {user: me@IPSECTEST.COM, keyring: service}}",
    ],
)
def test_what_only_sounds_secret_is_allowed(
    inventory_of: Callable[[str], object],
    text: str,
) -> None:
    """Names of hosts, groups and networks, and harmless words, are no secrets."""
    inventory_of(text if text.startswith("domain") else HEAD + text)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    key=st.sampled_from(["password", "Passwort", "db_passwd", "psk", "clientSecret", "token"]),
    place=st.sampled_from(
        ["{key}: {value}", "domain: {{{key}: {value}}}", "hosts: {{h: {{{key}: {value}}}}}"],
    ),
    quotes=st.sampled_from(
        ["{}", "'{}'", '"{}"', "[{}", "{{{}", "!{} x", "*{}", "&{} {}", "|\n {}"]
    ),
)
def test_no_message_holds_the_value(
    inventory_problems: Problems,
    key: str,
    place: str,
    quotes: str,
) -> None:
    """However a secret is written, broken YAML included, no message repeats it."""
    value = quotes.replace("{}", "Sesame99").replace("{{", "{")

    problems = inventory_problems(HEAD + place.format(key=key, value=value))

    assert not any("Sesame99" in str(problem) for problem in problems)
