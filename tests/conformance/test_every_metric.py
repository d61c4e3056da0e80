"""Every metric is documented, every metric that a rule or the dashboard reads is there, and the rules keep what they promise."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.metrics import MetricWrapperBase

from octavo import metrics
from octavo.control.runs import rules
from tests.conftest import ROOT

OPS = ROOT / "ops"
ROW = re.compile(r"^\| `(octavo_\w+)` \|([^|]*)\|(.*)\|$", re.MULTILINE)


def in_code() -> dict[str, tuple[str, list[str]]]:
    """Kind and labels of each metric, by the name that Prometheus shows."""
    found = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found[name] = (family.type, list(metric._labelnames))
    asked = metrics.FromDatabase(lambda: metrics.Queue(1, {"bulk": 1}, {"bulk": 1.0}))
    for gauge in asked.collect():
        found[gauge.name] = (gauge.type, list(gauge.samples[0].labels))
    return found


def test_every_metric_has_a_row_with_its_labels_and_every_row_is_a_metric() -> None:
    documented = {name: (labels, said) for name, labels, said in ROW.findall((ROOT / "docs" / "operate.md").read_text(encoding="utf-8"))}
    there = in_code()
    assert len(there) > 15
    assert set(documented) == set(there)
    for name, (kind, labels) in there.items():
        shown, said = documented[name]
        assert re.findall(r"`(\w+)`", shown) == labels, name
        assert (kind == "histogram") == said.strip().startswith("histogram:"), name


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression of the rules and of the dashboard, with where it stands."""
    text = (OPS / "alerts.yml").read_text(encoding="utf-8")
    for block in re.findall(r"^\s+expr: (?:\|\n((?:\s{10,}.*\n)+)|(.+)\n)", text, re.MULTILINE):
        yield "alerts.yml", "".join(block)
    board: dict[str, Any] = json.loads((OPS / "dashboard.json").read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield f"dashboard.json, {panel['title']}", target["expr"]


def test_every_metric_that_is_read_is_there_with_those_labels() -> None:
    there = in_code()
    recorded = set(re.findall(r"record: (\S+)", (OPS / "alerts.yml").read_text(encoding="utf-8")))
    read = set()
    for place, expression in expressions():
        for name in re.findall(r"\boctavo:[\w:]+", expression):
            assert name in recorded, f"{place}: {name}"
        for name, chosen in re.findall(r"(?<![:\w])(octavo_\w+)(?:\{([^}]*)\})?", expression):
            base = re.sub(r"_(bucket|count|sum)$", "", name)
            assert base in there, f"{place}: {name}"
            read.add(base)
            kind, labels = there[base]
            assert (kind == "histogram") == (base != name), f"{place}: {name} is a {kind}"
            assert set(re.findall(r"(\w+)[!=]", chosen)) <= set(labels), f"{place}: {name} has no such label"
            for grouped in re.findall(r"by \(([^)]*)\) \(" + r"(?:rate\()?" + name + r"\b", expression):
                assert set(re.findall(r"\w+", grouped)) <= {*labels, "le"}, f"{place}: {name} by {grouped}"
    assert set(there) - read == set(), "the dashboard shows all there is"


def test_the_kinds_of_error_that_are_nobodys_fault_are_kinds() -> None:
    (named,) = set(re.findall(r'kind!~"([^"]+)"', (OPS / "alerts.yml").read_text(encoding="utf-8")))
    assert set(named.split("|")) <= set(rules.KINDS)


def test_the_limits_of_the_objectives_are_edges_of_the_buckets() -> None:
    """Otherwise a percentile near the limit would be guessed across it."""
    edges = {
        name: {float(sample.labels["le"]) for sample in family.samples if sample.name.endswith("_bucket")}
        for name, histogram in (("run", metrics.RUN_SECONDS), ("request", metrics.REQUEST_SECONDS), ("wait", metrics.RUN_WAIT_SECONDS))
        for family in [next(iter(touched(histogram).collect()))]
    }
    assert 120 in edges["run"] and 0.25 in edges["request"] and 30 in edges["wait"]


def touched(histogram: Any) -> Any:
    """With one series, so that its buckets are shown."""
    histogram.labels(*[metrics.OTHER for _ in histogram._labelnames])
    return histogram


@pytest.mark.parametrize("arguments", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts.test.yml")])
def test_the_rules_keep_what_they_promise(arguments: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here: install Debian's prometheus to prove the alert rules")
    done = subprocess.run([promtool, *arguments], cwd=OPS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_proved() -> None:
    alerts = set(re.findall(r"- alert: (\w+)", (OPS / "alerts.yml").read_text(encoding="utf-8")))
    proved = (OPS / "alerts.test.yml").read_text(encoding="utf-8")
    assert len(alerts) == 9
    for alert in alerts:
        assert re.search(rf"alertname: {alert}\n\s+exp_alerts:\n\s+- exp_labels", proved), f"{alert} is never seen to fire"
