"""A plan as a JSON document and back, with a digest over all of it."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, cast
from uuid import UUID

from ipsec_orchestrator.errors import PlanFileError
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.plan import (
    Action,
    Basis,
    BasisObject,
    Caution,
    Change,
    FieldChange,
    Plan,
    Purpose,
)
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.planning.lockout.safetyfile import safety_from_json, safety_to_json
from ipsec_orchestrator.planning.plan_secrets import refuse_secrets
from ipsec_orchestrator.planning.stepfile import (
    attributes_from_json,
    attributes_to_json,
    mapping,
    sequence,
    step_from_json,
    step_to_json,
)

FORMAT: Final = "ipsec_orchestrator/plan"
FORMAT_VERSION: Final = 2


def plan_to_json(plan: Plan) -> dict[str, Json]:
    """Give the plan as a document; equal plans give equal documents, byte for byte."""
    body: dict[str, Json] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "purpose": plan.purpose.value,
        "basis": {
            "domain": plan.basis.domain,
            "dc": plan.basis.dc,
            "invocation_id": _optional(plan.basis.invocation_id),
            "playbook": plan.basis.playbook,
            "gpo": plan.basis.gpo,
            "tool_version": plan.basis.tool_version,
            "objects": [_object_to_json(found) for found in plan.basis.objects],
        },
        "warnings": [{"code": w.code, "text": w.text} for w in plan.warnings],
        "changes": [change_to_json(change) for change in plan.changes],
        "steps": [step_to_json(step) for step in plan.steps],
        **safety_to_json(plan.safety),
    }
    return {**body, "digest": _digest(body)}


def plan_text(plan: Plan) -> str:
    """Give the plan as the text of a plan file.

    Raises:
        SecretInPlanError: It would hold a secret.
    """
    refuse_secrets(plan)
    return json.dumps(plan_to_json(plan), indent=2, ensure_ascii=False) + "\n"


def digest_of(plan: Plan) -> str:
    """Give the digest of a plan, as it stands in its file."""
    return str(plan_to_json(plan)["digest"])


def is_plan_text(text: str) -> bool:
    """Tell whether a file looks like a plan rather than a playbook, damaged or not."""
    return text.lstrip("\ufeff \t\r\n").startswith("{") and FORMAT in text[:400]


def is_playbook_json(text: str) -> bool:
    """Tell whether JSON text is a playbook, which may be written so as well, and no plan."""
    try:
        loaded = cast("Json", json.loads(text))
    except (ValueError, RecursionError):
        return False
    return isinstance(loaded, Mapping) and "gpo" in loaded and "steps" not in loaded


def parse_plan(text: str, name: str) -> Plan:
    """Read a plan file; ``name`` is what messages call it.

    Raises:
        PlanFileError: It is no plan, of another format version, or was changed after it was made.
    """
    try:
        loaded = cast("Json", json.loads(text))
    except json.JSONDecodeError as error:
        raise PlanFileError(
            f"{name}:{error.lineno}:{error.colno}: not JSON, or cut short: {error.msg}.",
            cure="Make the plan again with orchestrate plan --out.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise PlanFileError(f"{name}: not a plan of this program.") from error
    if not isinstance(loaded, Mapping) or loaded.get("format") != FORMAT:
        raise PlanFileError(f"{name}: not a plan of this program.")
    if loaded.get("format_version") != FORMAT_VERSION:
        raise PlanFileError(
            f"{name}: plan format {loaded.get('format_version')}, this program reads "
            f"{FORMAT_VERSION}.",
            cure="Make the plan again with this version.",
        )
    body = {key: value for key, value in loaded.items() if key != "digest"}
    if loaded.get("digest") != _digest(body):
        raise PlanFileError(
            f"{name}: the digest does not fit, so the file was changed after it was made.",
            cure="Change the playbook and plan again; a plan is not edited by hand.",
        )
    try:
        return _plan(body)
    except (KeyError, TypeError, ValueError) as error:
        raise PlanFileError(f"{name}: not a complete plan: {error}.") from error


def _digest(body: Mapping[str, Json]) -> str:
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()


def _object_to_json(found: BasisObject) -> dict[str, Json]:
    return {
        "dn": found.dn,
        "guid": _optional(found.guid),
        "usn": found.usn,
        "content": found.content,
        "attributes": attributes_to_json(found.attributes),
    }


def _object(found: Mapping[str, Json]) -> BasisObject:
    number = found["usn"]
    known = BasisObject(
        dn=str(found["dn"]),
        guid=_uuid(found["guid"]),
        usn=None if number is None else int(str(number)),
        attributes=attributes_from_json(found["attributes"]),
    )
    if known.content != found["content"]:
        message = f"the hash of {known.dn} does not fit its attributes"
        raise ValueError(message)
    return known


def _optional(found: UUID | None) -> str | None:
    return None if found is None else str(found)


def _uuid(value: Json) -> UUID | None:
    return None if value is None else UUID(str(value))


def _plan(body: Mapping[str, Json]) -> Plan:
    basis = mapping(body["basis"])
    return Plan(
        purpose=Purpose(str(body["purpose"])),
        basis=Basis(
            domain=str(basis["domain"]),
            dc=str(basis["dc"]),
            invocation_id=_uuid(basis["invocation_id"]),
            playbook=str(basis["playbook"]),
            gpo=str(basis["gpo"]),
            tool_version=str(basis["tool_version"]),
            objects=tuple(_object(mapping(found)) for found in sequence(basis["objects"])),
        ),
        changes=tuple(_change(mapping(found)) for found in sequence(body["changes"])),
        steps=tuple(step_from_json(mapping(found)) for found in sequence(body["steps"])),
        warnings=tuple(
            Caution(code=str(found["code"]), text=str(found["text"]))
            for found in map(mapping, sequence(body["warnings"]))
        ),
        safety=safety_from_json(body),
    )


def change_to_json(change: Change) -> dict[str, Json]:
    """Give a change as it stands in plan files and in ``--json``."""
    return {
        "stage": change.stage.value,
        "action": change.action.value,
        "kind": change.kind,
        "name": change.name,
        "object": change.object,
        "fields": [{"field": f.field, "old": f.old, "new": f.new} for f in change.fields],
        "reason": change.reason,
    }


def _change(found: Mapping[str, Json]) -> Change:
    return Change(
        stage=Stage(str(found["stage"])),
        action=Action(str(found["action"])),
        kind=str(found["kind"]),
        name=str(found["name"]),
        object=str(found["object"]),
        fields=tuple(
            FieldChange(field=str(f["field"]), old=_text(f["old"]), new=_text(f["new"]))
            for f in map(mapping, sequence(found["fields"]))
        ),
        reason=str(found["reason"]),
    )


def _text(value: Json) -> str | None:
    return None if value is None else str(value)
