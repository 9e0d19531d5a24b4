"""The reference pages of DrChrono v4: one for each resource, by the room of the record that declares it."""

from functools import lru_cache
from importlib import import_module

from charthouse.dialects.drchrono import reference
from charthouse.dialects.drchrono.registry import ROOMS, registry
from charthouse.dialects.manual import Chapter, Declared, Manual
from charthouse.resource import openapi


def _scopes(declared: Declared, reading: bool) -> tuple[str, ...]:
    return tuple(f"{scope}:{'read' if reading else 'write'}" for scope in declared.scopes)


def _chapters() -> tuple[Chapter, ...]:
    functions = [function for methods in registry().functions.values() for function in methods.values()]
    rooms = [
        Chapter(
            room.title(),
            {
                resource.page: [resource, *(f for f in functions if f.page == resource.page)]
                for resource in import_module(f"charthouse.domains.{room}.drchrono").RESOURCES
            },
        )
        for room in ROOMS
    ]
    beside = {page: list[Declared](found) for page, found in openapi.pages(registry()).items()}
    return (*rooms, *([Chapter("Beside the resources", beside)] if beside else []))


@lru_cache(maxsize=1)
def manual() -> Manual:
    return Manual(
        name="drchrono",
        title="DrChrono v4",
        home="/docs",
        registry=registry(),
        wire=reference.wire(),
        document=reference.document,
        credentials='-H "Authorization: Bearer $TOKEN"',
        who="users/current",
        page_of=lambda declared: declared.page,
        chapters=_chapters(),
        scopes=_scopes,
    )
