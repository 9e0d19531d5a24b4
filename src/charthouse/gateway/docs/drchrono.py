"""The reference pages of DrChrono v4: one for each resource, by domain."""

from functools import lru_cache

from charthouse.engine.declaration.resources import Declaration
from charthouse.engine.openapi.document import list_pages
from charthouse.gateway.declarations import import_modules, list_resources
from charthouse.gateway.docs.reference import ApiReference, Chapter
from charthouse.gateway.drchrono import wire_format
from charthouse.gateway.drchrono.registry import DOMAINS, get_registry


def _list_scopes(declared: Declaration, reading: bool) -> tuple[str, ...]:
    return tuple(f"{scope}:{'read' if reading else 'write'}" for scope in declared.policy.scopes)


def _list_chapters() -> tuple[Chapter, ...]:
    operations = get_registry().list_operations()
    chapters = [
        Chapter(
            domain.title(),
            {
                resource.page: [resource, *(o for o in operations if o.page == resource.page)]
                for resource in list_resources(import_modules(domain, "drchrono"))
            },
        )
        for domain in DOMAINS
    ]
    others = {page: list[Declaration](found) for page, found in list_pages(get_registry()).items()}
    return (*chapters, *([Chapter("Other endpoints", others)] if others else []))


@lru_cache(maxsize=1)
def reference() -> ApiReference:
    return ApiReference(
        name="drchrono",
        title="DrChrono v4",
        home="/docs",
        registry=get_registry(),
        wire=wire_format.make_wire_format(),
        document=wire_format.make_document,
        credentials='-H "Authorization: Bearer $ACCESS_TOKEN"',
        probe_path="users/current",
        name_page=lambda declared: declared.page,
        chapters=_list_chapters(),
        scopes=_list_scopes,
    )
