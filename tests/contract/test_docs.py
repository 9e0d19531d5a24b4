"""The reference pages and the document as they are served: complete, and from nowhere else."""

import re

import jsonschema_rs
import pytest

from charthouse.dialects.drchrono.registry import registry
from charthouse.resource.declare import Resource
from tests import support
from tests.contract import coverage

RESOURCES = list(registry())


def test_the_document_is_served_to_everyone() -> None:
    answer = support.client().get("/openapi/drchrono.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["openapi"] == "3.1.0"
    for name, schema in answer.json()["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name
    paths = answer.json()["paths"]
    functions = {path.split("/")[0] for path in registry().functions}
    assert {path.split("/")[2] for path in paths} == {resource.path for resource in RESOURCES} | functions


def test_the_other_document_is_served_as_well() -> None:
    answer = support.client().get("/openapi/cerbo.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"
    for name, schema in answer.json()["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name
    shapes = [re.sub(r"{\w+}", "{}", path) for path in answer.json()["paths"]]
    assert len(shapes) == len(set(shapes)), "two templates of the same URLs"


def _checked(url: str) -> str:
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
    assert "<script" not in page
    return page


def test_the_overview_leads_to_every_resource() -> None:
    page = _checked("/docs")
    for resource in RESOURCES:
        assert f'href="/docs/{resource.path}"' in page


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.path)
def test_a_resource_has_every_key_parameter_and_operation(resource: Resource) -> None:
    page = _checked(f"/docs/{resource.path}")
    for field in resource.fields:
        assert f'id="key-{field.name}"' in page, field.name
    for parameter in resource.filters:
        assert f"<code>{parameter.name}</code>" in page
    for action in resource.actions:
        assert f'id="{action.name}"' in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_unknown_pages_are_404() -> None:
    assert support.client().get("/docs/nothing").status_code == 404


def test_the_printed_coverage_is_todays() -> None:
    """docs/reference-coverage.md and the README's count; `make docs` prints them."""
    assert coverage.PAGE.read_text() == coverage.page()
    assert coverage.CERBO_PAGE.read_text() == coverage.cerbo_page()
    assert coverage.README.read_text() == coverage.readme()


def test_every_function_is_on_a_page() -> None:
    for methods in registry().functions.values():
        for function in methods.values():
            page = _checked(f"/docs/{function.page}")
            assert f'id="{function.name}-{function.method.lower()}"' in page
            for declared in (*function.parameters, *function.fields, *function.answers):
                assert f"<code>{declared.name}</code>" in page
