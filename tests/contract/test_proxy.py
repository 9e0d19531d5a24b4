"""Both APIs, pages and OAuth behind a proxy that ends TLS: what is set is the base URL alone."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.core.files.base import ContentFile

from charthouse.engine.declaration.resources import Resource
from charthouse.files.models import StoredFile
from charthouse.files.storage import store_content
from charthouse.gateway.cerbo import registry as cerbo_registry
from charthouse.gateway.drchrono import registry
from charthouse.identity import tenancy
from tests import support
from tests.deployment import HOST, PRACTICE_HOST, Deployment, run_deployment
from tests.identity.oauth_flow import parse_hidden_fields, parse_redirect
from tests.portal.portal_patients import make_portal_patient
from tests.waiting import PATIENCE

from .cerbo_world import ASKED, CerboWorld
from .test_lists import fill_needed
from .world import World

ORIGIN = f"https://{HOST}"
PDF = b"%PDF-1.4\n%%EOF\n"
URL = re.compile(r'https?:(?:/|\\/){2}[^"\'\s\\<>]+')
SPOOFED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "81",
    "Forwarded": "for=203.0.113.9;proto=http;host=evil.example",
}


@pytest.fixture(scope="module")
def deployed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with run_deployment(tmp_path_factory.mktemp("deployment"), world.practice) as running:
        yield running


def check(response: httpx.Response) -> None:
    """Nothing that the server says of itself is without TLS."""
    assert "max-age=" in response.headers.get("Strict-Transport-Security", ""), response.url
    for cookie in response.headers.get_list("Set-Cookie"):
        assert "; Secure" in cookie, cookie
    said = [*response.headers.values(), *([] if is_binary(response) else [response.text])]
    for text in said:
        assert f"http://{HOST}" not in text, response.url
        assert "127.0.0.1" not in text, response.url
        assert "evil.example" not in text, response.url


def is_binary(response: httpx.Response) -> bool:
    media = response.headers.get("Content-Type", "")
    return not media.startswith(("text/", "application/json"))


def walk(client: httpx.Client, urls: Iterable[tuple[str, dict[str, str]]]) -> set[str]:
    """Ask for all URLs, then for every link to this server in what is answered. Returns the links."""
    seen: set[str] = set()
    dead = []
    for url, query in urls:
        waiting = [url]
        while waiting:
            url = waiting.pop()
            answer = client.get(url, params=query or None)
            query = {}
            check(answer)
            if (
                answer.status_code not in (200, 302)
                and "This query parameter is required." not in answer.text
            ):
                dead.append(f"{answer.status_code} {url}")
            text = answer.headers.get("Location", "") + ("" if is_binary(answer) else answer.text)
            found = {one.replace("\\/", "/") for one in URL.findall(text)}
            links = {one for one in found if urlsplit(one).netloc == HOST} - seen
            seen |= links
            waiting += sorted(links)
    assert dead == []
    return seen


def list_drchrono(world: World) -> Iterator[tuple[str, dict[str, str]]]:
    for resource in registry.get_registry():
        if "GET" not in resource.method_set:
            continue
        while len(world.rows.get(resource.path, ())) < 2 and is_made_twice(world, resource):
            pass
        yield f"/api/{resource.path}", fill_needed(resource) | {"page_size": "1"}


def is_made_twice(world: World, resource: Resource) -> bool:
    """Make a row, if the resource has room for one more."""
    world.row(resource.path)
    return resource.path == "patients" and bool(world.new(resource.path))


def list_cerbo(world: CerboWorld) -> Iterator[tuple[str, dict[str, str]]]:
    for resource in cerbo_registry.get_registry():
        world.row(resource.path)
    with tenancy.within(world.practice):  # rows that are made by the model name a file that was never stored
        address, size = store_content(ContentFile(PDF), world.practice)
        StoredFile.objects.update(address=address, size=size, media_type="application/pdf")
    for resource in cerbo_registry.get_registry():
        if "GET" not in resource.method_set:
            continue
        row_id = world.row(resource.path)
        if resource.lists:
            yield world.list_url(resource), dict(ASKED.get(resource.path, {}))
        if resource.reads:
            yield world.object_url(resource, row_id), {}


def test_every_link_of_both_apis_is_https_and_leads_somewhere(
    deployed: Deployment, world: World, cerbo: CerboWorld
) -> None:
    bearer = {"Authorization": world.client.headers["Authorization"]}
    with deployed.client(headers=bearer | SPOOFED) as client:
        links = walk(client, [("/api/users/current", {}), *list_drchrono(world)])
    paths = {urlsplit(link).path for link in links}
    assert "/api/patients" in paths, "next"
    assert any(path.startswith("/files/") for path in paths), "a signed link to a file"
    assert any(path.startswith("/api/users/") for path in paths), "Location"
    with deployed.client(auth=(cerbo.program.row.username, cerbo.program.secret), headers=SPOOFED) as client:
        links = walk(client, list_cerbo(cerbo))
    assert any(urlsplit(link).path.startswith("/api/v1/drugs/") for link in links), "url_drug"


def sign_in(browser: httpx.Client, path: str, username: str) -> httpx.Response:
    fields = parse_hidden_fields(browser.get(path))
    answer = browser.post(path, data=fields | {"username": username, "password": support.PASSWORD})
    check(answer)
    return answer


def test_pages_and_oauth(deployed: Deployment, world: World) -> None:
    clinic, app = world.clinic, support.make_app()
    tenancy.clear_tenant()
    user = support.make_user(clinic.practice, doctor=clinic.doctor, password=support.PASSWORD)
    with deployed.client(headers={"Origin": ORIGIN} | SPOOFED) as browser:
        assert browser.get("/").headers["Location"].startswith("/sign-in")
        assert sign_in(browser, "/sign-in", user.username).status_code == 302
        assert {cookie.secure for cookie in browser.cookies.jar} == {True}
        query = {"client_id": app.client_id, "redirect_uri": support.CALLBACK, "response_type": "code"}
        address = f"/o/authorize/?{httpx.QueryParams(query)}"
        page = browser.get(address)
        check(page)
        allowed = browser.post(address, data=parse_hidden_fields(page) | {"decision": "allow"})
        code = parse_redirect(allowed)["code"]
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": support.CALLBACK}
    secret = {"client_id": app.client_id, "client_secret": app.client_secret}
    with deployed.client(headers=SPOOFED) as client:
        answer = client.post("/o/token/", data=asked | secret)
        check(answer)
        token = answer.json()["access_token"]
        check(client.get("/api/users/current", headers={"Authorization": f"Bearer {token}"}))
        for path in ("/docs", "/docs/cerbo", "/static/charthouse.css"):
            check(client.get(path))


def test_forms_of_other_sites_are_refused(deployed: Deployment, world: World) -> None:
    for origin in ("https://evil.example", f"http://{HOST}", "null"):
        with deployed.client() as browser:
            fields = parse_hidden_fields(browser.get("/sign-in"))
            answer = browser.post("/sign-in", data=fields | {"username": "x"}, headers={"Origin": origin})
            assert answer.status_code == 403, origin


def test_the_portal_on_a_host_of_its_own(deployed: Deployment, world: World) -> None:
    own, other = make_portal_patient(world.clinic), make_portal_patient(support.make_practice())
    host = f"https://{PRACTICE_HOST}"
    for patient, status in ((own, 302), (other, 400)):
        with deployed.client(base_url=host, headers={"Origin": host} | SPOOFED) as browser:
            assert sign_in(browser, "/portal/sign-in", patient.username).status_code == status
    bearer = {"Authorization": world.client.headers["Authorization"]}
    with deployed.client(base_url=host, headers=bearer) as client:
        following = client.get("/api/patients", params={"page_size": 1}).json()["next"]
        assert following.startswith(f"{host}/api/patients?"), "a link stays on the host that was called"
        assert client.get(following).status_code == 200


def test_only_the_proxy_says_where_a_caller_is(deployed: Deployment, world: World) -> None:
    for allowed, status in ((["127.0.0.1"], 200), (["203.0.113.9"], 403)):
        program = support.make_api_user(world.clinic.practice, ips=allowed)
        with deployed.client(auth=(program.row.username, program.secret), headers=SPOOFED) as client:
            assert client.get("/api/v1/patients").status_code == status


def test_plain_http_and_unknown_hosts(deployed: Deployment, world: World) -> None:
    with deployed.client() as client:
        moved = client.get(f"http://{HOST}/sign-in?next=/tasks")
        assert (moved.status_code, moved.headers["Location"]) == (301, f"{ORIGIN}/sign-in?next=/tasks")
    bearer = {"Authorization": world.client.headers["Authorization"]}
    server = f"http://127.0.0.1:{deployed.server_port}"
    for host, status in (
        ("evil.example", 400),
        ("testserver", 400),
        (f"{HOST}:8000", 200),
        ("localhost", 200),
    ):
        for path in ("/api/patients?page_size=1", f"/api/patients/{world.row('patients')}", "/sign-in"):
            answer: Any = httpx.get(server + path, headers=bearer | {"Host": host}, timeout=PATIENCE)
            assert answer.status_code == status, (host, path)
            check(answer) if status == 200 else None
