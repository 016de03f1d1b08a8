"""Whether Windows writes down what proofs and diagnosis rest on later."""

from typing import Final
from uuid import UUID

from ipsec_orchestrator.checks.check import Verdict, failed, health_check, passed, unknown
from ipsec_orchestrator.facts.host_health import HostHealth

_SUCCESS: Final = 1
_FAILURE: Final = 2
_BOTH: Final = _SUCCESS | _FAILURE
# Subcategory, its English name for people, what has to be on, and which events depend on it.
_NEEDED: Final = (
    (UUID("0cce9218-69ae-11d9-bed3-505054503030"), "IPsec Main Mode", _FAILURE, "4652, 4653"),
    (UUID("0cce9219-69ae-11d9-bed3-505054503030"), "IPsec Quick Mode", _BOTH, "4654, 5451"),
    (UUID("0cce9213-69ae-11d9-bed3-505054503030"), "IPsec Driver", _BOTH, "4963, 5478"),
    (
        UUID("0cce9233-69ae-11d9-bed3-505054503030"),
        "Filtering Platform Policy Change",
        _BOTH,
        "5456 to 5468",
    ),
)
_OPTIONS: Final = {
    _SUCCESS: "/success:enable",
    _FAILURE: "/failure:enable",
    _BOTH: "/success:enable /failure:enable",
}


def _subcategories(health: HostHealth) -> Verdict:
    if health.audit_reason is not None:
        return unknown(
            f"The audit policy can't be read ({health.audit_reason}).",
            "Use an account with the right to manage auditing and the security log.",
        )
    missing = [
        (guid, name, needed & ~health.audit.get(guid, 0), events)
        for guid, name, needed, events in _NEEDED
        if needed & ~health.audit.get(guid, 0)
    ]
    if not missing:
        return passed("All four subcategories of IPsec are audited.")
    shown = ", ".join(f"{name} (events {events})" for _, name, _, events in missing)
    commands = "; ".join(
        f'auditpol /set /subcategory:"{{{str(guid).upper()}}}" {_OPTIONS[lacking]}'
        for guid, _, lacking, _ in missing
    )
    return failed(
        f"Not audited, or only in part: {shown}. Windows leaves them off by default.",
        f"Set it in a GPO (Advanced Audit Policy Configuration), or run there: {commands}",
    )


CHECKS: Final = (health_check("audit.subcategories", "Audit of IPsec", _subcategories),)
