"""Each object of either API is read by the thread that waits for events as a thread of its own reads it, signed links
of its files included (``gateway.pipelined_reads``)."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.cerbo import registry as cerbo_registry
from charthouse.gateway.drchrono import registry as drchrono_registry
from tests import support
from tests.cases import each_case
from tests.conftest import POOLED
from tests.web_server.begun_reads import Server, run_server

from .cerbo_world import CerboWorld
from .world import World

pytestmark = pytest.mark.skipif(POOLED, reason="behind a pooler nothing is sent ahead")
DRCHRONO = [one for one in drchrono_registry.get_registry() if "GET" in one.object_methods]
CERBO = [one for one in cerbo_registry.get_registry() if "GET" in one.object_methods]


@pytest.fixture(scope="module")
def server(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Its threads have last served another practice."""
    with run_server(tmp_path_factory.mktemp("server")) as server:
        other = support.make_practice("Another")
        with server.connect(support.issue_token(other.user, support.make_app())) as client:
            for _ in range(8):
                client.get("/api/patients")
        server.running.wait(lambda: server.reads._pipeline)
        yield server


def compare(server: Server, ordinary: httpx.Client, path: str) -> None:
    """``ordinary``: a client whose calls have threads of their own."""
    expected = ordinary.get(path)
    assert expected.status_code == 200, expected.text
    token = ordinary.headers.get("Authorization", "").removeprefix("Bearer ")
    with server.connect(token, auth=ordinary.auth) as client, server.expect_own(1):
        found = client.get(path, headers={"Host": "testserver"})
    assert found.status_code == 200
    assert read_shown(found) == read_shown(expected)


def read_shown(answer: httpx.Response) -> Any:
    """The object, with the practice and the file of links, which also say until when they can be opened."""
    return json.loads(re.sub(r"/(\d+-\d+)-\d+\.[\w-]+", r"/\1", answer.text))


@each_case("resource", DRCHRONO, ids=lambda resource: resource.path)
def test_of_drchrono(server: Server, world: World, resource: Resource) -> None:
    compare(server, world.client, f"/api/{resource.path}/{world.row(resource.path)}")


@each_case("resource", CERBO, ids=lambda resource: resource.path)
def test_of_cerbo(server: Server, cerbo: CerboWorld, resource: Resource) -> None:
    compare(server, cerbo.client, cerbo.object_url(resource, cerbo.row(resource.path)))
