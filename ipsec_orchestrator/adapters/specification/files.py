"""Which files are meant, and what is in them: paths -> text -> documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ipsec_orchestrator.adapters.specification.document import Document
from ipsec_orchestrator.adapters.specification.yaml_reader import read_yaml
from ipsec_orchestrator.errors import Problem

_SUFFIXES = (".yml", ".yaml")

# Ten thousand hosts in one file are some 3 MiB.
_LARGEST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file, read as far as it could be.

    Attributes:
        path: The file; relative paths inside it count from its folder.
        document: Its content, ``None`` if nothing could be made of it.
        problems: What is wrong with its form, in no particular order.
    """

    path: Path
    document: Document | None
    problems: tuple[Problem, ...]


def read_sources(paths: Sequence[Path]) -> list[SourceFile]:
    """Read files, and folders file by file in name order; a file named twice counts once."""
    sources: list[SourceFile] = []
    seen: set[Path] = set()
    for path in paths:
        files, problem = _files_of(path)
        if problem is not None:
            sources.append(SourceFile(path=path, document=None, problems=(problem,)))
        for file in files:
            identity = _identity(file)
            if identity not in seen:
                seen.add(identity)
                sources.append(read_source(file))
    return sources


def files_of(path: Path) -> tuple[Path, ...]:
    """Give the files that are read of a path: itself, or those of the folder that it is."""
    return tuple(_files_of(path)[0])


def read_source(path: Path) -> SourceFile:
    """Read one file."""
    text = _text_of(path)
    if isinstance(text, Problem):
        return SourceFile(path=path, document=None, problems=(text,))
    document, problems = read_yaml(str(path), text)
    return SourceFile(path=path, document=document, problems=problems)


def _identity(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        # A loop of links, or a NUL character; reading the file tells it better.
        return path


def _files_of(path: Path) -> tuple[list[Path], Problem | None]:
    try:
        if not path.is_dir():
            return [path], None
        files = sorted(found for found in path.iterdir() if found.suffix.lower() in _SUFFIXES)
    except (OSError, ValueError) as error:
        return [], _problem(path, f"can't be read: {_reason(error)}.")
    if not files:
        return [], _problem(path, "the folder holds no *.yml or *.yaml file.")
    return files, None


def _text_of(path: Path) -> str | Problem:
    try:
        if not path.exists():
            return _problem(path, "there is no such file or folder.")
        if not path.is_file():
            return _problem(path, "this is not a regular file.")
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        return _problem(path, f"can't be read: {_reason(error)}.")
    if len(raw) > _LARGEST_BYTES:
        return _problem(path, f"larger than {_LARGEST_BYTES // 1024**2} MiB; split the file.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line_start = before.rfind(b"\n") + 1
        return Problem(
            file=str(path),
            line=before.count(b"\n") + 1,
            column=len(before[line_start:].decode(errors="replace")) + 1,
            path="",
            message="not UTF-8 text from here on; save the file as UTF-8.",
        )


def _problem(path: Path, message: str) -> Problem:
    return Problem(file=str(path), line=1, column=1, path="", message=message)


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, PermissionError):
        return "permission denied"
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
