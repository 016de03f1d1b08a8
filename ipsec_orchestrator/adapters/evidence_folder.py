"""The evidence folder of a proof: captures, what the hosts told, verdicts, a page, a manifest."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, cast

from ipsec_orchestrator.adapters.evidence_captures import pcapng_of
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.evidence import FlowEvidence
from ipsec_orchestrator.model.evidence_files import EvidenceFile, EvidenceRun
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.proof.evidence_json import evidence_to_json
from ipsec_orchestrator.proof.headers import without_payload

FORMAT: Final = "ipsec_orchestrator/evidence"
FORMAT_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
PAGE: Final = "page.html"

MakePage = Callable[[tuple[EvidenceFile, ...]], str]
"""Makes the page, which names the hashes of all the other files."""


def write_evidence(
    folder: Path,
    run: EvidenceRun,
    flows: Sequence[FlowEvidence],
    documents: Mapping[str, Json],
    page: MakePage,
) -> tuple[EvidenceFile, ...]:
    """Write a new evidence folder; it is there as a whole, or not at all.

    Args:
        folder: Must not be there yet; only this user may read what is in it.
        run: What it is the evidence of. Frames are cut off behind their headers unless it
            keeps payload.
        flows: The evidence, flow by flow.
        documents: More JSON files by name without ending, such as ``verdicts`` and ``policy``.
        page: Makes the page.

    Returns:
        The files that the manifest lists.

    Raises:
        UsageError: The folder is there already or can't be written.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already.", cure="Name a new folder for the evidence.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Made for this user only; a folder of another name never passes for finished evidence.
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            files = _fill(unfinished, run, flows, documents, page)
            unfinished.rename(folder)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    except OSError as error:
        raise UsageError(
            f"{folder} can't be written: {error.strerror or error}.",
            cure="Name a folder that can be made.",
        ) from error
    return files


def verify_evidence(folder: Path) -> tuple[str, ...]:
    """Compare a folder with its manifest; give a sentence for everything that differs."""
    try:
        manifest = cast("Json", json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        return (f"{MANIFEST} can't be read: {error}.",)
    if not isinstance(manifest, Mapping) or manifest.get("format") != FORMAT:
        return (f"{MANIFEST} is no manifest of this program.",)
    listed = {name: (size, digest) for name, size, digest in _listed(manifest)}
    body = {key: value for key, value in manifest.items() if key != "digest"}
    problems = [] if manifest.get("digest") == _digest(body) else [f"{MANIFEST} was changed."]
    there = {
        found.relative_to(folder).as_posix()
        for found in folder.rglob("*")
        if found.is_symlink() or not found.is_dir()
    }
    for name in sorted(there | set(listed)):
        if name == MANIFEST:
            continue
        if name not in listed:
            problems.append(f"{name} is not in the manifest.")
        elif name not in there:
            problems.append(f"{name} is missing.")
        else:
            content = (folder / name).read_bytes()
            if (len(content), sha256(content).hexdigest()) != listed[name]:
                problems.append(f"{name} was changed.")
    return tuple(problems)


def _fill(
    folder: Path,
    run: EvidenceRun,
    flows: Sequence[FlowEvidence],
    documents: Mapping[str, Json],
    page: MakePage,
) -> tuple[EvidenceFile, ...]:
    contents = [*_of_flows(run, flows), *_of_documents(documents)]
    files = tuple(_write(folder, name, content) for name, content in contents)
    files = (*files, _write(folder, PAGE, page(files).encode()))
    body: dict[str, Json] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "run": run.run_id,
        "tool_version": run.tool_version,
        "domain": run.domain,
        "playbook": run.playbook,
        "policy": run.policy,
        "began_at": run.began_at.isoformat(),
        "ended_at": run.ended_at.isoformat(),
        "keeps_payload": run.keeps_payload,
        "files": [
            {"name": found.name, "size": found.size, "sha256": found.sha256} for found in files
        ],
    }
    _write(folder, MANIFEST, _text({**body, "digest": _digest(body)}))
    return files


def _of_flows(
    run: EvidenceRun,
    flows: Iterable[FlowEvidence],
) -> Iterator[tuple[str, bytes]]:
    application = f"ipsec_orchestrator {run.tool_version}"
    for number, evidence in enumerate(flows, start=1):
        flow = evidence.flow
        place = f"flows/{number:03}-{_slug(flow.source)}-{_slug(flow.destination)}-{flow.port}"
        yield f"{place}/told.json", _text(evidence_to_json(evidence))
        for part, end in (("source", evidence.source), ("destination", evidence.destination)):
            if end.frames is None:
                continue
            frames = end.frames if run.keeps_payload else [without_payload(f) for f in end.frames]
            yield (
                f"{place}/{part}-{_slug(end.host)}.pcapng",
                pcapng_of(end.host, frames, application),
            )


def _of_documents(documents: Mapping[str, Json]) -> Iterator[tuple[str, bytes]]:
    for name, document in documents.items():
        yield f"{_slug(name)}.json", _text(document)


def _write(folder: Path, name: str, content: bytes) -> EvidenceFile:
    target = folder / name
    for above in reversed(Path(name).parents):
        # One by one: the mode is that of the last folder only.
        (folder / above).mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)
    return EvidenceFile(name=name, size=len(content), sha256=sha256(content).hexdigest())


def _listed(manifest: Mapping[str, Json]) -> Iterator[tuple[str, int, str]]:
    files = manifest.get("files")
    for item in files if isinstance(files, list) else []:
        if isinstance(item, Mapping):
            name, size, digest = (item.get(key) for key in ("name", "size", "sha256"))
            if isinstance(name, str) and isinstance(size, int) and isinstance(digest, str):
                yield name, size, digest


def _slug(name: str) -> str:
    """Give a name that every file system takes and that leads nowhere else."""
    return re.sub(r"[^a-z0-9-]+", "_", name.casefold()) or "_"


def _text(document: Json) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _digest(body: Mapping[str, Json]) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{sha256(text.encode()).hexdigest()}"
