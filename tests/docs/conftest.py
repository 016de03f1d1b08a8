"""The documentation as pages: text, headings, links, and fenced blocks."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(?P<words>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: where it is, its language, its text."""

    place: str
    language: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One Markdown file."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        """Path from the checkout."""
        return self.path.relative_to(CHECKOUT).as_posix()

    @property
    def prose(self) -> str:
        """The text without code."""
        return _CODE.sub("", _FENCE.sub("", self.text))

    @property
    def links(self) -> tuple[str, ...]:
        """Targets of all links and pictures."""
        return tuple(found["target"] for found in _LINK.finditer(self.prose))

    @property
    def anchors(self) -> frozenset[str]:
        """What a link to a heading is called, as GitHub makes it."""
        headings = _HEADING.finditer(_FENCE.sub("", self.text))
        return frozenset(_anchor(found["words"]) for found in headings)

    def blocks(self, language: str) -> Iterator[Block]:
        """Give the fenced blocks of a language."""
        for found in _FENCE.finditer(self.text):
            if found["language"] == language:
                line = self.text.count("\n", 0, found.start()) + 1
                place = f"{self.name}:{line}"
                yield Block(place=place, language=language, body=found["body"])

    def section(self, heading: str) -> str:
        """Give the text below a heading, up to the next one of its rank."""
        rank = heading.partition(" ")[0]
        _, found, rest = f"\n{self.text}".partition(f"\n{heading}")
        assert found, f"{self.name} has no {heading!r}"
        return re.split(rf"^{rank} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def _anchor(words: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", words.lower())
    return kept.replace(" ", "-")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder of the project."""
    return CHECKOUT


@pytest.fixture(scope="session")
def pages() -> Sequence[Page]:
    """README and everything below docs."""
    files = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
    return [Page(path=file, text=file.read_text(encoding="utf-8")) for file in files]
