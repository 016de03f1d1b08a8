"""Links of the documentation lead somewhere, and every page can be found."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

URL_SCHEMES = ("http://", "https://", "mailto:")


def test_relative_links_resolve(pages: Sequence[Any]) -> None:
    """Every link names a file that is there, and a heading that this file has."""
    by_path = {page.path: page for page in pages}
    broken: list[str] = []
    for page in pages:
        for target in page.links:
            if target.startswith(URL_SCHEMES):
                continue
            file, _, anchor = target.partition("#")
            path = (page.path.parent / file).resolve() if file else page.path
            if not path.exists():
                broken.append(f"{page.name}: {target}: no such file")
            elif anchor and (path not in by_path or anchor not in by_path[path].anchors):
                broken.append(f"{page.name}: {target}: no such heading")

    assert not broken


def test_every_page_is_linked_from_the_index(pages: Sequence[Any], checkout: Path) -> None:
    """The index leads to every page of the documentation in one click."""
    index = next(page for page in pages if page.name == "docs/index.md")
    linked = {(index.path.parent / target.partition("#")[0]).resolve() for target in index.links}
    unlinked = {
        page.name
        for page in pages
        if page.path not in {*linked, index.path, checkout / "README.md"}
    }

    assert not unlinked


def test_readme_leads_to_the_documentation(pages: Sequence[Any], checkout: Path) -> None:
    """From the README one click leads to the start page and to the index."""
    readme = next(page for page in pages if page.path == checkout / "README.md")

    assert {"docs/start.md", "docs/index.md"} <= set(readme.links)
