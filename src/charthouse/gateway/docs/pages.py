"""``/docs`` and ``/openapi/*.json``: the reference, printed from the declarations. Open to everyone; shows no data."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from charthouse.engine.declaration.resources import Declaration, Operation, Resource
from charthouse.gateway.cerbo import wire_format as cerbo_wire_format
from charthouse.gateway.docs import cerbo, descriptions, drchrono
from charthouse.gateway.docs import search as full_text
from charthouse.gateway.docs.descriptions import KeyRow, OperationEntry, PageContext
from charthouse.gateway.docs.guides import HOME, INDEX, load_guides
from charthouse.gateway.docs.reference import ApiReference
from charthouse.gateway.drchrono import wire_format
from charthouse.identity import origin
from charthouse.identity.api_user_limits import get_limits

POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
REFERENCES = {"drchrono": drchrono.reference, "cerbo": cerbo.reference}


@dataclass(frozen=True)
class Section:
    """A section of a page: a resource, or the operations that no resource declares. ``anchor``: prefix of its
    anchors."""

    shown: Any
    anchor: str
    keys: tuple[KeyRow, ...]
    operations: tuple[OperationEntry, ...]
    verbose_size: int = 0
    sharing: str = ""


@require_safe
def openapi(request: HttpRequest, api: str = "drchrono") -> HttpResponse:
    """The OpenAPI document of an API; any origin may read it."""
    print_json = {"drchrono": wire_format, "cerbo": cerbo_wire_format}[api].print_document_json
    response = HttpResponse(print_json(), content_type="application/json")
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def overview(request: HttpRequest, api: str = "drchrono") -> HttpResponse:
    """What holds for every call: credentials, pages, errors, time."""
    reference = REFERENCES[api]()
    everything = [one for chapter in reference.chapters for page in chapter.pages.values() for one in page]
    return _render_page(
        request,
        reference,
        f"overview_{api}.html",
        {
            "origin": origin.get_origin(),
            "first_request": descriptions.format_curl(
                "GET",
                origin.build_url(f"{reference.wire.base}{reference.probe_path}"),
                reference.credentials,
            ),
            "page": descriptions.highlight_json(_make_page_example(reference)),
            "refusals": _list_errors(api),
            "scopes": sorted({scope for one in everything for scope in one.policy.scopes}),
            "counts": _count_contents(api),
            "limits": get_limits(),
        },
    )


@require_safe
def resource(request: HttpRequest, path: str, api: str = "drchrono") -> HttpResponse:
    """Everything about one resource, or about one group of endpoints."""
    reference = REFERENCES[api]()
    declared = reference.list_declarations(path)
    if not declared:
        raise Http404
    parts = _make_sections(declared, reference)
    return _render_page(
        request,
        reference,
        "resource.html",
        {"shown": parts[0].shown, "page_name": path, "parts": parts, "several": len(parts) > 1},
    )


def _make_sections(declared: list[Declaration], reference: ApiReference) -> list[Section]:
    """One section for each resource, and the other operations in the last. Anchors have a prefix where there are
    several."""
    resources = [one for one in declared if isinstance(one, Resource)]
    functions = [one for one in declared if isinstance(one, Operation)]
    context = PageContext(reference, origin.get_origin())
    found = []
    for one in resources:
        slug = descriptions.make_anchor(one.path) if len(resources) > 1 else ""
        own = PageContext(reference, origin.get_origin(), f"{slug}-" if slug else "")
        found.append(
            Section(
                one,
                own.prefix,
                descriptions.describe_keys(one.keys, own),
                tuple(descriptions.describe_resource(one, own)),
                min(one.page_size.verbose, one.page_size.maximum),
                descriptions.describe_sharing(one),
            )
        )
    described = tuple(descriptions.describe_operation(one, context) for one in functions)
    if len(found) == 1 and described:
        (only,) = found
        return [
            Section(
                only.shown, "", only.keys, (*only.operations, *described), only.verbose_size, only.sharing
            )
        ]
    return [*found, *([Section(functions[0], "", (), described)] if described else [])]


def _render_page(
    request: HttpRequest, reference: ApiReference, template: str, values: dict[str, Any]
) -> HttpResponse:
    return _render(request, template, values | {"reference": reference, "api": reference.title})


def _render(request: HttpRequest, template: str, values: dict[str, Any]) -> HttpResponse:
    shared = {
        "references": [make() for make in REFERENCES.values()],
        "guides": load_guides().values(),
        "guides_home": HOME,
        "path": request.path,
    }
    response = render(request, f"charthouse/reference/{template}", shared | values)
    response["Content-Security-Policy"] = POLICY
    response["Referrer-Policy"] = "same-origin"
    return response


@require_safe
def guide(request: HttpRequest, name: str = INDEX) -> HttpResponse:
    """A guide, or the list of them."""
    found = load_guides().get(name)
    if found is None or (name == INDEX and request.path != HOME):
        raise Http404
    return _render(request, "guide.html", {"guide": found})


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What a query finds in guides and references."""
    query = request.GET.get("q", "")[: full_text.MAX_QUERY]
    return _render(request, "search.html", {"query": query, "found": full_text.search(query)})


@lru_cache(maxsize=2)
def _list_errors(api: str) -> list[tuple[int, str, Any]]:
    responses = REFERENCES[api]().document()["components"]["responses"]
    return [
        (
            int(name.removeprefix("Refused")),
            response["description"],
            descriptions.highlight_json(response["content"]["application/json"]["example"]),
        )
        for name, response in responses.items()
    ]


@lru_cache(maxsize=2)
def _count_contents(api: str) -> dict[str, int]:
    reference = REFERENCES[api]()
    paths = reference.document()["paths"]
    return {
        "resources": len(reference.registry.resources),
        "operations": sum(1 for path in paths.values() for name in path if name != "parameters"),
        "keys": sum(len(resource.keys) for resource in reference.registry),
        "pages": sum(len(chapter.pages) for chapter in reference.chapters),
    }


def _make_page_example(reference: ApiReference) -> Any:
    example = reference.wire.page_example("…")
    if "next" in example:
        example["next"] = "https://ehr.example/api/patients?page_size=50&page=2&cursor=YTUw"
    return example
