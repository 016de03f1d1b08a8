"""How much clocks may differ, for the checks that look at clocks."""

from typing import Final

from ipsec_orchestrator.checks.check import Verdict, failed, passed

# Kerberos refuses a larger difference: "maximum tolerance for computer clock synchronization".
MOST_SECONDS: Final = 300.0


def judge_clock(
    whose: str, ahead_seconds: float, ahead_of_dc_seconds: float | None = None
) -> Verdict:
    """Judge a clock against this workstation's and, where that is known, the DC's."""
    differences = {"this workstation": ahead_seconds}
    if ahead_of_dc_seconds is not None:
        differences["the domain controller"] = ahead_of_dc_seconds
    words = ", ".join(f"{_words(seconds)} {other}" for other, seconds in differences.items())
    if all(abs(seconds) <= MOST_SECONDS for seconds in differences.values()):
        return passed(f"The clock of {whose} is {words}.")
    return failed(
        f"The clock of {whose} is {words}; Kerberos allows 5 minutes.",
        "Set the clocks right: w32tm /resync on the host that is wrong, and check what it takes "
        "its time from (w32tm /query /source).",
    )


def _words(seconds: float) -> str:
    if abs(seconds) < 1:
        return "equal to that of"
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} that of"
