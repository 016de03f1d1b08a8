"""The shape of the inventory's ``administration`` section."""

import re
from typing import Annotated, TypeAlias

from pydantic import Field, PlainValidator, WithJsonSchema

from ipsec_orchestrator.adapters.specification.fields import (
    IpAddress,
    Label,
    Section,
    quoted,
    wrong,
)
from ipsec_orchestrator.adapters.specification.traffic import ProtocolWord

_HIGHEST_PORT = 0xFFFF
_RANGE = re.compile(r"(\d{1,5})\s*-\s*(\d{1,5})", re.ASCII)


def _ports(value: object) -> tuple[int, int]:
    if isinstance(value, str) and value.casefold() == "any":
        return 0, _HIGHEST_PORT
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _HIGHEST_PORT:
        return value, value
    found = _RANGE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found and 1 <= int(found[1]) <= int(found[2]) <= _HIGHEST_PORT:
        return int(found[1]), int(found[2])
    raise wrong(
        f"{quoted(value)} is no port; allowed are 'any', 1 to {_HIGHEST_PORT}, and a range such "
        "as '5000-5010'.",
    )


PortsWord: TypeAlias = Annotated[
    tuple[int, int],
    PlainValidator(_ports),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "any"},
                {"type": "integer", "minimum": 1, "maximum": _HIGHEST_PORT},
                {"type": "string", "pattern": r"^\s*\d{1,5}\s*-\s*\d{1,5}\s*$"},
            ],
        },
    ),
]


class AdministrationFlowSection(Section):
    """A flow that has to stay open."""

    name: Label = Field(
        description="Its word in --accept-risk, followed by the host.", examples=["backup"]
    )
    source: str = Field(
        description="Who begins: the name of a host or network, an address, a subnet, or one of "
        "the words members, workstations, controllers, any.",
        examples=["10.9.0.30"],
    )
    destination: str = Field(
        description="Who answers; the same words as for the source.", examples=["members"]
    )
    protocol: ProtocolWord = Field(description="As in filters.", examples=["tcp"])
    port: PortsWord = Field(
        (0, _HIGHEST_PORT),
        description="Port of the destination, a range such as '5000-5010', or any.",
        examples=[443, "5000-5010"],
    )


class AdministrationSection(Section):
    """What administration needs; a plan that would close it is refused."""

    workstations: list[IpAddress] = Field(
        [],
        description="Addresses from which hosts are administered. Default: that of the machine "
        "where the command runs.",
        examples=[["10.9.0.7"]],
    )
    rdp: bool = Field(
        False,  # noqa: FBT003 - a default
        description="Whether Remote Desktop from the workstations has to stay open.",
    )
    dhcp_servers: list[IpAddress] | None = Field(
        None,
        description="The DHCP servers of hosts that are no Azure VMs; empty where addresses are "
        "fixed. Default: any address may be one.",
        examples=[["10.2.27.4"]],
    )
    flows: list[AdministrationFlowSection] = Field(
        [],
        description="What else has to stay open.",
        examples=[
            [
                {
                    "name": "backup",
                    "source": "10.9.0.30",
                    "destination": "members",
                    "protocol": "tcp",
                    "port": 10000,
                }
            ]
        ],
    )
