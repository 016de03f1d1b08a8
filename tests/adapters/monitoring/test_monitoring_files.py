"""The alert rules fire when they should, and the dashboard loads and asks for what there is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from ruamel.yaml import YAML

from ipsec_orchestrator.adapters.monitoring.shipped_files import DASHBOARD, RULES, shipped_file
from ipsec_orchestrator.report.watch_metrics import watch_metrics
from tests.promtool import promtool
from tests.watch_passes import watch_pass

ROOT = Path(__file__).parents[3]
# What a selection of all becomes in an expression of the dashboard.
VARIABLES = {"$playbook": ".*", "$domain": ".*"}
LABELS = 'playbook="p", domain="example.com"'

# Alert, series over the time (promtool's notation, a value a minute), and when it is looked for.
FIRES = {
    "IpsecWatchSilent": ("ipsec_watch_pass_ended_timestamp_seconds{%s}", "0x200", 125),
    "IpsecWatchBlind": ("ipsec_watch_domain_read_timestamp_seconds{%s}", "0x200", 125),
    "IpsecWatchAlarm": ("ipsec_watch_alarms{%s}", "1x200", 1),
    "IpsecDrift": ('ipsec_watch_differences{%s, kind="drift", thing="link"}', "1x200", 1),
    "IpsecHostsUnknown": ("ipsec_watch_unknown{%s}", "1x300", 245),
    "IpsecMembersReadLongAgo": (
        "ipsec_watch_oldest_member_reading_timestamp_seconds{%s}",
        "0x3000",
        2885,
    ),
    "IpsecRepairHeld": ('ipsec_watch_pass_outcome{%s, outcome="held"}', "1x300", 245),
    "IpsecConfirmationDue": (
        "ipsec_watch_confirmation_deadline_timestamp_seconds{%s}",
        "900x20",
        11,
    ),
    "IpsecWatchMissesPasses": ("ipsec_watch_day_missed_passes{%s}", "5x20", 1),
    "IpsecWatchCannotTell": ("ipsec_watch_undelivered_channels{%s}", "1x200", 65),
}
QUIET = {
    "ipsec_watch_pass_ended_timestamp_seconds{%s}": "0+60x3000",
    "ipsec_watch_domain_read_timestamp_seconds{%s}": "0+60x3000",
    "ipsec_watch_oldest_member_reading_timestamp_seconds{%s}": "0+60x3000",
    "ipsec_watch_alarms{%s}": "0x3000",
    'ipsec_watch_differences{%s, kind="drift", thing="link"}': "0x3000",
    'ipsec_watch_differences{%s, kind="pending", thing="link"}': "4x3000",
    "ipsec_watch_unknown{%s}": "0x3000",
    'ipsec_watch_pass_outcome{%s, outcome="held"}': "0x3000",
    "ipsec_watch_day_missed_passes{%s}": "1x3000",
    "ipsec_watch_day_broken_off_passes{%s}": "0x3000",
    "ipsec_watch_undelivered_channels{%s}": "0x3000",
}


def metric_names() -> set[str]:
    """Every metric that is written."""
    return {metric.name for metric in watch_metrics([], watch_pass(0))}


def used_names(expression: str) -> set[str]:
    """Every metric of ours that an expression names."""
    return set(re.findall(r"\bipsec_\w+", expression))


def rules() -> list[dict[str, Any]]:
    """The alert rules."""
    document = YAML(typ="safe").load(shipped_file(RULES))
    return [rule for group in document["groups"] for rule in group["rules"]]


def test_promtool_takes_the_rules(tmp_path: Path) -> None:
    """Without a complaint."""
    path = tmp_path / RULES
    path.write_text(shipped_file(RULES), encoding="utf-8")
    done = promtool("check", "rules", path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(FIRES)} rules found" in done.stdout


def test_rules_and_dashboard_name_only_metrics_that_there_are() -> None:
    """A slip of the pen would be an alert that never fires."""
    used = {name for rule in rules() for name in used_names(rule["expr"])}
    used |= {name for each in expressions() for name in used_names(each)}

    assert used <= metric_names()


def _case(series: dict[str, str], minutes: int, fired: dict[str, int]) -> dict[str, Any]:
    """Write a case of promtool: how many alerts of a name fire after so many minutes."""
    return {
        "interval": "1m",
        "input_series": [
            {"series": name % LABELS, "values": values} for name, values in series.items()
        ],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)',
                "eval_time": f"{minutes}m",
                "exp_samples": [{"labels": "{}", "value": number}],
            }
            for alert, number in fired.items()
        ],
    }


def test_each_rule_fires_for_its_reason_and_none_for_a_quiet_watch(tmp_path: Path) -> None:
    """Prometheus' own engine runs them over series of two days."""
    assert set(FIRES) == {rule["alert"] for rule in rules()}
    (tmp_path / RULES).write_text(shipped_file(RULES), encoding="utf-8")
    cases = [
        _case({**QUIET, series: values}, minutes, {alert: 1})
        for alert, (series, values, minutes) in FIRES.items()
    ]
    cases.append(_case(QUIET, 2900, dict.fromkeys(FIRES, 0)))
    document = {"rule_files": [RULES], "evaluation_interval": "1m", "tests": cases}
    path = tmp_path / "tests.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    done = promtool("test", "rules", path)

    assert done.returncode == 0, done.stdout + done.stderr


def dashboard() -> dict[str, Any]:
    """The dashboard."""
    document: dict[str, Any] = json.loads(shipped_file(DASHBOARD))
    return document


def expressions() -> Iterator[str]:
    """Every expression of the dashboard, with its variables filled in."""
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            expression = target["expr"]
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            yield expression


def test_the_dashboard_is_all_that_grafanas_schema_knows() -> None:
    """Grafana's own model reads it and writes the same: no field is unknown to it or mistyped."""
    model = Dashboard.from_json(dashboard())
    written = json.loads(JSONEncoder(sort_keys=True).encode(model))

    assert _lost(dashboard(), written, "") == []


def _lost(ours: object, theirs: object, place: str) -> list[str]:
    """Name what is in the first and not in the second."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            found
            for key, value in ours.items()
            for found in (
                _lost(value, theirs[key], f"{place}.{key}") if key in theirs else [f"{place}.{key}"]
            )
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [
            found
            for number, pair in enumerate(zip(ours, theirs, strict=True))
            for found in _lost(*pair, f"{place}[{number}]")
        ]
    return [] if ours == theirs else [place]


def test_every_expression_of_the_dashboard_is_promql(tmp_path: Path) -> None:
    """Each is taken as a rule by Prometheus' own parser."""
    every = list(expressions())
    recorded = [
        {"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(every)
    ]
    document = {"groups": [{"name": "dashboard", "rules": recorded}]}
    path = tmp_path / "dashboard.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    done = promtool("check", "rules", path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(every) >= len(dashboard()["panels"])


def test_panels_have_ids_of_their_own_and_a_place_of_their_own() -> None:
    """Two panels in one place would hide each other."""
    panels = dashboard()["panels"]
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_the_page_of_metrics_names_every_one_of_them() -> None:
    """And none that there is not."""
    text = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(ipsec_\w+)`", text, re.MULTILINE)) == metric_names()
