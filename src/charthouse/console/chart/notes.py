"""Clinical notes without a visit, in the chart: edited while open, read-only once signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path

from charthouse.console.chart import layout
from charthouse.console.kit import records
from charthouse.console.kit.page import Request, page
from charthouse.console.kit.tables import Badge, Column
from charthouse.domains.clinical import notes
from charthouse.engine.errors import Conflict


def _build_state_badge(row: Any) -> Badge:
    return Badge("Signed", "green") if row.locked_at else Badge("Open", "orange")


def _name_owner(row: Any) -> str:
    if row.owner is None:
        return "An app"
    return f"{row.owner.first_name} {row.owner.last_name}".strip() or str(row.owner.username)


@dataclass(frozen=True, kw_only=True)
class NoteList(layout.ChartList):
    """The notes of a patient that belong to no visit."""

    def get_edit_context(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        note = records.get_object(self.resource, request.actor, row)
        types = dict(
            records.ReferenceOptions(request.actor)(
                self.resource.keys_by_name["encounter_type"].type.refers_to
            )
        )
        parents = {"patient": note["patient"]}
        signing = {
            "locked": note["locked_at"] is not None,
            "signed": f"{note['signed_by_first_name'] or ''} {note['signed_by_last_name'] or ''}".strip(),
            "pdf": note["pdf"],
            "kind": types.get(str(note["encounter_type"]), "Note"),
            "day": note["date_of_service"],
            "content": note["content"],
            "to_lock": self._build_url("-lock", parents, row),
            "to_unlock": self._build_url("-unlock", parents, row),
        }
        return {"signing": signing}

    def build_urls(self) -> list[URLPattern]:
        where = f"{self.url_path}/<id:row>"
        posted = page(methods=("POST",))
        return [
            *super().build_urls(),
            path(f"{where}/lock", posted(self.lock), name=f"{self.view}-lock"),
            path(f"{where}/unlock", posted(self.unlock), name=f"{self.view}-unlock"),
        ]

    def lock(self, request: Request, row: int, **parents: int) -> HttpResponseBase:
        return self._sign(request, row, parents, locked=True)

    def unlock(self, request: Request, row: int, **parents: int) -> HttpResponseBase:
        return self._sign(request, row, parents, locked=False)

    def _sign(
        self, request: Request, row: int, parents: Mapping[str, int], *, locked: bool
    ) -> HttpResponseBase:
        self.get_object(request, row, **parents)
        records.require_write(self.resource, request.actor)
        practice = request.actor.practice
        try:
            with transaction.atomic():
                if locked:
                    notes.lock(practice, row, request.actor.required_user)
                else:
                    notes.unlock(practice, row)
        except Conflict as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, "The note is locked." if locked else "The note is open again.")
        return redirect(self._build_url("-one", parents, row))


NOTES = NoteList(
    "notes_alone",
    segment="encounters",
    title="Encounters",
    singular="encounter",
    icon="notes",
    about="Calls, letters and whatever else was written down without a visit. Notes of visits are with the visits.",
    doctor_key="",
    columns=(
        Column("Encounter", "title", sort="title"),
        Column("Kind", "encounter_type.name", kind="wide"),
        Column("Date", "date_of_service", sort="date_of_service"),
        Column("Of", _name_owner, kind="wide"),
        Column("State", _build_state_badge),
    ),
    form_keys=("title", "encounter_type", "date_of_service", "content"),
    labels={"encounter_type": "Kind", "date_of_service": "Date", "content": "Text"},
    hints={"date_of_service": "Today, when none is given."},
    search=("title",),
    order="-date_of_service",
    related=("encounter_type", "owner"),
)
