"""Notes in a patient's chart that are of no visit: a list, a form while they are open, a page once they are signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path

from charthouse.console import chart, records
from charthouse.console.page import Request, page
from charthouse.console.tables import Badge, Column
from charthouse.domains.clinical import notes
from charthouse.engine.errors import Conflict


def _state(row: Any) -> Badge:
    return Badge("Signed", "green") if row.locked_at else Badge("Open", "orange")


def _owner(row: Any) -> str:
    if row.owner is None:
        return "An app"
    return f"{row.owner.first_name} {row.owner.last_name}".strip() or str(row.owner.username)


@dataclass(frozen=True, kw_only=True)
class Notes(chart.Section):
    """``lock`` and ``unlock`` are addresses below a row's."""

    def edit_values(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        kept = records.get(self.resource, request.actor, row)
        kinds = dict(
            records.Choices(request.actor)(self.resource.keys_by_name["encounter_type"].type.refers_to)
        )
        at = {"patient": kept["patient"]}
        signing = {
            "locked": kept["locked_at"] is not None,
            "signed": f"{kept['signed_by_first_name'] or ''} {kept['signed_by_last_name'] or ''}".strip(),
            "pdf": kept["pdf"],
            "kind": kinds.get(str(kept["encounter_type"]), "Note"),
            "day": kept["date_of_service"],
            "content": kept["content"],
            "to_lock": self._to("-lock", at, row),
            "to_unlock": self._to("-unlock", at, row),
        }
        return {"signing": signing}

    def urls(self) -> list[URLPattern]:
        where = f"{self.base}/<int:row>"
        posted = page(methods=("POST",))
        return [
            *super().urls(),
            path(f"{where}/lock", posted(self.lock), name=f"{self.view}-lock"),
            path(f"{where}/unlock", posted(self.unlock), name=f"{self.view}-unlock"),
        ]

    def lock(self, request: Request, row: int, **at: int) -> HttpResponseBase:
        return self._sign(request, row, at, locked=True)

    def unlock(self, request: Request, row: int, **at: int) -> HttpResponseBase:
        return self._sign(request, row, at, locked=False)

    def _sign(self, request: Request, row: int, at: Mapping[str, int], *, locked: bool) -> HttpResponseBase:
        self.one_at(request, row, **at)
        records.check_writes(self.resource, request.actor)
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
        return redirect(self._to("-one", at, row))


NOTES = Notes(
    "notes_alone",
    place="encounters",
    title="Encounters",
    one="encounter",
    icon="notes",
    about="Calls, letters and whatever else was written down without a visit. Notes of visits are with the visits.",
    at_doctor="",
    columns=(
        Column("Encounter", "title", sort="title"),
        Column("Kind", "encounter_type.name", kind="wide"),
        Column("Date", "date_of_service", sort="date_of_service"),
        Column("Of", _owner, kind="wide"),
        Column("State", _state),
    ),
    asks=("title", "encounter_type", "date_of_service", "content"),
    labels={"encounter_type": "Kind", "date_of_service": "Date", "content": "Text"},
    notes={"date_of_service": "Today, when none is given."},
    search=("title",),
    order="-date_of_service",
    related=("encounter_type", "owner"),
)
