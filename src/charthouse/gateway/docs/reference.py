"""How the reference pages of a dialect read: its name and wire, the credentials of its examples, what is on a page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from charthouse.engine.declaration.resources import Operation, Registry, Resource
from charthouse.engine.openapi.wire import WireFormat

Declaration = Resource | Operation


@dataclass(frozen=True)
class Chapter:
    """A part of the contents: pages by name, each with what it shows."""

    title: str
    pages: "dict[str, list[Declaration]]"


@dataclass(frozen=True, kw_only=True, eq=False)
class ApiReference:
    """The pages of one dialect.

    name         of its OpenAPI document, and of its templates
    home         the address of its overview; its pages are below
    document     its OpenAPI document
    credentials  what an example gives to curl to say who calls
    who          a call that answers with who the caller is, or any other that everybody may make: below ``base``
    page_of      the name of the page that shows something
    chapters     the contents
    scopes       what a call needs: (declaration, reading) → names as callers write them
    """

    name: str
    title: str
    home: str
    registry: Registry
    wire: WireFormat
    document: Callable[[], dict[str, Any]]
    credentials: str
    probe_path: str
    name_page: Callable[[Declaration], str]
    chapters: tuple[Chapter, ...]
    scopes: Callable[[Declaration, bool], tuple[str, ...]]

    def find_address(self, declared: Declaration) -> str:
        return f"{self.home}/{self.name_page(declared)}"

    def list_declarations(self, page: str) -> "list[Declaration]":
        """What a page shows; nothing where there is no such page."""
        return next((chapter.pages[page] for chapter in self.chapters if page in chapter.pages), [])

    def find_success_status(self, method: str) -> int:
        """The status of a method of a resource that went well."""
        if method == "POST":
            return self.wire.created
        if method in ("PUT", "PATCH"):
            return self.wire.changed
        return 204 if method == "DELETE" and self.wire.deleted is None else 200
