"""Counting requests, in a process of the web server.

A request appends its outcome to a queue, which costs it next to nothing; a thread adds what is in the queue to the
counters of prometheus_client each second. These are in files that all processes of the server share
(``PROMETHEUS_MULTIPROC_DIR``), so that ``metrics_server`` shows their sums.
"""

import os
import threading
from collections import Counter, deque
from collections.abc import Callable
from functools import cache
from time import perf_counter

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client import Counter as PrometheusCounter

from charthouse.audit import request_log
from charthouse.audit.request_log import LogEntry
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo
from charthouse.gateway.drchrono.registry import get_registry as get_drchrono
from charthouse.operation import metrics

INTERVAL = 1.0  # seconds between additions
QUOTA_GATES = ("quota", "rate")
Outcome = tuple[tuple[str, str, str, int, str], int]  # API, route, method, status, gate; microseconds
Handler = Callable[[HttpRequest], HttpResponseBase]

_outcomes: deque[Outcome] = deque(maxlen=100_000)
_http_refusals: deque[str] = deque(maxlen=100_000)


def count_entry(entry: LogEntry) -> None:
    """Count a call of an API. Pages are counted by ``count_pages``, also those that the request log leaves out."""
    if entry.dialect in ("drchrono", "cerbo"):
        _outcomes.append(
            ((entry.dialect, entry.resource, entry.method, entry.status, entry.gate), entry.microseconds)
        )


def count_http_refusal(reason: str) -> None:
    """Count what the web server refuses by itself, which is no call of an API."""
    _http_refusals.append(reason)


def count_pages(get_response: Handler) -> Handler:
    """Count the requests of pages. A middleware."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        began = perf_counter()
        response = get_response(request)
        route = request.resolver_match.route if request.resolver_match else ""
        microseconds = round((perf_counter() - began) * 1e6)
        _outcomes.append((("pages", route, str(request.method), response.status_code, ""), microseconds))
        return response

    return handle


class RequestCounters:
    """The counters of a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def describe(metric: metrics.Metric) -> tuple[str, str, tuple[str, ...]]:
            return metrics.PREFIX + metric.name, metric.doc, metric.labels

        self._requests = PrometheusCounter(*describe(metrics.REQUESTS), registry=registry)
        self._refusals = PrometheusCounter(*describe(metrics.REFUSALS), registry=registry)
        self._http_refusals = PrometheusCounter(*describe(metrics.HTTP_REFUSALS), registry=registry)
        self._duration = Histogram(*describe(metrics.DURATION), buckets=metrics.SECONDS, registry=registry)

    def add_http_refusals(self, reasons: "deque[str]") -> None:
        """Add all refusals of a queue."""
        while reasons:
            reason = reasons.popleft()
            self._http_refusals.labels(reason if reason in metrics.HTTP_REASONS else metrics.OTHER).inc()

    def add(self, outcomes: "deque[Outcome]") -> None:
        """Add all outcomes of a queue."""
        requests: Counter[tuple[str, str, str, int, str]] = Counter()
        durations = {api: self._duration.labels(api).observe for api in metrics.APIS}
        while outcomes:
            what, microseconds = outcomes.popleft()
            requests[what] += 1
            durations[what[0]](microseconds / 1e6)
        for outcome, times in requests.items():
            labels = bound_labels(*outcome)
            self._requests.labels(*labels).inc(times)
            if labels[-1] in QUOTA_GATES:
                self._refusals.labels(labels[0]).inc(times)


def bound_labels(api: str, route: str, method: str, status: int, gate: str) -> tuple[str, ...]:
    """Return the labels of a request: values of declared sets, or "other"."""
    return (
        api,
        route if route in list_routes(api) else metrics.OTHER,
        method if method in metrics.METHODS else metrics.OTHER,
        str(status) if 100 <= status <= 599 else metrics.OTHER,
        gate if gate in metrics.GATES else metrics.OTHER,
    )


@cache
def list_routes(api: str) -> frozenset[str]:
    """List the route templates of an API as they are declared, or of the pages."""
    if api == "pages":
        return frozenset(_list_patterns(get_resolver()))
    registry = get_drchrono() if api == "drchrono" else get_cerbo()
    declared = [resource.path for resource in registry]
    for operation in registry.list_operations():
        declared += [operation.path, operation.of]
    return frozenset(filter(None, declared))


def _list_patterns(resolver: URLResolver, prefix: str = "") -> list[str]:
    found = []
    for each in resolver.url_patterns:
        route = prefix + str(each.pattern)
        found += [route] if isinstance(each, URLPattern) else _list_patterns(each, route)
    return found


def start() -> None:
    """Count requests of this process from now on."""
    counters = RequestCounters(CollectorRegistry())
    request_log.subscribe(count_entry)
    threading.Thread(target=_run, args=(counters,), name="request-metrics", daemon=True).start()


def _run(counters: RequestCounters) -> None:
    waiting = threading.Event()
    while True:
        waiting.wait(INTERVAL)
        counters.add(_outcomes)
        counters.add_http_refusals(_http_refusals)


def is_on() -> bool:
    """Return whether this process's server serves metrics."""
    return "PROMETHEUS_MULTIPROC_DIR" in os.environ
