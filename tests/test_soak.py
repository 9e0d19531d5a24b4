"""A server under a mixed load: it answers every call, and its memory does not grow. ``SOAK_SECONDS`` says how long."""

import os
import random
import statistics
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil

from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.drchrono.registry import get_registry
from tests import figures, support
from tests.contract import world as worlds
from tests.waiting import PATIENCE

SECONDS = float(os.environ.get("SOAK_SECONDS", "1"))
CALLERS = 4
PAGES = ("/sign-in", "/docs", "/docs/cerbo/tasks", "/portal/sign-in", "/openapi/drchrono.json")
GROWTH = 1.1  # memory at the end, to memory after a quarter of the time
MEASURABLE = 60  # seconds; before, processes still fill their caches


def list_urls(resources: Iterable[Resource]) -> list[str]:
    """Return the URLs of lists, without those that need parameters other than ``since``."""
    return [
        f"/api/{resource.path}" + "?since=2020-01-01" * ("since" in resource.filters_by_name)
        for resource in resources
        if "GET" in resource.list_methods and not any(one.required for one in resource.filters)
    ]


def measure_memory() -> int:
    """Return the resident memory of the server's processes, in MB."""
    children = psutil.Process().children(recursive=True)
    servers = [child for child in children if "charthouse.web_server" in " ".join(child.cmdline())]
    assert servers
    return sum(server.memory_info().rss for server in servers) >> 20


def test_every_call_is_answered_and_memory_does_not_grow(live_server: str, database: None) -> None:
    world = worlds.make()
    program = support.make_api_user(world.clinic.practice)
    token = support.issue_token(world.clinic.user, support.make_app())
    lists = list_urls(get_registry())
    end = time.monotonic() + SECONDS

    def call(seed: int) -> list[float]:
        """Call until the end, and return the seconds that each call took."""
        choose, taken = random.Random(seed), []  # noqa: S311
        patient = {"doctor": world.clinic.doctor.pk, "first_name": "A", "last_name": "B", "gender": "Male"}
        bearer = {"Authorization": f"Bearer {token}"}
        basic = httpx.BasicAuth(program.row.username, program.secret)
        with httpx.Client(base_url=live_server, timeout=PATIENCE) as client:
            while (began := time.monotonic()) < end:
                kind = choose.random()
                if kind < 0.7:
                    answer = client.get(choose.choice(lists), headers=bearer)
                elif kind < 0.8:
                    answer = client.post("/api/patients", json=patient, headers=bearer)
                elif kind < 0.9:
                    answer = client.get("/api/v1/patients", auth=basic)
                else:
                    answer = client.get(choose.choice(PAGES))
                taken.append(time.monotonic() - began)
                assert answer.is_success, f"{answer.request.url}: {answer.status_code} {answer.text[:500]}"
        return taken

    with ThreadPoolExecutor(CALLERS) as pool:
        running = [pool.submit(call, seed) for seed in range(CALLERS)]
        time.sleep(SECONDS / 4)
        before = measure_memory()
        times = [taken for one in running for taken in one.result()]
    after = measure_memory()
    p50, p95 = (statistics.quantiles(times, n=100)[at] for at in (49, 94))
    figures.record(
        seconds=SECONDS, requests=len(times), p50=p50, p95=p95, memory_before=before, memory_after=after
    )
    assert SECONDS < MEASURABLE or after <= before * GROWTH
