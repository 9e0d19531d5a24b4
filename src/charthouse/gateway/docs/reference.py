"""The reference of an API: its name and wire format, the credentials of its examples, the contents of its pages."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse

from charthouse.engine.declaration.resources import Declaration, Registry
from charthouse.engine.openapi.wire import WireFormat


@dataclass(frozen=True)
class Chapter:
    """A part of the contents: pages by name, each with its declarations."""

    title: str
    pages: "dict[str, list[Declaration]]"


@dataclass(frozen=True, kw_only=True, eq=False)
class ApiReference:
    """The reference of one API.

    name         of its OpenAPI document and of its templates
    home         the address of its overview; its pages are below
    document     makes its OpenAPI document
    credentials  curl options that authenticate, in examples
    probe_path   path of a call that every caller may make
    name_page    the name of the page that shows a declaration
    chapters     the contents
    scopes       (declaration, reading) → the scopes that a call needs, as callers write them
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

    @cached_property
    def operation_ids(self) -> dict[tuple[str, str], str]:
        """The operationId of each method and path of the document, with ``{}`` for what stands for a value."""
        return {
            (method.upper(), _find_shape(path)): operation["operationId"]
            for path, item in self.document()["paths"].items()
            for method, operation in item.items()
            if method != "parameters"
        }

    def find_explorer(self, method: str, path: str) -> str:
        """The address of the form that runs an operation in the console; "" where there is none."""
        name = self.operation_ids.get((method, _find_shape(path)))
        return reverse("operation", args=[self.name, name]) if name else ""

    def find_address(self, declared: Declaration) -> str:
        return f"{self.home}/{self.name_page(declared)}"

    def list_declarations(self, page: str) -> "list[Declaration]":
        """The declarations on a page; none where there is no such page."""
        return next((chapter.pages[page] for chapter in self.chapters if page in chapter.pages), [])

    def find_success_status(self, method: str) -> int:
        """The status of a successful call with this method."""
        if method == "POST":
            return self.wire.created
        if method in ("PUT", "PATCH"):
            return self.wire.changed
        return 204 if method == "DELETE" and self.wire.deleted is None else 200


def _find_shape(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)
