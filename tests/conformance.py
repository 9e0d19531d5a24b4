"""Every API response that a test client gets is held against the server's own OpenAPI document.

``check`` is a response hook of ``support.client``. It takes the exact variant (verbose or not, one or a list), so that
a key that is missing, of another type, or of nobody's declaration fails the test that asked.
"""

import re
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema_rs

from charthouse.gateway.cerbo import api as cerbo_api
from charthouse.gateway.cerbo import wire_format as cerbo
from charthouse.gateway.cerbo.registry import get_router
from charthouse.gateway.drchrono import wire_format

BASE = "/api/"
JSON = "application/json"
DOCUMENT = "urn:charthouse:openapi"
CERBO_DOCUMENT = "urn:charthouse:openapi:cerbo"
HEADERS = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}


def check(response: httpx.Response) -> None:
    """Raises AssertionError for a response that the document doesn't have."""
    path = response.request.url.path
    if path.startswith(cerbo_api.BASE):
        check_cerbo(response)
        return
    if not path.startswith(BASE):
        return
    response.read()
    where = f"{response.request.method} {response.request.url} answered {response.status_code}"
    operation = _find_operation(path, response.request.method)
    foreseen = operation is not None and str(response.status_code) in operation["responses"]
    assert response.status_code != 500 or foreseen, f"{where}: {response.text[:300]}"
    _check_headers(response, where)
    if response.request.method == "HEAD":
        return
    if operation is None:
        assert response.status_code in (400, 401, 404, 405, 429, 503), where
        _validate(response, f"Refused{response.status_code}", where)
        return
    declared = operation["responses"].get(str(response.status_code))
    assert declared is not None, f"{where}, which the document doesn't have"
    if "$ref" in declared:
        _validate(response, declared["$ref"].rsplit("/", 1)[1], where)
    elif "content" not in declared:
        assert response.content == b"", f"{where} with a body"
    elif JSON not in declared["content"]:
        assert response.headers["Content-Type"] in declared["content"], where
    elif "x-function" in operation:
        _validate(response, f"{operation['operationId']}/{response.status_code}", where)
    else:
        _validate(response, _choose_variant(response, operation["operationId"]), where)


def _check_headers(response: httpx.Response, where: str) -> None:
    if response.content and response.status_code >= 400:
        assert response.headers["Content-Type"] == JSON, where
    if needed := HEADERS.get(response.status_code):
        assert needed in response.headers, f"{where} without {needed}"
    if response.status_code == 302:
        assert response.headers["Location"].startswith("http"), where


def _find_operation(path: str, method: str) -> dict[str, Any] | None:
    """The operation that a URL and a method mean, or None."""
    parts = path.removeprefix(BASE).removesuffix("/").split("/")
    paths = wire_format.make_document()["paths"]
    item = paths.get(f"{BASE}{'/'.join(parts)}")
    if item is None and len(parts) > 1:
        item = paths.get(f"{BASE}{'/'.join([parts[0], '{id}', *parts[2:]])}")
    return (item or {}).get("get" if method == "HEAD" else method.lower())


def _choose_variant(response: httpx.Response, operation: str) -> str:
    """The name of the one schema that this success must have: ``read:Patients``, ``page:PatientsVerbose``…"""
    resource, _, kind = operation.rpartition("_")
    names = wire_format.make_document()["components"]["schemas"]
    name = ""
    while resource and (name := "".join(word.title() for word in resource.split("_"))) not in names:
        resource = resource.rpartition("_")[0]
    asked = response.request.url.params.get("verbose", "").lower() in ("true", "1")
    verbose = f"{name}Verbose" in names and (asked or response.status_code == 201)
    name += "Verbose" if verbose else ""
    if response.request.method == "GET":
        return f"page:{name}" if kind == "list" else f"one:{name}"
    return f"many:{name}" if response.content[:1] == b"[" else f"one:{name}"


def _validate(response: httpx.Response, variant: str, where: str) -> None:
    assert response.headers["Content-Type"] == JSON, where
    body = response.json()
    for error in _make_validator(variant).iter_errors(body):
        at = "/".join(map(str, error.instance_path))
        raise AssertionError(f"{where}; at {at!r}: {error.message[:500]}")


@cache
def _make_registry() -> jsonschema_rs.Registry:
    """The document, read once for all validators: each of them would read all of it again."""
    return jsonschema_rs.Registry([(DOCUMENT, wire_format.make_document())], draft=jsonschema_rs.Draft202012)


@cache
def _make_validator(variant: str) -> Any:
    if "/" in variant:
        one = _at(*_list_answers(*variant.split("/")))
        kind = ""
    else:
        kind, _, name = variant.rpartition(":")
        responses = ("components", "responses", name, "content", JSON, "schema")
        one = _at("components", "schemas", name) if kind else _at(*responses)
    schema = {
        "": one,
        "one": one,
        "many": {"type": "array", "items": one},
        "page": wire_format.make_wire_format().page({"type": "array", "items": one}),
    }[kind]
    return jsonschema_rs.Draft202012Validator(schema, registry=_make_registry())


def _at(*keys: str) -> dict[str, Any]:
    """A reference to a place in the document."""
    pointer = "/".join(key.replace("~", "~0").replace("/", "~1") for key in keys)
    return {"$ref": f"{DOCUMENT}#/{quote(pointer, safe='/~')}"}


def _list_answers(operation: str, status: str) -> tuple[str, ...]:
    """Where the schema is of what a function answers."""
    for path, item in wire_format.make_document()["paths"].items():
        for method, declared in item.items():
            if isinstance(declared, dict) and declared.get("operationId") == operation:
                return "paths", path, method, "responses", status, "content", JSON, "schema"
    raise AssertionError(operation)


# -- Cerbo ------------------------------------------------------------------------------------------------------


def check_cerbo(response: httpx.Response) -> None:
    """The same for the other dialect, whose answers have no variants."""
    response.read()
    method = response.request.method
    where = f"{method} {response.request.url} answered {response.status_code}"
    assert response.status_code != 500, f"{where}: {response.text[:300]}"
    if needed := HEADERS.get(response.status_code):
        assert needed in response.headers, f"{where} without {needed}"
    if method == "HEAD":
        return
    path = response.request.url.path.removeprefix(cerbo_api.BASE).removesuffix("/")
    target = get_router().find(path)[0].get(method)
    if target is None:
        assert response.status_code in (400, 401, 403, 404, 405, 429, 503), where
        _validate_cerbo(response, f"#/components/responses/Refused{response.status_code}", where)
        return
    at, verb = _map_cerbo_paths()[re.sub(r"{\w+}", "{}", target.path)], method.lower()
    declared = cerbo.make_document()["paths"][at][verb]["responses"].get(str(response.status_code))
    assert declared is not None, f"{where}, which the document doesn't have"
    if "$ref" in declared:
        _validate_cerbo(response, declared["$ref"], where)
    elif "application/json" in declared.get("content", {}):
        key = at.replace("~", "~0").replace("/", "~1")
        _validate_cerbo(response, f"#/paths/{key}/{verb}/responses/{response.status_code}", where)


@cache
def _map_cerbo_paths() -> dict[str, str]:
    return {
        re.sub(r"{\w+}", "{}", at.removeprefix(cerbo_api.BASE)): at for at in cerbo.make_document()["paths"]
    }


def _validate_cerbo(response: httpx.Response, pointer: str, where: str) -> None:
    assert response.headers["Content-Type"] == "application/json", where
    for error in _make_cerbo_validator(pointer).iter_errors(response.json()):
        at = "/".join(map(str, error.instance_path))
        raise AssertionError(f"{where}; at {at!r}: {error.message[:500]}")


@cache
def _make_cerbo_registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(CERBO_DOCUMENT, cerbo.make_document())], draft=jsonschema_rs.Draft202012)


@cache
def _make_cerbo_validator(pointer: str) -> Any:
    place = quote(f"{pointer.removeprefix('#')}/content/application~1json/schema", safe="/~")
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"{CERBO_DOCUMENT}#{place}"}, registry=_make_cerbo_registry()
    )
