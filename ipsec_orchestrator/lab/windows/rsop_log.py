r"""A host's Resultant Set of Policy as WMI shows it (``root\rsop\computer``)."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from ipsec_orchestrator.codec.extension_names import IPSEC_CSE
from ipsec_orchestrator.lab.windows.group_policy_client import ExtensionRun
from ipsec_orchestrator.model.directory import split_dn

CimValue: TypeAlias = str | int | bool | datetime | None
CimInstance: TypeAlias = Mapping[str, CimValue]
"""Properties of a CIM instance by name; times are aware."""

# RSOP_ExtensionStatus loggingStatus: the log was written.
_LOGGED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    begin_time: datetime
    end_time: datetime
    run: ExtensionRun


class RsopLog:
    """The log of the last run of the IPsec extension. Safe for several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: _Recorded | None = None

    def record(self, run: ExtensionRun, *, begin_time: datetime, end_time: datetime) -> None:
        """Replace what was logged by this run."""
        with self._lock:
            self._last = _Recorded(begin_time=begin_time, end_time=end_time, run=run)

    def extension_status(self) -> Sequence[CimInstance]:
        """Give the instances of RSOP_ExtensionStatus."""
        with self._lock:
            last = self._last
        if last is None:
            return ()
        return (
            {
                "extensionGuid": f"{{{str(IPSEC_CSE).upper()}}}",
                "displayName": "IP Security",
                "beginTime": last.begin_time,
                "endTime": last.end_time,
                "error": last.run.error,
                "loggingStatus": _LOGGED,
            },
        )

    def policy_settings(self) -> Sequence[CimInstance]:
        """Give the instances of RSOP_IPSECPolicySetting, one for each assigned policy."""
        with self._lock:
            last = self._last
        if last is None:
            return ()
        found: list[CimInstance] = []
        for ranked in last.run.ranked:
            policy_dn = ranked.assignment.policy_dn
            if policy_dn is None:
                continue
            name = split_dn(policy_dn)[0].partition("=")[2]
            found.append(
                {
                    "className": "ipsecPolicy",
                    "precedence": ranked.precedence,
                    "ipsecID": name[name.find("{") :],
                    "ipsecName": ranked.assignment.name or "",
                    "GPOID": ranked.gpo.dn,
                    "SOMID": ranked.gpo.som_dn,
                },
            )
        return found
