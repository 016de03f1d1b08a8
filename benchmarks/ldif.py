"""The peer of apply: the same objects by ``samba-tool gpo create`` and one ``ldapmodify``."""

import base64
import os
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from bench_lab import BenchLab
from measuring import output

from ipsec_orchestrator.lab.domain.tools import run_in_lab, samba_client_options

_GUID = re.compile(r"\{[0-9A-Fa-f-]{36}\}")


def write_by_ldif(lab: BenchLab, plan: Mapping[str, Any]) -> float:
    """Make the GPO, then write every object of the plan from LDIF; gives the seconds.

    ``samba-tool`` makes the GPO's template in SYSVOL too; ``gpt.ini`` stays as it made it.
    """
    gpo = next(step for step in plan["steps"] if step["kind"] == "gpo")
    dc, admin = lab.status["dc"], lab.status["admin"]
    url = f"ldap://{dc['fqdn']}"
    create = ["samba-tool", "gpo", "create", gpo["name"], "-H", url]
    text = ldif(plan["steps"])
    started = time.perf_counter()
    made = run_in_lab(lab.layout, [*create, *samba_client_options(lab.layout)]).stdout
    found = _GUID.search(made)
    if found is None:
        raise RuntimeError(f"samba-tool named no GPO: {made}")
    planned = str(gpo["gpo_id"])
    real = found.group(0).strip("{}")
    output(
        [
            *("ldapmodify", "-x", "-H", f"ldaps://{dc['address']}:{dc['ldaps_port']}"),
            *("-D", f"{admin['user']}@{lab.status['domain']}"),
            *("-y", str(lab.layout.admin_password_file)),
        ],
        input=re.sub(re.escape(planned), real, text, flags=re.IGNORECASE),
        env={**os.environ, "LDAPTLS_CACERT": str(lab.status["ca_file"])},
    )
    return time.perf_counter() - started


def ldif(steps: Iterable[Mapping[str, Any]]) -> str:
    """Give the writes of a plan as LDIF, in their order ([RFC2849])."""
    records = [_record(step) for step in steps if step["kind"] == "entry"]
    return "\n".join("\n".join([*record, ""]) for record in records)


def _record(step: Mapping[str, Any]) -> list[str]:
    lines = [f"dn: {step['dn']}"]
    if step["before"] is None:
        lines.append("changetype: add")
        for name, values in step["after"].items():
            lines += [_line(name, value) for value in values]
        return lines
    lines.append("changetype: modify")
    for name, values in step["after"].items():
        lines += [f"replace: {name}", *(_line(name, value) for value in values), "-"]
    return lines


def _line(name: str, value: Any) -> str:  # noqa: ANN401 - of a JSON document
    content = (
        str(value["base64"])
        if isinstance(value, dict)
        else base64.b64encode(str(value).encode()).decode()
    )
    return f"{name}:: {content}"
