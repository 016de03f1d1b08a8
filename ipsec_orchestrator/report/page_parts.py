"""The small parts of the evidence page: escaped text, elements, how times and numbers look."""

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Final

from ipsec_orchestrator.model.evidence import FlowVerdict, Verdict
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.report.proof_matrix import SIGNS

_PROTOCOLS: Final = {6: "TCP", 17: "UDP"}


def element(name: str, *content: str, **attributes: str) -> str:
    """Give an HTML or SVG element.

    Args:
        name: Its name.
        content: Markup, already escaped.
        attributes: By name, with ``_`` for ``-`` and without a last one, as in ``class_``; values
            are escaped here.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{given}>{''.join(content)}</{name}>"


def text(value: object) -> str:
    """Give anything as escaped text."""
    return escape(str(value))


def table(caption: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Give a table; cells are markup, the first one of a row is its heading."""
    head = "".join(element("th", text(heading), scope="col") for heading in headings)
    body = ""
    for first, *rest in rows:
        cells = "".join(element("td", cell) for cell in rest)
        body += element("tr", element("th", first, scope="row"), cells)
    return element(
        "div",
        element(
            "table",
            element("caption", text(caption)),
            element("thead", element("tr", head)),
            element("tbody", body),
        ),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def badge(verdict: Verdict) -> str:
    """Give a verdict with its sign and colour."""
    sign = element("span", SIGNS[verdict], aria_hidden="true")
    return element("span", sign, " ", text(verdict.value), class_=f"badge {css(verdict)}")


def css(verdict: Verdict) -> str:
    """Give the class of a verdict."""
    return f"v-{verdict.value.replace(' ', '-')}"


def port(flow: Flow) -> str:
    """Give protocol and port, for example ``TCP 8080``."""
    return f"{_PROTOCOLS.get(flow.protocol, str(flow.protocol))} {flow.port}"


def anchor(found: FlowVerdict, number: int) -> str:
    """Give the id of a flow's section."""
    return f"flow-{number}-{found.flow.port}"


def moment(when: datetime) -> str:
    """Give a time as an element that machines can read, too."""
    shown = when.strftime("%Y-%m-%d %H:%M:%S ") + (when.tzname() or "")
    return element("time", text(shown.strip()), datetime=when.isoformat())
