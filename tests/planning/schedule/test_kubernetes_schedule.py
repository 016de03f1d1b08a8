"""The manifest for Kubernetes, held against the schemas of the API."""

from dataclasses import replace
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.schedule import Schedule, SchedulerKind, UnattendedSource
from ipsec_orchestrator.planning.schedule.kubernetes import (
    MountedFile,
    kubernetes_file,
    pod_arguments,
)
from ipsec_orchestrator.planning.schedule.mark import marked_schedule
from tests.schedule_words import WORDS

FILES = (
    MountedFile(path="playbook/azure.yml", text="name: x\nrules:\n  - a # 100% 'x'\n"),
    MountedFile(path="inventory-0/hosts.yml", text="hosts: {}\n"),
)


@pytest.fixture
def pod(schedule: Schedule) -> Schedule:
    """A pod whose Secret has the keytab."""
    return replace(
        schedule,
        kind=SchedulerKind.KUBERNETES,
        program=("orchestrate",),
        source=UnattendedSource.SECRET,
        source_place="ipsec-credentials",
        user="svc@CORP.EXAMPLE.COM",
        notify_config="/home/me/notify.yml",
        image="registry.example.com/orchestrate:1",
    )


def documents(text: str) -> list[Any]:
    """Read the manifest as kubectl would: YAML, several documents."""
    return list(YAML(typ="safe").load_all(text))


def container(found: list[Any]) -> tuple[Any, Any]:
    """The pod and its one container."""
    (job,) = [each for each in found if each["kind"] == "CronJob"]
    spec = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (only,) = spec["containers"]
    return spec, only


def test_the_manifest_keeps_to_the_schemas(pod: Schedule) -> None:
    """Every field of every document is one of the API's, of the right type; no other is there."""
    found = documents(kubernetes_file(pod, FILES).text)
    for document in found:
        kubernetes_validate.validate(document, "1.37", strict=True)

    assert [each["kind"] for each in found] == ["ConfigMap", "PersistentVolumeClaim", "CronJob"]


def test_the_schemas_refuse_something(pod: Schedule) -> None:
    """A field with a mistake in its name would have been found."""
    job = documents(kubernetes_file(pod, FILES).text)[-1]
    job["spec"]["concurencyPolicy"] = job["spec"].pop("concurrencyPolicy")

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, "1.37", strict=True)


def test_the_pod_is_restricted(pod: Schedule) -> None:
    """It is what the Pod Security Standard "restricted" asks for, and can't write but to volumes."""
    spec, only = container(documents(kubernetes_file(pod, FILES).text))
    security = only["securityContext"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["readOnlyRootFilesystem"] is True
    kinds = {key for volume in spec["volumes"] for key in volume if key != "name"}
    assert kinds == {"configMap", "secret", "persistentVolumeClaim", "emptyDir"}


def test_passes_never_overlap_and_never_pile_up(pod: Schedule) -> None:
    """One at a time, none is repeated, and one that is late by much is left out."""
    job = documents(kubernetes_file(pod, FILES).text)[-1]["spec"]

    assert job["concurrencyPolicy"] == "Forbid"
    assert job["startingDeadlineSeconds"] == 300
    assert job["jobTemplate"]["spec"]["backoffLimit"] == 0


def test_files_are_mounted_where_the_arguments_say(pod: Schedule) -> None:
    """Playbook, inventory, notifications and state are named by paths that the pod has."""
    found = documents(kubernetes_file(pod, FILES).text)
    spec, only = container(found)
    mounts = {mount["name"]: mount["mountPath"] for mount in only["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    items = {item["path"]: item["key"] for item in volumes["files"]["configMap"]["items"]}
    texts = found[0]["data"]

    assert {path: texts[key] for path, key in items.items()} == {f.path: f.text for f in FILES}
    assert only["args"][1] == f"{mounts['files']}/playbook/azure.yml"
    assert f"--inventory={mounts['files']}/inventory-0" in only["args"]
    assert f"--state={mounts['state']}" in only["args"]
    assert "--notify-config=credential:ipsec-orchestrator.notify" in only["args"]
    assert {"name": "CREDENTIALS_DIRECTORY", "value": mounts["credentials"]} in only["env"]
    assert volumes["credentials"]["secret"]["secretName"] == "ipsec-credentials"


def test_the_manifest_can_be_known_again(pod: Schedule) -> None:
    """Its comment holds the schedule that it was made from."""
    assert marked_schedule(kubernetes_file(pod, FILES).text) == pod


@settings(max_examples=60)
@given(limit=WORDS, text=st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.just("\n")))
def test_words_and_files_come_out_as_they_went_in(limit: str, text: str) -> None:
    """YAML gives back what was written, and Kubernetes finds no variable to replace."""
    made = Schedule(
        name="ipsec-x",
        kind=SchedulerKind.KUBERNETES,
        program=("orchestrate",),
        playbook="/p.yml",
        inventory=("/i",),
        every_seconds=1800,
        limit=limit,
        source_place="s",
        image="i",
    )
    file = MountedFile(path="playbook.yml", text=text)
    found = documents(kubernetes_file(made, [file]).text)
    _, only = container(found)
    # Kubernetes: $(NAME) is a variable, $$ before a parenthesis one dollar sign.
    assert all("$(" not in word.replace("$$(", "") for word in only["args"])
    words = [word.replace("$$(", "$(") for word in (*only["command"], *only["args"])]

    assert tuple(words) == pod_arguments(made)
    assert found[0]["data"] == {"file-0": text}


def test_what_a_config_map_can_not_hold_is_refused(pod: Schedule) -> None:
    """A megabyte of inventory is refused here, not by the cluster."""
    with pytest.raises(UsageError, match="ConfigMap"):
        kubernetes_file(pod, [MountedFile(path="playbook.yml", text="x" * 1_000_001)])
