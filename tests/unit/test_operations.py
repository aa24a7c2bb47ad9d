"""Alert rules and the dashboard ask for metrics that exist, and each alert leads to a procedure."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry

from carrete.domain.failures import FailureCode
from carrete.metrics import ApiMetrics, QueueMetrics, WorkerMetrics

ROOT = Path(__file__).parents[2]
ALERTS = yaml.safe_load((ROOT / "ops/prometheus/alerts.yml").read_text())
DASHBOARD = json.loads((ROOT / "ops/grafana/carrete.json").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
TARGETS = [
    (panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]
]
EXPRESSIONS = [(rule["alert"], rule["expr"]) for rule in RULES] + TARGETS

FROM_PROMETHEUS = {"le", "job", "instance"}
OUTCOMES = {
    "done",
    "retry",
    "waits",
    "restart",
    "rejected",
    "dead_letter",
    "canceled",
    "lost",
    "unsaved",
}
KNOWN_VALUES = {
    "code": {code.value for code in FailureCode},
    "outcome": OUTCOMES | {"given_back", "again", "given_up"},
}


def series() -> dict[str, set[str]]:
    """Every series that the programs give, with its labels."""
    registry = CollectorRegistry()
    ApiMetrics(registry)
    QueueMetrics(registry)
    WorkerMetrics(registry)
    found: dict[str, set[str]] = {
        "process_resident_memory_bytes": set(),
        "process_cpu_seconds_total": set(),
    }
    for names in registry._collector_to_names.items():
        collector, given = names
        labels = set(getattr(collector, "_labelnames", ()))
        found |= dict.fromkeys(given, labels)
    return found


def selectors(expression: str) -> Iterator[promql_parser.VectorSelector]:
    """Every place where an expression reads a series."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        elif isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        return True

    promql_parser.walk(promql_parser.parse(expression), pre_visit=visit)
    yield from found


@pytest.mark.parametrize(("name", "expression"), EXPRESSIONS)
def test_an_expression_reads_series_that_the_programs_give(name: str, expression: str) -> None:
    known = series()
    read = list(selectors(expression))
    assert read, name
    for selector in read:
        assert selector.name in known
        for matcher in selector.matchers.matchers:
            assert matcher.name in known[selector.name] | FROM_PROMETHEUS
            if matcher.name in KNOWN_VALUES:
                assert set(matcher.value.split("|")) <= KNOWN_VALUES[matcher.name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_leads_to_a_procedure_that_is_written(rule: dict[str, dict[str, str]]) -> None:
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    assert rule["labels"]["severity"] in {"warning", "critical"}


def test_every_metric_of_a_worker_is_shown_or_watched() -> None:
    registry = CollectorRegistry()
    WorkerMetrics(registry)
    read = {selector.name for _, text in EXPRESSIONS for selector in selectors(text)}
    names = registry._collector_to_names.values()
    assert all(read & set(given) for given in names)
