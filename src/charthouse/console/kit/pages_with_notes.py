"""Pages of rows that have notes."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path

from charthouse.console.kit import records
from charthouse.console.kit.page import Request, list_messages, page
from charthouse.console.kit.resource_pages import ResourcePages
from charthouse.engine.errors import Invalid


@dataclass(frozen=True, kw_only=True)
class PagesWithNotes(ResourcePages):
    """Pages of rows that have notes. ``notes_key``: key of the list of notes."""

    notes_key: str

    def get_edit_context(self, request: Request, one: Any, row: int) -> dict[str, Any]:
        return {"notes": one.get(self.notes_key) or [], "notes_to": f"{request.path}/note"}

    def build_urls(self) -> list[Any]:
        note = page(primary=self.primary, methods=("POST",))(self.note)
        return [
            *super().build_urls(),
            path(f"{self.url_path}/<id:row>/note", note, name=f"{self.view}-note"),
        ]

    def note(self, request: Request, row: int) -> HttpResponseBase:
        """Add a note to a row."""
        text = request.POST.get("text", "").strip()
        try:
            records.update(self.resource, request.actor, row, {self.notes_key: [{"text": text}]})
        except Invalid as refusal:
            messages.error(request, " ".join(list_messages(refusal.errors)))
        return redirect(f"{self.view}-one", row=row)
