"""What was measured before a promotion, as a table, a sentence for the plan, and JSON."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.measurement import FlowMeasurement, Measured
from ipsec_orchestrator.report.lines import Tone
from ipsec_orchestrator.report.proof_rows import port_text

HEADINGS: Final = ("from", "to", "port", "measured", "because", "what to do")

_TONES: Final = {
    Measured.ENCRYPTED: Tone.GOOD,
    Measured.NOT_ENCRYPTED: Tone.WARNING,
    Measured.FALLS_BACK: Tone.BAD,
    Measured.NO_TRAFFIC: Tone.PLAIN,
    Measured.UNKNOWN: Tone.WARNING,
}


def measurement_rows(found: Iterable[FlowMeasurement]) -> list[tuple[tuple[str, ...], Tone]]:
    """Give the rows of the table."""
    return [
        (
            (
                one.flow.source,
                one.flow.destination,
                port_text(one.flow),
                one.measured.value,
                "; ".join(one.evidence or one.unseen),
                one.cure or "",
            ),
            _TONES[one.measured],
        )
        for one in found
    ]


def measurement_sentence(
    found: Iterable[FlowMeasurement], *, hours: int, measured_at: datetime
) -> str:
    """Say what came out, for the plan."""
    found = tuple(found)
    counts = Counter(one.measured for one in found)
    words = ", ".join(f"{counts[kind]} {kind.value}" for kind in Measured if counts[kind])
    blind = [
        f"{one.flow.source} to {one.flow.destination}"
        for one in found
        if one.measured in {Measured.NO_TRAFFIC, Measured.UNKNOWN}
    ]
    doubts = f" Not shown to work: {'; '.join(dict.fromkeys(blind))}." if blind else ""
    return (
        f"From request to require: measured {measured_at:%Y-%m-%d %H:%M} UTC over {hours} hours; "
        f"of {len(found)} flows {words}.{doubts}"
    )


def measurements_to_json(
    found: Iterable[FlowMeasurement], *, hours: int, promotable: bool
) -> dict[str, Json]:
    """Give what ``promote --json`` has beside plan, run and hosts."""
    return {
        "hours": hours,
        "promotable": promotable,
        "pairs": [
            {
                "source": one.flow.source,
                "destination": one.flow.destination,
                "source_address": str(one.flow.source_address),
                "destination_address": str(one.flow.destination_address),
                "protocol": port_text(one.flow).partition(" ")[0].lower(),
                "port": one.flow.port,
                "rule": one.flow.rule,
                "measured": one.measured.value,
                "evidence": list(one.evidence),
                "unseen": list(one.unseen),
                "cure": one.cure,
            }
            for one in found
        ],
    }
