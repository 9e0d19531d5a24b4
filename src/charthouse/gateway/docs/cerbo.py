"""The reference pages of Cerbo v1: one for each group of endpoints that an API user can be kept to."""

from functools import lru_cache
from importlib import import_module

from charthouse.gateway.cerbo import wire_format
from charthouse.gateway.cerbo.registry import BESIDE, ROOMS, registry
from charthouse.gateway.docs.reference import Chapter, Declared, Manual


def _group(declared: Declared) -> str:
    return str(declared.policy.scopes[0])


def _chapters() -> tuple[Chapter, ...]:
    """Groups by the room of the record that has most to do with them: the one that declares the first of it."""
    modules = [(room.title(), f"charthouse.domains.{room}.cerbo") for room in ROOMS]
    modules += [("Beside the record", name) for name in BESIDE]
    chapters: dict[str, dict[str, list[Declared]]] = {}
    found: dict[str, list[Declared]] = {}
    for title, name in modules:
        module = import_module(name)
        declared: list[Declared] = [
            *getattr(module, "RESOURCES", ()),
            *getattr(module, "OPERATIONS", getattr(module, "FUNCTIONS", ())),
        ]
        for one in declared:
            group = _group(one)
            if group not in found:
                found[group] = chapters.setdefault(title, {}).setdefault(group, [])
            found[group].append(one)
    return tuple(Chapter(title, pages) for title, pages in chapters.items())


@lru_cache(maxsize=1)
def manual() -> Manual:
    return Manual(
        name="cerbo",
        title="Cerbo v1",
        home="/docs/cerbo",
        registry=registry(),
        wire=wire_format.wire(),
        document=wire_format.document,
        credentials='-u "$USERNAME:$SECRET"',
        who="users",
        page_of=_group,
        chapters=_chapters(),
        scopes=lambda declared, reading: declared.policy.scopes,
    )
