"""``/docs`` and ``/openapi/*.json``: the reference, printed from the declarations. Open to everyone; shows no data."""

from functools import lru_cache
from importlib import import_module
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from charthouse.dialects import describe
from charthouse.dialects.cerbo import reference as cerbo
from charthouse.dialects.drchrono import reference
from charthouse.dialects.drchrono import registry as drchrono
from charthouse.dialects.drchrono.registry import registry
from charthouse.resource import openapi as openapi_document

POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


@require_safe
def openapi(request: HttpRequest, dialect: str = "drchrono") -> HttpResponse:
    """The OpenAPI document of a dialect; any origin may read it."""
    printed = {"drchrono": reference, "cerbo": cerbo}[dialect]
    response = HttpResponse(printed.document_json(), content_type="application/json")
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What holds for every call: token, pages, errors, time."""
    origin = f"{request.scheme}://{request.get_host()}"
    return _page(
        request,
        "overview.html",
        {
            "origin": origin,
            "token_request": describe.curl("GET", f"{origin}/api/users/current", None),
            "page": describe.coloured(_PAGE),
            "refusals": _refusals(),
            "scopes": sorted({scope for resource in registry() for scope in resource.scopes}),
            "counts": _counts(),
        },
    )


@require_safe
def resource(request: HttpRequest, path: str) -> HttpResponse:
    """Everything about one resource."""
    origin = f"{request.scheme}://{request.get_host()}"
    shown = registry().resources.get(path)
    if shown is None:
        return _of_no_resource(request, path, origin)
    return _page(
        request,
        "resource.html",
        {
            "shown": shown,
            "operations": describe.operations(shown, origin),
            "keys": describe.keys(shown.fields, shown.model),
            "parameters": describe.parameters(shown),
            "sharing": describe.sharing(shown),
            "verbose_size": min(shown.page_size.verbose, shown.page_size.maximum),
        },
    )


def _of_no_resource(request: HttpRequest, path: str, origin: str) -> HttpResponse:
    """Functions that are of no resource."""
    found = openapi_document.pages(registry()).get(path)
    if found is None:
        raise Http404
    operations = describe.functions(registry(), path, origin)
    return _page(request, "resource.html", {"shown": found[0], "operations": operations})


def _page(request: HttpRequest, template: str, values: dict[str, Any]) -> HttpResponse:
    values |= {"rooms": _rooms(), "dialect": "DrChrono v4", "path": request.path}
    response = render(request, f"charthouse/reference/{template}", values)
    response["Content-Security-Policy"] = POLICY
    response["Referrer-Policy"] = "same-origin"
    return response


@lru_cache(maxsize=1)
def _rooms() -> list[tuple[str, list[Any]]]:
    """The resources by the room of the record that declares them, and the functions that are of none."""
    rooms: list[tuple[str, list[Any]]] = [
        (room, import_module(f"charthouse.domains.{room}.drchrono").RESOURCES) for room in drchrono.ROOMS
    ]
    beside = [functions[0] for functions in openapi_document.pages(registry()).values()]
    more = [("Beside the resources", beside)] if beside else []
    return [(room.title(), resources) for room, resources in rooms] + more


@lru_cache(maxsize=1)
def _refusals() -> list[tuple[int, str, Any]]:
    said = reference.document()["components"]["responses"]
    return [
        (
            int(name.removeprefix("Refused")),
            response["description"],
            describe.coloured(response["content"]["application/json"]["example"]),
        )
        for name, response in said.items()
    ]


def _counts() -> dict[str, int]:
    paths = reference.document()["paths"]
    return {
        "resources": len(registry().resources),
        "operations": sum(1 for path in paths.values() for name in path if name != "parameters"),
        "keys": sum(len(resource.fields) for resource in registry()),
    }


_PAGE = {
    "next": "https://ehr.example/api/patients?page_size=50&page=2&cursor=YTUw",
    "previous": None,
    "results": ["…"],
}
