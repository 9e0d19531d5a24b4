"""The reference pages of DrChrono v4: one for each resource, by the room of the record that declares it."""

from functools import lru_cache
from importlib import import_module

from charthouse.engine.openapi.document import list_pages
from charthouse.gateway.docs.reference import Chapter, Declared, Manual
from charthouse.gateway.drchrono import wire_format
from charthouse.gateway.drchrono.registry import ROOMS, registry


def _scopes(declared: Declared, reading: bool) -> tuple[str, ...]:
    return tuple(f"{scope}:{'read' if reading else 'write'}" for scope in declared.policy.scopes)


def _chapters() -> tuple[Chapter, ...]:
    operations = registry().list_operations()
    rooms = [
        Chapter(
            room.title(),
            {
                resource.page: [resource, *(o for o in operations if o.page == resource.page)]
                for resource in import_module(f"charthouse.domains.{room}.drchrono").RESOURCES
            },
        )
        for room in ROOMS
    ]
    beside = {page: list[Declared](found) for page, found in list_pages(registry()).items()}
    return (*rooms, *([Chapter("Beside the resources", beside)] if beside else []))


@lru_cache(maxsize=1)
def manual() -> Manual:
    return Manual(
        name="drchrono",
        title="DrChrono v4",
        home="/docs",
        registry=registry(),
        wire=wire_format.wire(),
        document=wire_format.document,
        credentials='-H "Authorization: Bearer $TOKEN"',
        who="users/current",
        page_of=lambda declared: declared.page,
        chapters=_chapters(),
        scopes=_scopes,
    )
