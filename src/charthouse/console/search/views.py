"""The search of the top bar (Ctrl-K): patients, pages of the menu, and actions."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponseBase, JsonResponse
from django.urls import reverse

from charthouse.console.kit import formats, records
from charthouse.console.kit.navigation import build_menu
from charthouse.console.kit.page import Request, page
from charthouse.console.kit.tables import MAX_SEARCH_LENGTH
from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.search import find as find_ids
from charthouse.identity import loaded_rows

MAX_PATIENTS, MAX_PAGES, MIN_LETTERS = 8, 5, 2
# Actions: label, URL name, permission.
ACTIONS = (
    ("Register patient", "patient-new", "Manage Patients"),
    ("Book appointment", "book", "Access Scheduling"),
)


@page()
def find(request: Request) -> HttpResponseBase:
    """Find what the text ``q`` names: choices with a label, a detail and the URL that they open, as JSON."""
    text = request.GET.get("q", "")[:MAX_SEARCH_LENGTH].replace("\0", "").strip()
    if len(text) < MIN_LETTERS:
        return JsonResponse({"choices": []})
    choices = [*_find_patients(request, text), *_find_actions(request, text), *_find_pages(request, text)]
    return JsonResponse({"choices": choices})


def _find_patients(request: Request, text: str) -> Iterator[dict[str, Any]]:
    if "Manage Patients" not in request.user.permissions:
        return
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True)
    ids = find_ids(rows, text, MAX_PATIENTS)
    by_id = {one.pk: one for one in rows.filter(pk__in=ids)} if ids else {}
    found = [by_id[row_id] for row_id in ids if row_id in by_id]
    loaded_rows.note(Patient._meta.db_table, ids)
    for one in found:
        facts = (f"DOB {formats.format_date(one.date_of_birth)}" if one.date_of_birth else "", one.gender,
                 formats.format_phone(one.cell_phone or one.home_phone), one.chart_id)  # fmt: skip
        detail = " · ".join(filter(None, facts))
        yield {"label": one.sort_name, "detail": detail, "href": reverse("patient", args=[one.pk])}


def _find_actions(request: Request, text: str) -> Iterator[dict[str, Any]]:
    for label, view, permission in ACTIONS:
        if permission in request.user.permissions and _is_match(label, text):
            yield {"label": label, "detail": "Action", "href": reverse(view)}


def _find_pages(request: Request, text: str) -> Iterator[dict[str, Any]]:
    lines = [line for section in build_menu(request.user, request.path) for line in section.lines]
    for line in [one for one in lines if _is_match(one.name, text)][:MAX_PAGES]:
        yield {"label": line.name, "detail": "Page", "href": line.address}


def _is_match(label: str, text: str) -> bool:
    """Say whether every word of the text begins a word of the label."""
    words = label.lower().split()
    return all(any(word.startswith(part) for word in words) for part in text.lower().split())
