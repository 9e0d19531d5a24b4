"""``/docs`` and ``/openapi/*.json``: the reference, printed from the declarations. Open to everyone; shows no data."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.gateway.cerbo import wire_format as cerbo_reference
from charthouse.gateway.docs import cerbo, descriptions, drchrono
from charthouse.gateway.docs.descriptions import KeyRow, OperationEntry, Target
from charthouse.gateway.docs.reference import Declared, Manual
from charthouse.gateway.drchrono import wire_format
from charthouse.identity.api_user_limits import get_limits

POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
MANUALS = {"drchrono": drchrono.manual, "cerbo": cerbo.manual}


@dataclass(frozen=True)
class Part:
    """What a page says of one resource, or of the functions beside them. ``anchor``: of its keys and operations."""

    shown: Any
    anchor: str
    keys: tuple[KeyRow, ...]
    operations: tuple[OperationEntry, ...]
    verbose_size: int = 0
    sharing: str = ""


@require_safe
def openapi(request: HttpRequest, dialect: str = "drchrono") -> HttpResponse:
    """The OpenAPI document of a dialect; any origin may read it."""
    printed = {"drchrono": wire_format, "cerbo": cerbo_reference}[dialect]
    response = HttpResponse(printed.document_json(), content_type="application/json")
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def overview(request: HttpRequest, dialect: str = "drchrono") -> HttpResponse:
    """What holds for every call: credentials, pages, errors, time."""
    manual, origin = MANUALS[dialect](), _origin(request)
    everything = [one for chapter in manual.chapters for page in chapter.pages.values() for one in page]
    return _page(
        request,
        manual,
        f"overview_{dialect}.html",
        {
            "origin": origin,
            "first_request": descriptions.curl(
                "GET", f"{origin}{manual.wire.base}{manual.who}", manual.credentials
            ),
            "page": descriptions.coloured(_page_example(manual)),
            "refusals": _refusals(dialect),
            "scopes": sorted({scope for one in everything for scope in one.policy.scopes}),
            "counts": _counts(dialect),
            "limits": get_limits(),
        },
    )


@require_safe
def resource(request: HttpRequest, path: str, dialect: str = "drchrono") -> HttpResponse:
    """Everything about one resource, or about one group of endpoints."""
    manual = MANUALS[dialect]()
    declared = manual.shown(path)
    if not declared:
        raise Http404
    parts = _parts(declared, manual, _origin(request))
    return _page(
        request,
        manual,
        "resource.html",
        {"shown": parts[0].shown, "page_name": path, "parts": parts, "several": len(parts) > 1},
    )


def _parts(declared: list[Declared], manual: Manual, origin: str) -> list[Part]:
    """Of each resource one, and the functions in the last. Where a page has several, anchors tell them apart."""
    resources = [one for one in declared if isinstance(one, Resource)]
    functions = [one for one in declared if isinstance(one, Operation)]
    place = Target(manual, origin)
    found = []
    for one in resources:
        slug = descriptions.slug(one.path) if len(resources) > 1 else ""
        own = Target(manual, origin, f"{slug}-" if slug else "")
        found.append(
            Part(
                one,
                own.prefix,
                descriptions.keys(one.keys, own),
                tuple(descriptions.operations(one, own)),
                min(one.page_size.verbose, one.page_size.maximum),
                descriptions.sharing(one),
            )
        )
    told = tuple(descriptions.function(one, place) for one in functions)
    if len(found) == 1 and told:
        (only,) = found
        return [Part(only.shown, "", only.keys, (*only.operations, *told), only.verbose_size, only.sharing)]
    return [*found, *([Part(functions[0], "", (), told)] if told else [])]


def _origin(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def _page(request: HttpRequest, manual: Manual, template: str, values: dict[str, Any]) -> HttpResponse:
    values |= {
        "manual": manual,
        "manuals": [make() for make in MANUALS.values()],
        "dialect": manual.title,
        "path": request.path,
    }
    response = render(request, f"charthouse/reference/{template}", values)
    response["Content-Security-Policy"] = POLICY
    response["Referrer-Policy"] = "same-origin"
    return response


@lru_cache(maxsize=2)
def _refusals(dialect: str) -> list[tuple[int, str, Any]]:
    said = MANUALS[dialect]().document()["components"]["responses"]
    return [
        (
            int(name.removeprefix("Refused")),
            response["description"],
            descriptions.coloured(response["content"]["application/json"]["example"]),
        )
        for name, response in said.items()
    ]


@lru_cache(maxsize=2)
def _counts(dialect: str) -> dict[str, int]:
    manual = MANUALS[dialect]()
    paths = manual.document()["paths"]
    return {
        "resources": len(manual.registry.resources),
        "operations": sum(1 for path in paths.values() for name in path if name != "parameters"),
        "keys": sum(len(resource.keys) for resource in manual.registry),
        "pages": sum(len(chapter.pages) for chapter in manual.chapters),
    }


def _page_example(manual: Manual) -> Any:
    example = manual.wire.page_example("…")
    if "next" in example:
        example["next"] = "https://ehr.example/api/patients?page_size=50&page=2&cursor=YTUw"
    return example
