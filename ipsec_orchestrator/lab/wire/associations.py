"""Security associations as the guest's kernel and charon tell them, parsed. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TypeAlias

_Tree: TypeAlias = "dict[str, str | _Tree]"

_HEAD = re.compile(r"^src (?P<source>\S+) dst (?P<destination>\S+)$")
_PROTOCOL = re.compile(
    r"^\tproto (?P<protocol>\S+) spi (?P<spi>0x[0-9a-f]+)\S* reqid (?P<request>\d+)\S* mode (?P<mode>\S+)"
)
_ALGORITHM = re.compile(r"^\t(?P<kind>auth-trunc|auth|enc) (?P<name>\S+) ")
_USED = re.compile(r"^\t  (?P<bytes>\d+)\(bytes\), (?P<packets>\d+)\(packets\)$")
_TOKEN = re.compile(
    r"\s*(?:(?P<close>\})"
    r"|(?P<open>[^\s={}]+) \{"
    r"|(?P<key>[^\s={}]+)=(?P<value>\[(?:[^\[\]]|\[[^\]]*\])*\]|[^\s{}]*))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelState:
    """One security association of the kernel; there are two for each that was negotiated.

    Attributes:
        source: Where its packets come from.
        destination: Where they go.
        protocol: ``esp`` or ``ah``.
        spi: Security parameters index, as in its packets on the wire.
        request_id: Joins it to the policy that asked for it.
        mode: ``transport`` or ``tunnel``.
        cipher: In the kernel's words, for example ``cbc(des3_ede)``; empty for AH.
        integrity: In the kernel's words, for example ``hmac(sha1)``.
        payload_bytes: Carried so far.
        packets: Carried so far.
    """

    source: IPv4Address
    destination: IPv4Address
    protocol: str
    spi: int
    request_id: int
    mode: str
    cipher: str
    integrity: str
    payload_bytes: int
    packets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickMode:
    """One pair of security associations as charon sees it.

    Attributes:
        name: Of the child.
        request_id: Joins it to kernel policies.
        protocol: ``ESP`` or ``AH``.
        spi_in: Of packets that come.
        spi_out: Of packets that go.
        cipher: In charon's words, for example ``3DES_CBC``; empty for AH.
        integrity: In charon's words, for example ``HMAC_SHA1_96``.
        group: Of perfect forward secrecy, for example ``MODP_1024``; empty without.
        bytes_in: Payload that came.
        packets_in: Packets that came.
        bytes_out: Payload that went.
        packets_out: Packets that went.
        local_selector: Traffic on this side, for example ``10.2.27.10/32[tcp/http-alt]``.
        remote_selector: Traffic on the other side.
        age_seconds: Since it was made.
        lifetime_seconds: How long it still has.
    """

    name: str
    request_id: int
    protocol: str
    spi_in: int
    spi_out: int
    cipher: str
    integrity: str
    group: str
    bytes_in: int
    packets_in: int
    bytes_out: int
    packets_out: int
    local_selector: str
    remote_selector: str
    age_seconds: int
    lifetime_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MainMode:
    """One IKE association.

    Attributes:
        local: This side.
        remote: The peer.
        is_established: It is up; otherwise it is being negotiated.
        is_initiator: This side began.
        initiator_cookie: 16 hexadecimal digits, as on the wire.
        responder_cookie: 16 hexadecimal digits.
        cipher: In charon's words.
        integrity: In charon's words.
        group: Diffie-Hellman group, for example ``MODP_1024``.
        age_seconds: Since it is up.
        quick_modes: What hangs on it.
    """

    local: IPv4Address
    remote: IPv4Address
    is_established: bool
    is_initiator: bool
    initiator_cookie: str
    responder_cookie: str
    cipher: str
    integrity: str
    group: str
    age_seconds: int
    quick_modes: tuple[QuickMode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Associations:
    """Everything at one moment.

    Attributes:
        main_modes: Of charon.
        states: Of the kernel; half-made ones are left out.
    """

    main_modes: tuple[MainMode, ...]
    states: tuple[KernelState, ...]

    @property
    def quick_modes(self) -> tuple[QuickMode, ...]:
        """All quick modes of all main modes."""
        return tuple(quick for main in self.main_modes for quick in main.quick_modes)


def parse_associations(states: str, daemon: str) -> Associations:
    """Read the texts of ``ip -s xfrm state list nokeys`` and ``swanctl --list-sas --raw``."""
    return Associations(
        main_modes=tuple(_main_modes(daemon)),
        states=tuple(state for state in _states(states) if state.spi and state.integrity),
    )


def _states(text: str) -> Iterator[KernelState]:
    fields: dict[str, str] = {}
    for line in [*text.splitlines(), "src end dst end"]:
        head = _HEAD.match(line)
        if head is not None:
            if "spi" in fields:
                yield _state(fields)
            fields = dict(head.groupdict())
        elif (found := _PROTOCOL.match(line)) is not None:
            fields |= found.groupdict()
        elif (found := _ALGORITHM.match(line)) is not None:
            fields["cipher" if found["kind"] == "enc" else "integrity"] = found["name"]
        elif (found := _USED.match(line)) is not None:
            fields |= found.groupdict()


def _state(fields: Mapping[str, str]) -> KernelState:
    return KernelState(
        source=IPv4Address(fields["source"]),
        destination=IPv4Address(fields["destination"]),
        protocol=fields["protocol"],
        spi=int(fields["spi"], 16),
        request_id=int(fields["request"]),
        mode=fields["mode"],
        cipher=fields.get("cipher", ""),
        integrity=fields.get("integrity", ""),
        payload_bytes=int(fields.get("bytes", "0")),
        packets=int(fields.get("packets", "0")),
    )


def _main_modes(text: str) -> Iterator[MainMode]:
    for line in text.splitlines():
        _, event, rest = line.partition("list-sa event {")
        for found in _parse(rest)[0].values() if event else ():
            if isinstance(found, dict):
                yield _main_mode(found)


def _main_mode(tree: _Tree) -> MainMode:
    children = tree.get("child-sas", {})
    return MainMode(
        local=IPv4Address(_text(tree, "local-host")),
        remote=IPv4Address(_text(tree, "remote-host")),
        is_established=_text(tree, "state") == "ESTABLISHED",
        is_initiator=_text(tree, "initiator") == "yes",
        initiator_cookie=_text(tree, "initiator-spi"),
        responder_cookie=_text(tree, "responder-spi"),
        cipher=_text(tree, "encr-alg"),
        integrity=_text(tree, "integ-alg"),
        group=_text(tree, "dh-group"),
        age_seconds=_number(tree, "established"),
        quick_modes=tuple(
            _quick_mode(child)
            for child in (children.values() if isinstance(children, dict) else ())
            if isinstance(child, dict)
        ),
    )


def _quick_mode(tree: _Tree) -> QuickMode:
    return QuickMode(
        name=_text(tree, "name"),
        request_id=_number(tree, "reqid"),
        protocol=_text(tree, "protocol"),
        spi_in=int(_text(tree, "spi-in") or "0", 16),
        spi_out=int(_text(tree, "spi-out") or "0", 16),
        cipher=_text(tree, "encr-alg"),
        integrity=_text(tree, "integ-alg"),
        group=_text(tree, "dh-group"),
        bytes_in=_number(tree, "bytes-in"),
        packets_in=_number(tree, "packets-in"),
        bytes_out=_number(tree, "bytes-out"),
        packets_out=_number(tree, "packets-out"),
        local_selector=_text(tree, "local-ts")[1:-1],
        remote_selector=_text(tree, "remote-ts")[1:-1],
        age_seconds=_number(tree, "install-time"),
        lifetime_seconds=_number(tree, "life-time"),
    )


def _parse(text: str, start: int = 0) -> tuple[_Tree, int]:
    """Read ``key=value name {...} }`` up to the closing brace; give the tree and where it ended."""
    tree: _Tree = {}
    while (token := _TOKEN.match(text, start)) is not None:
        start = token.end()
        if token["close"]:
            break
        if token["open"]:
            tree[token["open"]], start = _parse(text, start)
        else:
            tree[token["key"]] = token["value"]
    return tree, start


def _text(tree: _Tree, key: str) -> str:
    value = tree.get(key, "")
    return value if isinstance(value, str) else ""


def _number(tree: _Tree, key: str) -> int:
    return int(_text(tree, key) or "0")
