"""The printed document, over made-up declarations: strict where it is read, honest where it is written."""

import copy
from typing import Any

import jsonschema_rs
import pytest

from charthouse.engine.declaration import json_schema
from charthouse.engine.openapi.document import print_document
from charthouse.engine.openapi.examples import make_shown_example, make_written_example
from charthouse.gateway.drchrono import wire_format

from .made_up import BOOKS, REGISTRY


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return print_document(REGISTRY, wire_format.make_wire_format())


def find_errors(document: dict[str, Any], name: str, value: Any) -> list[str]:
    schema = {**json_schema.reference(name), "components": document["components"]}
    return [error.message for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(value)]


def test_every_schema_is_one(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        assert jsonschema_rs.meta.is_valid(schema)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(path := value.get("$ref"), str):
                found: Any = document
                for step in path.removeprefix("#/").split("/"):
                    found = found[step]
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(document)


def test_operations(document: dict[str, Any]) -> None:
    paths = {path: sorted(set(item) - {"parameters"}) for path, item in document["paths"].items()}
    assert paths == {
        "/api/books": ["get", "post"],
        "/api/books/{id}": ["delete", "get", "patch", "put"],
        "/api/books/{id}/lend": ["post"],
        "/api/shelves": ["get", "post"],
        "/api/shelves/{id}": ["get"],
    }
    ids = [
        o["operationId"] for item in document["paths"].values() for n, o in item.items() if n != "parameters"
    ]
    assert len(ids) == len(set(ids))


def test_parameters(document: dict[str, Any]) -> None:
    listed = document["paths"]["/api/books"]["get"]
    names = [parameter["name"] for parameter in listed["parameters"]]
    assert names == ["shelf", "title", "bought", "show_archived", "page", "page_size", "cursor", "verbose"]
    size = next(p for p in listed["parameters"] if p["name"] == "page_size")["schema"]
    assert (size["default"], size["maximum"]) == (5, 20)
    assert listed["x-one-of"] == [["shelf", "title"]]
    assert next(p for p in listed["parameters"] if p["name"] == "show_archived")["x-addition"] is True


def test_what_is_needed(document: dict[str, Any]) -> None:
    reading, writing = document["paths"]["/api/books"]["get"], document["paths"]["/api/books"]["post"]
    assert reading["security"] == [{"oauth2": ["user:read"]}]
    assert writing["security"] == [{"oauth2": ["user:write"]}]
    assert writing["x-permissions"] == ["Settings"]
    refused = {"400", "401", "403", "404", "405", "409", "413", "415", "429", "503"}
    assert set(writing["responses"]) == {"201"} | refused


@pytest.mark.parametrize("verbose", [False, True])
def test_examples_are_valid(document: dict[str, Any], verbose: bool) -> None:
    name = "BooksVerbose" if verbose else "Books"
    assert find_errors(document, name, make_shown_example(BOOKS, verbose=verbose)) == []
    assert find_errors(document, "BooksWrite", make_written_example(BOOKS)) == []


def test_what_is_shown_is_strict(document: dict[str, Any]) -> None:
    """Every key missing, every key of another type, and one that nobody declared: all are noticed."""
    good = make_shown_example(BOOKS, verbose=True)
    for name in good:
        missing = copy.deepcopy(good)
        del missing[name]
        assert find_errors(document, "BooksVerbose", missing), name
        wrong = good | {name: {"no": []}}
        assert find_errors(document, "BooksVerbose", wrong), name
    assert find_errors(document, "BooksVerbose", good | {"nobody": 1})
    assert find_errors(document, "Books", good), "a verbose key in a plain answer"
    for name, value in {
        "updated_at": "2024-01-01T00:00:00Z",
        "price": "1.5",
        "price ": 1.5,
        "opens": "9:00",
    }.items():
        assert find_errors(document, "BooksVerbose", good | {name.strip(): value}), name


def test_formats_have_the_names_of_the_registry_of_openapi(document: dict[str, Any]) -> None:
    """https://spec.openapis.org/registry/format: generators make types of them."""
    found = {}
    for name, schema in document["components"]["schemas"]["BooksVerbose"]["properties"].items():
        for kind in schema.get("anyOf", [schema]):
            if "format" in kind:
                found[name] = kind["format"]
    assert found == {
        "shelf": "int64",
        "price": "decimal",
        "bought": "date",
        "opens": "time-local",
        "updated_at": "date-time-local",
    }


def test_what_is_written(document: dict[str, Any]) -> None:
    assert find_errors(document, "BooksWrite", {}) != []
    assert find_errors(document, "BooksModify", {}) == []
    assert find_errors(document, "BooksWrite", {"shelf": 1, "title": "x", "pages": 3, "genre": None}) == []
    assert find_errors(document, "BooksWrite", {"shelf": 1, "title": "x"}), "pages or weight"
    assert find_errors(document, "BooksWrite", {"shelf": 1, "title": "x" * 41, "pages": 3}), (
        "the column's length"
    )
    properties = document["components"]["schemas"]["BooksWrite"]["properties"]
    assert "code" in properties, "write-only keys are written"
    assert "updated_at" not in properties, "read-only keys aren't"
    assert "code" not in document["components"]["schemas"]["BooksVerbose"]["properties"]
