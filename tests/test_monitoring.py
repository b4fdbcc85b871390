"""Dashboard and alerts ask for metrics that there are, promtool takes them, and the manual explains each alert."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import ProcessCollector
from scripts import dashboard
from tests.interop.programs import find, need

from opentcf.runtime.metrics import METRICS

ROOT = Path(__file__).parent.parent
RULES = ROOT / "packaging" / "prometheus" / "opentcf.rules.yml"
SAMPLES = ROOT / "tests" / "interop" / "alerts.yml"
ALERTS = re.findall(r"- alert: (\w+)", RULES.read_text("utf-8"))
OURS = {
    **{name: {*described.labels, "instance", "le"} for name, described in METRICS.items()},
    **{family.name: {"instance", "job"} for family in ProcessCollector(registry=None).collect()},
    "process_cpu_seconds_total": {"instance", "job"},
    "up": {"instance", "job"},
}


def queries() -> Iterator[str]:
    """Of the dashboard, then of the alerts."""
    for panel in json.loads(dashboard.FILE.read_text("utf-8"))["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for found in re.findall(
        r"expr: (\|\n.*?|[^|].*?)\n +(?:for|labels):", RULES.read_text("utf-8"), re.DOTALL
    ):
        yield found.removeprefix("|").strip()


@pytest.mark.parametrize("query", list(queries()))
def test_a_query_asks_for_metrics_and_labels_that_there_are(query: str):
    asked = {name.removesuffix("_bucket") for name in re.findall(r"\b(?:opentcf|process)_\w+|\bup\b", query)}
    assert asked
    assert asked <= OURS.keys()
    known = set.union(*(OURS[name] for name in asked))
    selected = re.findall(r'(\w+)=?[=~!]~?"', query)
    grouped = re.findall(r"\w+", " ".join(re.findall(r"\bby \(([^)]*)\)", query)))
    assert {*selected, *grouped} <= known


def test_every_metric_of_ours_is_on_the_dashboard():
    text = dashboard.FILE.read_text("utf-8")
    assert {name for name in METRICS if name not in text} == set()


def test_the_dashboard_is_what_its_script_says():
    assert dashboard.FILE.read_text("utf-8") == dashboard.text(), "run `python -m scripts.dashboard`"


@pytest.mark.parametrize("page", ["docs/metrics.md", "docs/zh/metrics.md"])
def test_the_manual_explains_every_alert(page: str):
    assert re.findall(r"^\| `(OpenTCF\w+)` \|", (ROOT / page).read_text("utf-8"), re.MULTILINE) == ALERTS


# --- the real Prometheus


def promtool(*arguments: object) -> None:
    need("promtool")
    told = subprocess.run(
        [find("promtool"), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.interop
def test_each_alert_is_raised_where_it_should_and_nowhere_else(tmp_path: Path):
    assert re.findall(r"alertname: (\w+)", SAMPLES.read_text("utf-8")) == ALERTS
    for path in (RULES, SAMPLES):
        shutil.copy(path, tmp_path)
    promtool("check", "rules", tmp_path / RULES.name)
    promtool("test", "rules", tmp_path / SAMPLES.name)


@pytest.mark.interop
def test_the_queries_of_the_dashboard_can_be_asked(tmp_path: Path):
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries())]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", tmp_path / "rules.yml")
