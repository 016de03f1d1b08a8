"""The shape of a playbook's ``rollout``: waves, waiting, checks."""

import re
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from ipsec_orchestrator.adapters.specification.fields import (
    Name,
    Section,
    TcpPort,
    Wait,
    quoted,
    wrong,
)
from ipsec_orchestrator.model.rollout import USUAL_PATIENCE_SECONDS, OnFailure, Portion

_PERCENT = re.compile(r"(\d{1,3})\s*%", re.ASCII)
_ALL = 100


def _percent(value: object) -> int | None:
    found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(found[1]) if found else None


def parse_portion(value: object) -> Portion:
    """Read ``5`` or ``"25%"``."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return Portion(hosts=value)
    percent = _percent(value)
    if percent is not None and 1 <= percent <= _ALL:
        return Portion(percent=percent)
    raise wrong("must be a number of hosts (5) or a share of all members from 1% to 100% (25%).")


def parse_share(value: object) -> int:
    """Read ``"10%"`` as 10."""
    percent = _percent(value)
    if percent is not None and percent < _ALL:
        return percent
    raise wrong("must be a share from 0% to 99%, such as 10%.")


def _check_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or any(character.isspace() for character in value):
        raise wrong(f"{quoted(value)} is no address of a page such as http://web1:8080/health.")
    if "@" in urlsplit(value).netloc:
        raise wrong("a user or password must not be in this address.")
    return value


PortionText: TypeAlias = Annotated[
    Portion,
    PlainValidator(parse_portion),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": r"^\s*\d{1,3}\s*%\s*$"},
            ]
        }
    ),
]
ShareText: TypeAlias = Annotated[
    int,
    PlainValidator(parse_share),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d{1,2}\s*%\s*$"}),
]
PageAddress: TypeAlias = Annotated[str, AfterValidator(_check_url)]
Status: TypeAlias = Annotated[int, Field(ge=100, le=599)]


class ConnectionSection(Section):
    """A connection between hosts that has to work after each wave that it concerns."""

    name: Name = Field(description="How it is called in reports.", examples=["portal"])
    source: str = Field(
        description="The hosts that try it, a selector as for --limit.",
        examples=["vm1", "role=azure-vm"],
    )
    target: str | None = Field(
        None,
        description="The host whose port is tried: its name in the inventory; with tcp.",
        examples=["host1"],
    )
    tcp: TcpPort | None = Field(None, description="A TCP port of target.", examples=[8080])
    http: PageAddress | None = Field(
        None,
        description="In place of target and tcp: a page that has to answer.",
        examples=["http://host1.ipsectest.com:8080/"],
    )
    status: Status | None = Field(
        None,
        description="The status with which the page has to answer. Default: any.",
        examples=[200],
    )


class HealthSection(Section):
    """What is looked at after each wave."""

    policy: bool = Field(default=True, description="Each host of the wave has the policy.")
    services: bool = Field(
        default=True, description="The services that enforce it run on each host of the wave."
    )
    management: bool = Field(
        default=True, description="The management port of each answers on a new connection."
    )
    connections: list[ConnectionSection] = Field(
        [],
        description="Connections between hosts that have to work.",
        examples=[[{"name": "portal", "source": "vm1", "target": "host1", "tcp": 8080}]],
    )
    patience: Wait = Field(
        USUAL_PATIENCE_SECONDS,
        description="How long what fails is looked at again before it counts: seconds, or '2m'. "
        "Windows retries a key exchange for about a minute.",
        examples=["2m"],
    )


class RolloutSection(Section):
    """The policy reaches the members in waves, by security filtering on the GPO."""

    canaries: str | None = Field(
        None,
        description="The first wave, a selector as for --limit.",
        examples=["vm1", "group=canary"],
    )
    batches: list[PortionText] = Field(
        [],
        description="Sizes of the waves after the canaries: numbers of hosts, or shares of all "
        "members, rounded up. The last one repeats. Default: all the others in one wave.",
        examples=[[1, "25%", "100%"]],
    )
    batch: PortionText | None = Field(
        None,
        description="In place of batches: one size for every wave.",
        examples=["25%"],
    )
    wait: Wait = Field(
        0,
        description="How long a wave is left alone before it is looked at and the next one "
        "begins: seconds, or '10m'. Not after the last wave.",
        examples=["10m"],
    )
    health: HealthSection = Field(
        default_factory=lambda: HealthSection.model_validate({}),
        description="What is looked at after each wave.",
    )
    on_failure: Annotated[OnFailure, Field(strict=False)] = Field(
        OnFailure.STOP,
        description="stop: the waves so far keep the policy, the others never get it. rollback: "
        "what the run did is taken back.",
    )
    failure_share: ShareText = Field(
        0,
        description="So much of a wave may fail without ending the rollout.",
        examples=["10%"],
        json_schema_extra={"default": "0%"},
    )
