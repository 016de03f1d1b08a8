"""IPsec policies of a domain or of a member, in the playbook's words."""

from collections.abc import Iterable, Iterator

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.planning.desired import DEFAULT_RESPONSE_NAME, guid_text
from ipsec_orchestrator.planning.shown import Part, ShownPolicy, ShownRule
from ipsec_orchestrator.report.lines import Line, Tone


def policy_lines(policy: ShownPolicy, assigned_to: Iterable[str] = ()) -> Iterator[Line]:
    """Give one policy as indented text."""
    yield Line(f"policy {_name(policy.policy)}", Tone.HEADING)
    yield Line(f"  id: {guid_text(policy.policy.object_id)}")
    assigned = list(assigned_to)
    if assigned:
        yield Line(f"  assigned to: {', '.join(assigned)}", Tone.GOOD)
    if policy.policy.owner_mark:
        yield Line(f"  made by: {policy.policy.owner_mark}")
    yield from _fields(policy.policy, "  ")
    if policy.key_exchange:
        yield from _fields(policy.key_exchange, "  ")
    for shown in policy.rules:
        yield Line(f"  rule {_name(shown.rule)}")
        yield from _fields(shown.rule, "    ")
        for word, part in (
            ("filter list", shown.filter_list),
            ("filter action", shown.filter_action),
        ):
            if part:
                yield Line(f"    {word} {_name(part)}")
                yield from _fields(part, "      ")
    for guid in policy.missing:
        yield Line(f"  refers to {guid_text(guid)}, which is not there", Tone.BAD)


def _name(part: Part) -> str:
    return part.name or DEFAULT_RESPONSE_NAME


def _fields(part: Part, indent: str) -> Iterator[Line]:
    for name, text in part.fields:
        yield Line(f"{indent}{name}: {text}")


def policy_to_json(policy: ShownPolicy, assigned_to: Iterable[str] = ()) -> dict[str, Json]:
    """Give one policy as an object."""
    return {
        **_part(policy.policy),
        "assigned_to": list(assigned_to),
        "key_exchange": _part(policy.key_exchange) if policy.key_exchange else None,
        "rules": [_rule(shown) for shown in policy.rules],
        "missing": [guid_text(guid) for guid in policy.missing],
    }


def _rule(shown: ShownRule) -> dict[str, Json]:
    return {
        **_part(shown.rule),
        "filter_list": _part(shown.filter_list) if shown.filter_list else None,
        "filter_action": _part(shown.filter_action) if shown.filter_action else None,
    }


def _part(part: Part) -> dict[str, Json]:
    return {
        "name": part.name,
        "id": guid_text(part.object_id),
        "settings": dict(part.fields),
    }
