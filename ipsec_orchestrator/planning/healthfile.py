"""Health steps as JSON and back."""

from collections.abc import Mapping

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.rollout import USUAL_PATIENCE_SECONDS, OnFailure
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import ConnectionCheck, HealthStep
from ipsec_orchestrator.planning.json_shapes import mapping, sequence


def health_to_json(step: HealthStep) -> dict[str, Json]:
    """Give everything of a health step but kind, stage and title."""
    return {
        "wave": step.wave,
        "waves": step.waves,
        "hosts": list[Json](step.hosts),
        "wait_seconds": step.wait_seconds,
        "policy": step.policy,
        "services": step.services,
        "management": step.management,
        "connections": [
            {
                "name": check.name,
                "source": check.source,
                "target": check.target,
                "address": check.address,
                "port": check.port,
                "url": check.url,
                "status": check.status,
            }
            for check in step.connections
        ],
        "patience_seconds": step.patience_seconds,
        "failure_share_percent": step.failure_share_percent,
        "on_failure": step.on_failure.value,
    }


def health_from_json(found: Mapping[str, Json], *, stage: Stage, title: str) -> HealthStep:
    """Read what :func:`health_to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: It is no complete step.
    """
    policy = found["policy"]
    return HealthStep(
        stage=stage,
        title=title,
        wave=int(str(found["wave"])),
        waves=int(str(found["waves"])),
        hosts=tuple(str(host) for host in sequence(found["hosts"])),
        wait_seconds=int(str(found["wait_seconds"])),
        policy=None if policy is None else str(policy),
        services=found["services"] is True,
        management=found["management"] is True,
        connections=tuple(
            ConnectionCheck(
                name=str(check["name"]),
                source=str(check["source"]),
                target=str(check["target"]),
                address=str(check["address"]),
                port=_number(check["port"]),
                url=str(check["url"]),
                status=_number(check["status"]),
            )
            for check in map(mapping, sequence(found["connections"]))
        ),
        # The journals of earlier versions do not say it.
        patience_seconds=int(str(found.get("patience_seconds", USUAL_PATIENCE_SECONDS))),
        failure_share_percent=int(str(found["failure_share_percent"])),
        on_failure=OnFailure(str(found["on_failure"])),
    )


def _number(value: Json) -> int | None:
    return None if value is None else int(str(value))
