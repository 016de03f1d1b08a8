"""Safety in the JSON of plans, both ways; with it a saved plan says what was accepted."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from ipsec_orchestrator.model.active_policy import ActivePolicy, ActiveRule
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.plan import Danger, DangerCode, Risk, Safety
from ipsec_orchestrator.model.policy import (
    Authentication,
    Cipher,
    ConnectionType,
    Endpoint,
    Filter,
    FilterAction,
    FilterActionKind,
    Integrity,
    NamedEndpoint,
    Rule,
    SecurityMethod,
)
from ipsec_orchestrator.planning.stepfile import mapping, sequence


def safety_to_json(safety: Safety | None) -> dict[str, Json]:
    """Give the keys ``administration``, ``risks`` and ``dangers`` of a plan."""
    if safety is None:
        return {"administration": None, "risks": [], "dangers": []}
    return {
        "administration": {
            "flows": safety.flows,
            "likely": safety.likely,
            "members": list(safety.members),
            "strangers": safety.strangers,
            "policy": _policy_to_json(safety.policy) if safety.policy else None,
        },
        "risks": [
            {
                "risk": risk.word,
                "flow": risk.flow,
                "host": risk.host,
                "verdict": risk.verdict,
                "rules": list(risk.rules),
                "filters": list(risk.filters),
                "text": risk.text,
                "cure": risk.cure,
                "can_be_accepted": risk.can_be_accepted,
                "accepted": risk.is_accepted,
            }
            for risk in safety.risks
        ],
        "dangers": [
            {
                "code": danger.code.value,
                "text": danger.text,
                "option": danger.option,
                "confirmed": danger.is_confirmed,
            }
            for danger in safety.dangers
        ],
    }


def safety_from_json(body: Mapping[str, Json]) -> Safety | None:
    """Read them back.

    Raises:
        KeyError: Something is missing.
        TypeError: Something is of another kind.
        ValueError: A word is unknown.
    """
    risks, dangers = sequence(body["risks"]), sequence(body["dangers"])
    if body["administration"] is None:
        return None
    found = mapping(body["administration"])
    return Safety(
        policy=None if found["policy"] is None else _policy(mapping(found["policy"])),
        members=tuple(str(name) for name in sequence(found["members"])),
        strangers=_number(found["strangers"]),
        flows=_number(found["flows"]),
        likely=_number(found["likely"]),
        risks=tuple(_risk(mapping(risk)) for risk in risks),
        dangers=tuple(_danger(mapping(danger)) for danger in dangers),
    )


def _risk(found: Mapping[str, Json]) -> Risk:
    return Risk(
        word=str(found["risk"]),
        flow=str(found["flow"]),
        host=str(found["host"]),
        verdict=str(found["verdict"]),
        rules=tuple(str(name) for name in sequence(found["rules"])),
        filters=tuple(str(words) for words in sequence(found["filters"])),
        text=str(found["text"]),
        cure=str(found["cure"]),
        can_be_accepted=found["can_be_accepted"] is True,
        is_accepted=found["accepted"] is True,
    )


def _danger(found: Mapping[str, Json]) -> Danger:
    return Danger(
        code=DangerCode(str(found["code"])),
        text=str(found["text"]),
        option=str(found["option"]),
        is_confirmed=found["confirmed"] is True,
    )


def _policy_to_json(policy: ActivePolicy) -> dict[str, Json]:
    return {
        "name": policy.name,
        "rules": [
            {
                "name": active.rule.name,
                "filter_list": active.rule.filter_list,
                "connection": active.rule.connection_type.value,
                "authentication": [method.value for method in active.rule.authentication],
                "filter_action": {
                    "name": active.action.name,
                    "action": active.action.kind.value,
                    "accept_inbound": active.action.accept_unsecured,
                    "allow_fallback": active.action.allow_fallback,
                    "pfs": active.action.pfs,
                    "methods": [_method_to_json(method) for method in active.action.methods],
                },
                "filters": [
                    {
                        "source": _end_to_json(found.source),
                        "destination": _end_to_json(found.destination),
                        "protocol": found.protocol,
                        "source_port": found.source_port,
                        "destination_port": found.destination_port,
                        "mirrored": found.mirrored,
                    }
                    for found in active.filters
                ],
            }
            for active in policy.rules
        ],
    }


def _policy(found: Mapping[str, Json]) -> ActivePolicy:
    return ActivePolicy(
        name=str(found["name"]),
        rules=tuple(_rule(mapping(rule)) for rule in sequence(found["rules"])),
    )


def _rule(found: Mapping[str, Json]) -> ActiveRule:
    action = mapping(found["filter_action"])
    return ActiveRule(
        rule=Rule(
            name=str(found["name"]),
            filter_list=str(found["filter_list"]),
            filter_action=str(action["name"]),
            connection_type=ConnectionType(str(found["connection"])),
            authentication=tuple(
                Authentication(str(word)) for word in sequence(found["authentication"])
            ),
        ),
        action=FilterAction(
            name=str(action["name"]),
            kind=FilterActionKind(str(action["action"])),
            accept_unsecured=action["accept_inbound"] is True,
            allow_fallback=action["allow_fallback"] is True,
            pfs=action["pfs"] is True,
            methods=tuple(_method(mapping(m)) for m in sequence(action["methods"])),
        ),
        filters=tuple(_filter(mapping(f)) for f in sequence(found["filters"])),
    )


def _filter(found: Mapping[str, Json]) -> Filter:
    return Filter(
        source=_end(str(found["source"])),
        destination=_end(str(found["destination"])),
        protocol=_number(found["protocol"]),
        source_port=_number(found["source_port"]),
        destination_port=_number(found["destination_port"]),
        mirrored=found["mirrored"] is True,
    )


def _method_to_json(method: SecurityMethod) -> dict[str, Json]:
    return {
        "esp": [word.value for word in method.esp] if method.esp else None,
        "ah": method.ah.value if method.ah else None,
        "lifetime_kilobytes": method.lifetime_kilobytes,
        "lifetime_seconds": method.lifetime_seconds,
    }


def _method(found: Mapping[str, Json]) -> SecurityMethod:
    esp = None
    if found["esp"] is not None:
        cipher, integrity = sequence(found["esp"])
        esp = Cipher(str(cipher)), Integrity(str(integrity))
    return SecurityMethod(
        esp=esp,
        ah=None if found["ah"] is None else Integrity(str(found["ah"])),
        lifetime_kilobytes=_number(found["lifetime_kilobytes"]),
        lifetime_seconds=_number(found["lifetime_seconds"]),
    )


def _end_to_json(end: Endpoint) -> str:
    return end.value if isinstance(end, NamedEndpoint) else str(end)


def _end(text: str) -> Endpoint:
    if text in tuple(NamedEndpoint):
        return NamedEndpoint(text)
    return ip_network(text) if "/" in text else ip_address(text)


def _number(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is no number")
    return value
