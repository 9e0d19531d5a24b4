"""The reference pages of Cerbo v1: one for each group of endpoints that an API user can be limited to."""

from functools import lru_cache
from importlib import import_module

from charthouse.engine.declaration.resources import Declaration
from charthouse.gateway.cerbo import wire_format
from charthouse.gateway.cerbo.registry import DOMAINS, OTHER_MODULES, get_registry
from charthouse.gateway.declarations import import_modules, list_operations, list_resources
from charthouse.gateway.docs.reference import ApiReference, Chapter


def _name_group(declared: Declaration) -> str:
    return str(declared.policy.scopes[0])


def _list_chapters() -> tuple[Chapter, ...]:
    """List the groups by domain: the one that declares the first resource or operation of a group."""
    modules = [(domain.title(), import_modules(domain, "cerbo")) for domain in DOMAINS]
    modules.append(("Other endpoints", [*map(import_module, OTHER_MODULES)]))
    chapters: dict[str, dict[str, list[Declaration]]] = {}
    found: dict[str, list[Declaration]] = {}
    for title, of_domain in modules:
        declared: list[Declaration] = [*list_resources(of_domain), *list_operations(of_domain)]
        for one in declared:
            group = _name_group(one)
            if group not in found:
                found[group] = chapters.setdefault(title, {}).setdefault(group, [])
            found[group].append(one)
    return tuple(Chapter(title, pages) for title, pages in chapters.items())


@lru_cache(maxsize=1)
def reference() -> ApiReference:
    return ApiReference(
        name="cerbo",
        title="Cerbo v1",
        home="/docs/cerbo",
        registry=get_registry(),
        wire=wire_format.make_wire_format(),
        document=wire_format.make_document,
        credentials='-u "$CERBO_USERNAME:$CERBO_SECRET"',
        probe_path="users",
        name_page=_name_group,
        chapters=_list_chapters(),
        scopes=lambda declared, reading: declared.policy.scopes,
    )
