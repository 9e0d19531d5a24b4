"""The reference pages and the document as they are served: complete, and from nowhere else."""

import re
import shlex
from functools import cache
from html import unescape
from typing import Any

import jsonschema_rs

from charthouse.changes.event_catalog import load_catalog
from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.docs.cerbo import reference as cerbo_manual
from charthouse.gateway.docs.event_bodies import print_guide
from charthouse.gateway.docs.guides import load_guides
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity.api_user_limits import get_limits
from tests import support
from tests.cases import each_case
from tests.contract import coverage, event_guide
from tests.contract.cerbo_world import CerboWorld

RESOURCES = list(get_registry())
GROUPS = {page: shown for chapter in cerbo_manual().chapters for page, shown in chapter.pages.items()}


def test_the_document_is_served_to_everyone() -> None:
    answer = support.client().get("/openapi/drchrono.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["openapi"] == "3.1.0"
    for name, schema in answer.json()["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name
    paths = answer.json()["paths"]
    operations = {path.split("/")[0] for path in get_registry().operations}
    assert {path.split("/")[2] for path in paths} == {resource.path for resource in RESOURCES} | operations


def test_the_other_document_is_served_as_well() -> None:
    answer = support.client().get("/openapi/cerbo.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"
    for name, schema in answer.json()["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name
    shapes = [re.sub(r"{\w+}", "{}", path) for path in answer.json()["paths"]]
    assert len(shapes) == len(set(shapes)), "two templates of the same URLs"


@cache
def _status(url: str) -> int:
    """Most pages link to the same ones: each is asked for once."""
    return support.client().get(url).status_code


def _check_link(url: str) -> str:
    answer = support.client().get(url)
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    page = answer.text
    loaded = re.findall(r"""<(?:link|script|img|iframe)[^>]*(?:href|src)=["']([^"']+)""", page)
    assert all(url.startswith(("/static/", "data:")) for url in loaded), "nothing is loaded from elsewhere"
    for style in (url for url in loaded if url.endswith(".css")):
        sheet = support.client().get(style)
        assert sheet.status_code == 200, style
        assert not re.search(r"url\(\s*['\"]?https?:|@import", sheet.text)
    assert "<style" not in page, "the policy lets no inline style through"
    assert " style=" not in page
    assert re.findall(r"<script[^>]*>", page) == ['<script src="/static/charthouse/reference.js" defer>']
    return page


def test_the_overview_leads_to_every_resource() -> None:
    page = _check_link("/docs")
    for resource in RESOURCES:
        assert f'href="/docs/{resource.path}"' in page


@each_case("resource", RESOURCES, ids=lambda r: r.path)
def test_a_resource_has_every_key_parameter_and_operation(resource: Resource) -> None:
    page = _check_link(f"/docs/{resource.path}")
    for key in resource.keys:
        assert f'id="key-{key.name}"' in page, key.name
    for parameter in resource.filters if resource.lists else ():
        assert f"<code>{parameter.name}</code>" in page
    for operation in resource.operations:
        assert f'id="{operation.name}"' in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_unknown_pages_are_404() -> None:
    assert support.client().get("/docs/nothing").status_code == 404


def test_the_printed_coverage_is_todays() -> None:
    """docs/reference-coverage.md and the README's count; `make docs` prints them."""
    assert coverage.PAGE.read_text() == coverage.write_page()
    assert coverage.CERBO_PAGE.read_text() == coverage.write_cerbo_page()
    assert coverage.README.read_text() == coverage.write_readme()


def test_every_operation_is_on_a_page() -> None:
    for operation in get_registry().list_operations():
        page = _check_link(f"/docs/{operation.page}")
        assert f'id="{operation.slug}-{operation.method.lower()}"' in page
        for declared in (*operation.filters, *operation.keys, *operation.answer):
            assert f"<code>{declared.name}</code>" in page


# -- guides and search ------------------------------------------------------------------------------------------


def test_the_guides_are_pages_with_links_that_lead_somewhere() -> None:
    index = _check_link("/docs/guides")
    ids = {
        guide.address: set(re.findall(r'\bid="([^"]+)"', _check_link(guide.address)))
        for guide in load_guides().values()
    }
    for guide in load_guides().values():
        assert f'href="{guide.address}"' in index
        page = _check_link(guide.address)
        for address, anchor in re.findall(r'href="(/docs[^"#]*|)#([^"]+)"', page):
            assert anchor in ids.get(address or guide.address, {anchor}), (guide.name, address, anchor)
        for link in set(re.findall(r'href="(/(?:docs|openapi)[^"#]*)', page)):
            assert _status(link) == 200, (guide.name, link)
        assert not re.search(r'href="[^"#:]*\.md', page), guide.name
        assert not re.search(r"<p>[^<]*(```|\|---)", page), guide.name
    for unknown in ("/docs/guides/nothing", "/docs/guides/README"):
        assert support.client().get(unknown).status_code == 404


def test_the_printed_events_are_todays() -> None:
    """docs/guides/events.md; `make docs` prints it. It has every event of both APIs."""
    assert event_guide.PAGE.read_text() == print_guide()
    for names in load_catalog().events.values():
        for name in names:
            assert f"| `{name}` |" in event_guide.PAGE.read_text()


def _search(query: str) -> list[str]:
    answer = support.client().get("/docs/search", params={"q": query})
    assert answer.status_code == 200
    return re.findall(r'<li><a href="([^"]+)"', answer.text)


def test_the_search_finds_guides_resources_keys_and_operations() -> None:
    assert _search("webhook signature")[0].startswith("/docs/guides/webhooks#")
    assert _search("refreshing tokens")[0].startswith("/docs/guides/oauth#")  # words are stemmed
    assert "/docs/patients" in _search("social_security_number")
    assert "/docs/appointments#list" in _search("GET /api/appointments")
    assert any(found.startswith("/docs/cerbo/patient_prescriptions#") for found in _search("rxs refill"))
    assert "/docs/guides/limits#limits" in _search("limi"), "the last word may be a beginning"
    for found in _search("patient"):
        address, _, anchor = found.partition("#")
        assert not anchor or f'id="{anchor}"' in support.client().get(address).text, found


@each_case(
    "query",
    [
        "",
        " ",
        '"',
        "a" * 5000,
        "*",
        "NEAR(",
        "' or 1=1",
        "\x00",
        "title:x",
        "<script>alert(1)</script>",
        "é",
        "a " * 300,
    ],
)
def test_the_search_takes_any_text(query: str) -> None:
    answer = support.client().get("/docs/search", params={"q": query})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


# -- Cerbo's, by group of endpoints -----------------------------------------------------------------------------


def test_the_two_references_lead_to_each_other() -> None:
    page, other = _check_link("/docs"), _check_link("/docs/cerbo")
    assert 'href="/docs/cerbo"' in page
    assert 'href="/docs"' in other
    for group in GROUPS:
        assert f'href="/docs/cerbo/{group}"' in other
    for name, calls in get_limits().items():
        assert f"<code>{name}</code></th><td>{calls}</td>" in other
    assert support.client().get("/docs/cerbo/nothing").status_code == 404
    assert support.client().get("/docs/cerbo/patients/1").status_code == 404


def test_every_operation_of_cerbo_is_on_a_page() -> None:
    from . import cerbo_facts as facts

    urls = set()
    for group in GROUPS:
        page = _check_link(f"/docs/cerbo/{group}")
        found = re.findall(r'<span class="method (\w+)">\w+</span><code>/api/v1/([^<]+)</code>', page)
        urls |= {(method, facts.normalize_path(path)) for method, path in found}
    assert urls == {(operation.method, operation.path) for operation in facts.list_built()}


@each_case("group", GROUPS)
def test_a_group_has_every_key_and_parameter(group: str) -> None:
    page = _check_link(f"/docs/cerbo/{group}")
    for declared in GROUPS[group]:
        keys = declared.keys if isinstance(declared, Resource) else (*declared.keys, *declared.answer)
        for named in (*keys, *declared.filters):
            assert f"<code>{named.name}</code>" in page, named.name
        assert declared.policy.rate_class in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for anchor in re.findall(r'href="#([^"]+)"', page):
        assert anchor in ids or anchor == "main"
    for link in set(re.findall(r'href="(/docs[^"#]*)', page)):
        assert _status(link) == 200, link


def _commands(group: str) -> list[str]:
    page = _check_link(f"/docs/cerbo/{group}")
    found = re.findall(
        r"<figcaption>Request</figcaption><pre tabindex=\"0\"><code>(.*?)</code></pre>", page, re.S
    )
    return [unescape(re.sub(r"</?span[^>]*>", "", text)) for text in found]


@each_case("group", GROUPS)
def test_the_examples_of_cerbo_work_as_pasted(cerbo: CerboWorld, group: str) -> None:
    """Each command is read as a shell would, and sent: the server takes the address, the query and the body. Whether
    the row 1 that it names is there hangs on the practice."""
    for command in _commands(group):
        words = shlex.split(command.replace("\\\n", ""))
        assert (words[0], words[words.index("-u") + 1]) == ("curl", "$CERBO_USERNAME:$CERBO_SECRET")
        method = words[words.index("-X") + 1] if "-X" in words else "GET"
        url = next(word for word in words if word.startswith("http://testserver/api/v1/"))
        body = words[words.index("-d") + 1] if "-d" in words else None
        answer = cerbo.client.request(method, url, content=body)
        assert answer.status_code in (200, 404, 409) or body, f"{method} {url}: {answer.text[:300]}"
        if "/1" not in url and not body:
            assert answer.status_code == 200, f"{method} {url}: {answer.text[:300]}"
        if answer.status_code == 400:
            _check_only_about_rows(answer.json()["error"], command)


def _check_only_about_rows(error: dict[str, Any], command: str) -> None:
    """A body may name rows that aren't there, or one that is there already; nothing else is wrong with it."""
    said = str(error.get("fields") or error["message"])
    assert re.search(
        r"does not exist|exists already|has this name|has no |There is no |not there|no doctor", said
    ), f"{command}: {said}"
