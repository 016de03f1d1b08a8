"""Kubernetes: a CronJob, its files in a ConfigMap, and a claim for its state.

The pod keeps to the Pod Security Standard *restricted*, and its root file system can't be written.
Secrets are named, never contained.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import PurePath
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.schedule import Schedule, ScheduleFile
from ipsec_orchestrator.planning.schedule.command import USER_VARIABLE, pass_arguments
from ipsec_orchestrator.planning.schedule.credential_names import DIRECTORY_VARIABLE, NOTIFY
from ipsec_orchestrator.planning.schedule.mark import comment_lines
from ipsec_orchestrator.planning.schedule.timing import cron_fields

_FILES: Final = "/etc/ipsec-orchestrator"
_CREDENTIALS: Final = "/run/credentials"
_STATE: Final = "/var/lib/ipsec-orchestrator"
# The user of "distroless" images: any number that is nobody's will do.
_NOBODY: Final = 65532
# etcd takes objects of 1.5 MiB, the API server ConfigMaps of 1 MiB.
_LARGEST_BYTES: Final = 1_000_000
# So long after the time at which it was due a pass that could not be started is still started.
_STARTING_DEADLINE_SECONDS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class MountedFile:
    """A file that the pod sees: where, below the folder of all of them, and its text."""

    path: str
    text: str


def playbook_place(schedule: Schedule) -> str:
    """Give where the playbook stands: its file keeps its name, which may be the playbook's own."""
    return f"playbook/{PurePath(schedule.playbook).name}"


def inventory_place(number: int, file: str | None) -> str:
    """Give where an inventory's file stands; without a file, the path of the inventory itself."""
    return f"inventory-{number}" + (f"/{file}" if file else "")


def kubernetes_file(schedule: Schedule, files: Sequence[MountedFile]) -> ScheduleFile:
    """Give the manifest: one file of three documents.

    Args:
        schedule: What is wanted; its paths are those of this machine.
        files: The playbook, and of each inventory its files; where the two functions above say.

    Raises:
        UsageError: The files do not fit into a ConfigMap.
    """
    size = sum(len(file.text.encode()) for file in files)
    if size > _LARGEST_BYTES:
        raise UsageError(
            f"Playbook and inventory are {size} bytes, more than a ConfigMap takes.",
            cure="Put them into the image, or use another way to schedule.",
        )
    keys = {f"file-{number}": file for number, file in enumerate(files)}
    # The library's types have holes.
    writer: Any = YAML()
    writer.explicit_start = True
    writer.width = 4096
    text = StringIO()
    text.write("\n".join(comment_lines(schedule)) + "\n")
    documents = (
        _config_map(schedule, keys),
        _claim(schedule),
        _cron_job(schedule, _items(keys)),
    )
    for document in documents:
        writer.dump(document, text)
    return ScheduleFile(name=f"{schedule.name}.yaml", text=text.getvalue())


def _metadata(schedule: Schedule) -> dict[str, Json]:
    labels = {
        "app.kubernetes.io/name": schedule.name,
        "app.kubernetes.io/managed-by": "orchestrate",
    }
    return {"name": schedule.name, "labels": labels}


def _config_map(schedule: Schedule, keys: dict[str, MountedFile]) -> dict[str, Json]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(schedule),
        # As they were written, so that they can be reviewed.
        "data": {key: LiteralScalarString(file.text) for key, file in keys.items()},
    }


def _items(keys: dict[str, MountedFile]) -> list[Json]:
    return [{"key": key, "path": file.path} for key, file in keys.items()]


def _claim(schedule: Schedule) -> dict[str, Json]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": _metadata(schedule),
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def _cron_job(schedule: Schedule, items: list[Json]) -> dict[str, Json]:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": _metadata(schedule),
        "spec": {
            "schedule": cron_fields(schedule),
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": _STARTING_DEADLINE_SECONDS,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "spec": {
                    # The next pass is the next attempt.
                    "backoffLimit": 0,
                    "template": {
                        "metadata": {"labels": {"app.kubernetes.io/name": schedule.name}},
                        "spec": _pod(schedule, items),
                    },
                },
            },
        },
    }


def _pod(schedule: Schedule, items: list[Json]) -> dict[str, Json]:
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _NOBODY,
            "runAsGroup": _NOBODY,
            "fsGroup": _NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(schedule)],
        "volumes": [
            {"name": "files", "configMap": {"name": schedule.name, "items": items}},
            {
                "name": "credentials",
                # Its owner is root; the group of the pod may read.
                "secret": {"secretName": schedule.source_place, "defaultMode": 0o440},
            },
            {"name": "state", "persistentVolumeClaim": {"claimName": schedule.name}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }


def _container(schedule: Schedule) -> dict[str, Json]:
    program, *arguments = (word.replace("$(", "$$(") for word in pod_arguments(schedule))
    return {
        "name": "orchestrate",
        "image": schedule.image,
        "command": [program],
        "args": arguments,
        "env": [{"name": name, "value": value} for name, value in _environment(schedule)],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"memory": "1Gi"},
        },
        "volumeMounts": [
            {"name": "files", "mountPath": _FILES, "readOnly": True},
            {"name": "credentials", "mountPath": _CREDENTIALS, "readOnly": True},
            {"name": "state", "mountPath": _STATE},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a volume of the pod's own
        ],
    }


def pod_arguments(schedule: Schedule) -> tuple[str, ...]:
    """Give the command line with the paths of the pod, not yet quoted for ``$(VARIABLE)``."""
    inside = replace(
        schedule,
        playbook=f"{_FILES}/{playbook_place(schedule)}",
        inventory=tuple(
            f"{_FILES}/{inventory_place(number, None)}" for number in range(len(schedule.inventory))
        ),
        state=_STATE,
        notify_config=f"credential:{NOTIFY}" if schedule.notify_config else "",
    )
    return pass_arguments(inside)


def _environment(schedule: Schedule) -> Iterator[tuple[str, str]]:
    yield DIRECTORY_VARIABLE, _CREDENTIALS
    yield "HOME", "/tmp"  # noqa: S108 - as above
    if schedule.user:
        yield USER_VARIABLE, schedule.user
