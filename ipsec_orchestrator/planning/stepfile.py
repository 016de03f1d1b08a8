"""Steps as JSON and back, for plan files and journals."""

import base64
from collections.abc import Mapping
from typing import assert_never
from uuid import UUID

from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import (
    DeadManStep,
    EntryStep,
    FilteringStep,
    GpoStep,
    HealthStep,
    MemberStep,
    Step,
    TemplateAccessStep,
    TemplateVersionStep,
    WebPart,
    WebStep,
)
from ipsec_orchestrator.planning.healthfile import health_from_json, health_to_json
from ipsec_orchestrator.planning.json_shapes import mapping, sequence

__all__ = [
    "attributes_from_json",
    "attributes_to_json",
    "mapping",
    "sequence",
    "step_from_json",
    "step_to_json",
]


def step_to_json(step: Step) -> dict[str, Json]:  # noqa: PLR0911 - one a kind of step
    """Give a step as an object whose ``kind`` tells what it is."""
    head: dict[str, Json] = {"stage": step.stage.value, "title": step.title}
    match step:
        case EntryStep():
            return {
                "kind": "entry",
                **head,
                "dn": step.dn,
                "before": attributes_to_json(step.before),
                "after": attributes_to_json(step.after),
            }
        case GpoStep():
            return {
                "kind": "gpo",
                **head,
                "name": step.name,
                "gpo_id": str(step.gpo_id),
                "via": step.via.value,
                "comment": step.comment,
                "before": step.before,
                "after": step.after,
            }
        case TemplateVersionStep():
            return {
                "kind": "template-version",
                **head,
                "gpo_id": str(step.gpo_id),
                "via": step.via.value,
                "before": step.before,
                "after": step.after,
            }
        case FilteringStep():
            return {
                "kind": "filtering",
                **head,
                "dn": step.dn,
                "before": _sids_to_json(step.before),
                "after": _sids_to_json(step.after),
            }
        case TemplateAccessStep():
            return {
                "kind": "template-access",
                **head,
                "dn": step.dn,
                "gpo_id": str(step.gpo_id),
                "via": step.via.value,
                "before": _sids_to_json(step.before),
                "after": _sids_to_json(step.after),
            }
        case MemberStep():
            return {
                "kind": "member",
                **head,
                "host": step.host,
                "before": step.before,
                "after": step.after,
                **({} if step.wave is None else {"wave": step.wave}),
            }
        case DeadManStep():
            return {
                "kind": "dead-man",
                **head,
                "host": step.host,
                "before": step.before,
                "after": step.after,
            }
        case HealthStep():
            return {"kind": "health", **head, **health_to_json(step)}
        case WebStep():
            return {
                "kind": "web",
                **head,
                "host": step.host,
                "part": step.part.name.lower(),
                "port": step.port,
                "peers": list[Json](step.peers),
                "sizes": list[Json](step.sizes),
                "before": step.before,
                "after": step.after,
            }
        case _:
            assert_never(step)


def step_from_json(found: Mapping[str, Json]) -> Step:  # noqa: PLR0911 - one a kind of step
    """Read what :func:`step_to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: It is no complete step.
    """
    kind, stage, title = str(found["kind"]), Stage(str(found["stage"])), str(found["title"])
    match kind:
        case "entry":
            return EntryStep(
                stage=stage,
                title=title,
                dn=str(found["dn"]),
                before=attributes_from_json(found["before"]),
                after=attributes_from_json(found["after"]),
            )
        case "gpo":
            return GpoStep(
                stage=stage,
                title=title,
                name=str(found["name"]),
                gpo_id=UUID(str(found["gpo_id"])),
                via=GpoVia(str(found["via"])),
                comment=str(found["comment"]),
                before=found["before"] is True,
                after=found["after"] is True,
            )
        case "template-version":
            return TemplateVersionStep(
                stage=stage,
                title=title,
                gpo_id=UUID(str(found["gpo_id"])),
                via=GpoVia(str(found["via"])),
                before=int(str(found["before"])),
                after=int(str(found["after"])),
            )
        case "filtering":
            return FilteringStep(
                stage=stage,
                title=title,
                dn=str(found["dn"]),
                before=_sids(found["before"]),
                after=_sids(found["after"]),
            )
        case "template-access":
            return TemplateAccessStep(
                stage=stage,
                title=title,
                dn=str(found["dn"]),
                gpo_id=UUID(str(found["gpo_id"])),
                via=GpoVia(str(found["via"])),
                before=_sids(found["before"]),
                after=_sids(found["after"]),
            )
        case "member":
            wave = found.get("wave")
            return MemberStep(
                stage=stage,
                title=title,
                host=str(found["host"]),
                before=_policy(found["before"]),
                after=_policy(found["after"]),
                wave=None if wave is None else int(str(wave)),
            )
        case "dead-man":
            return DeadManStep(
                stage=stage,
                title=title,
                host=str(found["host"]),
                before=_seconds(found["before"]),
                after=_seconds(found["after"]),
            )
        case "health":
            return health_from_json(found, stage=stage, title=title)
        case "web":
            return WebStep(
                stage=stage,
                title=title,
                host=str(found["host"]),
                part=WebPart[str(found["part"]).upper()],
                port=int(str(found["port"])),
                peers=tuple(str(peer) for peer in sequence(found["peers"])),
                sizes=tuple(int(str(size)) for size in sequence(found["sizes"])),
                before=found["before"] is True,
                after=found["after"] is True,
            )
        case _:
            message = f"{kind!r} is no kind of step"
            raise ValueError(message)


def _sids_to_json(sids: tuple[str, ...] | None) -> Json:
    return None if sids is None else list[Json](sids)


def _sids(value: Json) -> tuple[str, ...] | None:
    return None if value is None else tuple(str(sid) for sid in sequence(value))


def _policy(value: Json) -> str | None:
    return None if value is None else str(value)


def _seconds(value: Json) -> int | None:
    return None if value is None else int(str(value))


def attributes_to_json(attributes: Attributes | None) -> Json:
    """Give attributes as JSON: text where it is text, else base64; ``None`` is no object."""
    if attributes is None:
        return None
    return {name: [_value(v) for v in values] for name, values in attributes.items()}


def _value(value: bytes) -> Json:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() and (text or not value):
        return text
    return {"base64": base64.b64encode(value).decode()}


def attributes_from_json(found: Json) -> Attributes | None:
    """Read what :func:`attributes_to_json` wrote."""
    if found is None:
        return None
    return Attributes(
        {name: [_bytes(v) for v in sequence(values)] for name, values in mapping(found).items()},
    )


def _bytes(value: Json) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return base64.b64decode(str(mapping(value)["base64"]), validate=True)
