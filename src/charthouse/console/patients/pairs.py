"""The worklist of patients who may have been registered twice, and pairs of whom somebody says that they are not."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.chart import layout
from charthouse.console.kit import records, undo
from charthouse.console.kit.page import Request, page, render_page
from charthouse.domains.patients import duplicate_pairs
from charthouse.domains.patients.models import DistinctPatients
from charthouse.engine.errors import Invalid
from charthouse.identity import origin

SHOWN = 25


@page("Manage Patients")
def show_pairs(request: Request) -> HttpResponseBase:
    """Show a page of pairs. The query names the pair before it by ids."""
    start = _read_position(request.GET.get("after", ""))
    found, following = duplicate_pairs.find_pairs(request.actor.practice, start, SHOWN)
    ids = {pk for pair in found for pk in (pair.one, pair.other)}
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True)
    patients = rows.select_related("doctor").in_bulk(ids) if ids else {}
    values = {
        "title": "Likely duplicates",
        "pairs": [
            (pair, patients[pair.one], patients[pair.other])
            for pair in found
            if pair.one in patients and pair.other in patients
        ],
        "is_later": start != duplicate_pairs.START,
        "next": f"?{urlencode({'after': '-'.join(map(str, following))})}" if following else "",
    }
    return render_page(request, "patients/pairs.html", values)


def _read_position(text: str) -> duplicate_pairs.Position:
    parts = text.split("-")
    if len(parts) == 2 and all(one.isascii() and one.isdigit() and len(one) < 20 for one in parts):
        one, other = (min(int(part), duplicate_pairs.BEGIN) for part in parts)
        return one, other
    return duplicate_pairs.START


@page("Manage Patients", methods=("POST",))
def mark_distinct(request: Request, patient: int, other: int) -> HttpResponseBase:
    """Note that two patients are not the same; ``undo`` of the form takes that back."""
    of = records.get_resource("distinct_patients")
    one, two = layout.find_patient(request, patient), layout.find_patient(request, other)
    first, second = sorted((patient, other))
    back = origin.get_local_url(request, request.POST.get("back", ""), reverse("duplicate-pairs"))
    known = DistinctPatients.objects.filter(
        practice=request.actor.practice, first=first, second=second, archived=False
    )
    row = known.values_list("pk", flat=True).first()
    if request.POST.get("undo"):
        if row is not None:
            records.delete(of, request.actor, row)
        messages.success(request, f"{one.display_name} and {two.display_name} are listed again.")
        return redirect(back)
    if row is None:
        try:
            records.create(of, request.actor, {"first": first, "second": second})
        except Invalid:  # somebody else was quicker, or it is one patient
            return redirect(back)
    words = f"{one.display_name} and {two.display_name} are not duplicates."
    address = reverse("patients-distinct", args=[patient, other])
    undo.add_message(request, words, address, {"undo": "yes", "back": back})
    return redirect(back)
