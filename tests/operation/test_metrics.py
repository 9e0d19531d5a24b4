"""Metrics: what is counted and measured, from declared sets of labels, on an address of its own."""

import subprocess
from collections import deque
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.db import connections
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

from charthouse.engine import errors
from charthouse.identity import api_users, bearer_tokens
from charthouse.operation import metrics, request_metrics, state_metrics
from tests.conftest import find_free_port, wait_for_port
from tests.operation.test_health import execute
from tests.support import issue_token, make_app, make_practice
from tests.test_commands import COMMAND, DATABASE, make_environment
from tests.waiting import PATIENCE, until

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating.md"
CANARY = "zanzibar-canary-4714"
SETS = {
    "api": set(metrics.APIS),
    "method": {*metrics.METHODS, metrics.OTHER},
    "gate": {*metrics.GATES, metrics.OTHER},
    "status": {*map(str, range(100, 600)), metrics.OTHER},
    "state": {
        *metrics.DELIVERY_STATES, *metrics.MESSAGE_STATES, *metrics.JOB_STATES, *metrics.CONNECTION_STATES,
        metrics.OTHER,
    },
}  # fmt: skip


def list_allowed(label: str, api: str) -> set[str]:
    if label == "route":
        return {*request_metrics.list_routes(api), metrics.OTHER}
    if label == "queue":
        return {*state_metrics.list_queues(), metrics.OTHER}
    return SETS[label]


def check_labels(families: list[Family]) -> None:
    """Check that every metric is declared, and every label of a declared set."""
    declared = {metrics.PREFIX + metric.name: metric for metric in metrics.METRICS}
    for family in families:
        metric = declared[family.name]
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            assert set(labels) == set(metric.labels), sample
            for name, value in labels.items():
                if name != "version":
                    assert value in list_allowed(name, labels.get("api", "")), sample


def count(families: list[Family], **labels: str) -> float:
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "charthouse_requests_total"
        and all(sample.labels[name] == value for name, value in labels.items())
    )


def test_a_server_counts_in_all_its_processes_and_shows_no_value(tmp_path: Path) -> None:
    port, shown_at = find_free_port(), find_free_port()
    clinic = make_practice(CANARY)
    headers = {"Authorization": f"Bearer {issue_token(clinic.user, make_app())}"}
    url = f"http://127.0.0.1:{port}"
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", str(port), "--data", str(tmp_path / "data")],
            stdout=log, stderr=log, start_new_session=True,
            env=make_environment(**DATABASE, CHARTHOUSE_METRICS=f"127.0.0.1:{shown_at}"),
        )  # fmt: skip
        try:
            wait_for_port(port, process, log)
            wait_for_port(shown_at, process, log)
            for _ in range(20):  # a connection each: both processes get some
                httpx.get(f"{url}/api/patients", headers=headers, timeout=PATIENCE)
            with httpx.Client(base_url=url, timeout=PATIENCE) as caller:
                assert caller.get("/api/patients", headers={"Authorization": CANARY}).status_code == 401
                assert caller.get(f"/api/{CANARY}").status_code == 404
                assert caller.request(CANARY, f"/api/patients/{CANARY}").status_code in (401, 404, 405)
                assert caller.get(f"/{CANARY}?{CANARY}={CANARY}").status_code == 404
                caller.get("/docs")

            def scrape() -> list[Family]:
                text = httpx.get(f"http://127.0.0.1:{shown_at}/metrics", timeout=PATIENCE).text
                assert CANARY not in text.lower()
                return list(text_string_to_metric_families(text))

            found = until(lambda: (got := scrape()) and count(got, api="pages") >= 2 and got, "counters")
            check_labels(found)
            assert count(found, api="drchrono", route="patients", status="200", gate="") == 20
            assert count(found, api="drchrono", route="patients", status="401", gate="token") >= 1
            assert count(found, api="drchrono", route="other", status="404") == 1
            assert count(found, api="pages", route="docs", method="GET", status="200") == 1
            (duration,) = (family for family in found if family.name == "charthouse_request_duration_seconds")
            assert sum(s.value for s in duration.samples if s.name.endswith("_count")) >= 25
            process.terminate()
            assert process.wait(PATIENCE) == 0
            with pytest.raises(httpx.ConnectError):
                scrape()
        finally:
            process.kill()
            process.wait()


def test_state_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATA.mkdir(exist_ok=True)
    execute("delete from procrastinate_jobs where queue_name like 'zanzibar%' or task_name = 'no.task'")
    for queue in ("default", CANARY):
        execute(
            "insert into procrastinate_jobs (task_name, queue_name, status) values ('no.task', %s, 'failed')",
            queue,
        )
    try:
        samples = state_metrics.measure()
        values = {(metric.name, labels): value for metric, labels, value in samples}
        assert values["measurement_failures", ()] == 0
        assert values["jobs", ("default", "failed")] >= 1
        assert values["jobs", ("other", "failed")] == 1
        registry = CollectorRegistry()
        registry.register(state_metrics.StateCollector())
        text = generate_latest(registry).decode()
        assert CANARY not in text
        check_labels(list(text_string_to_metric_families(text)))
    finally:
        execute("delete from procrastinate_jobs where task_name = 'no.task'")
    measured = {metric for metric, _, _ in samples}
    absent = {metric.name for metric in metrics.METRICS if metric.kind == "gauge" and metric not in measured}
    ages = {"worker_heartbeat", "audit_seal", "audit_anchor", "backup", "backup_drill"}
    assert absent <= {f"{name}_age_seconds" for name in ages} | {"backup_lag_seconds"}
    monkeypatch.setitem(connections.settings, "owner", {**connections.settings["owner"], "HOST": "/nowhere"})
    down = {metric.name: value for metric, _, value in state_metrics.measure()}
    assert down["database_up"] == 0
    assert down["disk_free_bytes"] > 0


def test_feed_lag_is_the_age_of_the_oldest_change_without_deliveries() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("select name, txid, change_id from changes_reader")
        before = cursor.fetchall()
        cursor.execute("delete from changes_reader")
        assert state_metrics._measure_feed(cursor) == [(metrics.FEED_LAG, (), 0.0)]
        make_practice()  # changes
        cursor.execute("insert into changes_reader (name, txid, change_id) values ('webhooks', 0, 0)")
        ((_, _, lag),) = state_metrics._measure_feed(cursor)
        assert lag > 0
        cursor.execute("delete from changes_reader")
        cursor.executemany("insert into changes_reader (name, txid, change_id) values (%s, %s, %s)", before)


def test_callers_cannot_add_labels() -> None:
    for api in metrics.APIS:
        assert request_metrics.bound_labels(api, CANARY, CANARY, 1000, CANARY) == (api, *["other"] * 4)
    counters = request_metrics.RequestCounters(registry := CollectorRegistry())
    counters.add(deque([(("cerbo", "patients", "GET", 429, "quota"), 1500)] * 3))
    text = generate_latest(registry).decode()
    assert 'charthouse_quota_refusals_total{api="cerbo"} 3.0' in text
    assert 'le="0.005"} 3.0' in text


def test_every_gate_is_declared() -> None:
    gates = {
        error.gate for error in vars(errors).values() if isinstance(error, type) and hasattr(error, "gate")
    }
    refusals = {*api_users.FORBIDDEN_MESSAGES, *api_users.UNAUTHENTICATED_MESSAGES}
    refusals |= {*bearer_tokens.UNAUTHENTICATED_MESSAGES}
    assert gates | (refusals - {"missing"}) <= set(metrics.GATES)


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    printed = DOCUMENT.read_text().partition("<!-- metrics -->\n")[2].partition("\n<!-- /metrics -->")[0]
    assert printed == metrics.render_table()
