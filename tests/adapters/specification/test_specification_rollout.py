"""The section ``rollout`` of playbooks: everything it can say, and every mistake explained."""

from collections.abc import Callable

import pytest

from ipsec_orchestrator.errors import Problem
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.rollout import HealthWish, OnFailure, Portion, Rollout, ServiceWish

ReadPlaybook = Callable[[str], Playbook]
Problems = Callable[[str], list[Problem]]

GPO = "gpo: {name: g, ou: IPSecOU}\n"


def test_everything_that_a_rollout_can_say(playbook_of: ReadPlaybook) -> None:
    """Canaries, sizes, waiting, checks and limits are read as they are written."""
    playbook = playbook_of(
        GPO
        + """
rollout:
  canaries: vm1
  batches: [1, 25%, "100 %"]
  wait: 10m
  health:
    services: false
    patience: 2m
    connections:
      - {name: portal, source: role=azure-vm, target: HOST1, tcp: 8080}
      - {name: page, source: vm1, http: "http://host1.ipsectest.com:8080/", status: 200}
  on_failure: rollback
  failure_share: 10%
"""
    )

    assert playbook.rollout == Rollout(
        canaries="vm1",
        batches=(Portion(hosts=1), Portion(percent=25), Portion(percent=100)),
        wait_seconds=600,
        health=HealthWish(
            services=False,
            patience_seconds=120,
            connections=(
                ServiceWish(name="portal", source="role=azure-vm", target="host1", port=8080),
                ServiceWish(
                    name="page",
                    source="vm1",
                    url="http://host1.ipsectest.com:8080/",
                    status=200,
                ),
            ),
        ),
        on_failure=OnFailure.ROLLBACK,
        failure_share_percent=10,
    )


def test_one_size_is_enough(playbook_of: ReadPlaybook) -> None:
    """With ``batch`` every wave has that size; everything else has its default."""
    assert playbook_of(GPO + "rollout: {batch: 25%}\n").rollout == Rollout(
        batches=(Portion(percent=25),)
    )
    assert playbook_of(GPO).rollout is None


@pytest.mark.parametrize(
    ("rollout", "place", "words"),
    [
        ("{}", ":2:1", "needs 'canaries', 'batches' or 'batch'"),
        ("{canarys: vm1}", ":2:11", "Did you mean 'canaries'?"),
        ("{batch: 1, batches: [1]}", ":2:11", "can't stand together"),
        ("{batch: 0}", ":2:18", "must be a number of hosts (5) or a share"),
        ("{batch: 120%}", ":2:18", "from 1% to 100%"),
        ("{batch: half}", ":2:18", "must be a number of hosts"),
        ("{batch: 1, wait: soon}", ":2:27", "must be a duration"),
        ("{batch: 1, wait: 8d}", ":2:27", "allowed are 0 to 604800 seconds"),
        ("{batch: 1, failure_share: 100%}", ":2:36", "from 0% to 99%"),
        ("{batch: 1, on_failure: stopp}", ":2:33", "Did you mean 'stop'?"),
        ("{canaries: vm9}", ":2:21", "no host 'vm9'"),
        ("{canaries: dc1}", ":2:21", "means none of the playbook's members"),
        ("{batch: 1, health: {ports: true}}", ":2:30", "unknown key 'ports'"),
    ],
)
def test_mistakes_are_explained_where_they_are(
    playbook_problems: Problems, rollout: str, place: str, words: str
) -> None:
    """Line, column, what is wrong and what was probably meant."""
    (problem,) = playbook_problems(f"{GPO}rollout: {rollout}\n")

    assert words in str(problem)
    assert place in str(problem)


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        ("{name: x, source: vm1}", "'target' is missing"),
        ("{name: x, source: vm1, target: host1}", "'tcp' is missing"),
        ("{name: x, source: vm1, target: host9, tcp: 80}", "no host 'host9'. Did you mean"),
        ("{name: x, source: vm9, target: host1, tcp: 80}", "no host 'vm9'"),
        ("{name: x, source: vm1, target: host1, tcp: 0}", "port number from 1 to 65535"),
        ("{name: x, source: vm1, target: host1, tcp: 80, status: 200}", "belongs to 'http'"),
        ("{name: x, source: vm1, tcp: 80, http: 'http://a/'}", "can't stand together"),
        ("{name: x, source: vm1, http: 'ftp://a/'}", "no address of a page"),
        ("{name: x, source: vm1, http: 'http://u:p@a/'}", "must not be in this file"),
        ("{source: vm1, http: 'http://a/'}", "the key 'name' is missing"),
    ],
)
def test_connections_are_checked(playbook_problems: Problems, connection: str, words: str) -> None:
    """A connection names who tries what, and each of the two ways wants its own keys."""
    problems = playbook_problems(
        f"{GPO}rollout: {{batch: 1, health: {{connections: [{connection}]}}}}\n"
    )

    assert any(words in str(problem) for problem in problems), problems


def test_names_of_connections_are_unique(playbook_problems: Problems) -> None:
    """Two connections of one name could not be told apart in a report."""
    one, other = (
        "{name: Portal, source: vm1, http: 'http://a/'}",
        "{name: portal, source: vm1, http: 'http://b/'}",
    )
    (problem,) = playbook_problems(
        f"{GPO}rollout: {{batch: 1, health: {{connections: [{one}, {other}]}}}}\n"
    )

    assert "another connection has this name" in str(problem)
