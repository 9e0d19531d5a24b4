"""Merging two patients who are one person, from a chart or the list of likely duplicates, and undoing that."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.chart import layout
from charthouse.console.kit import records, undo
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import MAX_SEARCH_LENGTH
from charthouse.console.patients import comparison
from charthouse.console.patients.duplicates import find_duplicates
from charthouse.domains.patients import merges
from charthouse.domains.patients.models import DistinctPatients, Patient, PatientMerge
from charthouse.domains.patients.portal_access import list_current_access
from charthouse.domains.patients.search import find
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound
from charthouse.engine.execution.writing import in_transaction

MAX_FOUND = 8
MAX_MERGES = 50
MAX_REASON = 500
# Tables in the words of a front desk, where those of the model are others.
WORDS = {
    "post_outgoing": "E-mails and texts",
    "patients_coverage": "Insurances",
    "patients_autoaccidentinsurance": "Auto accident insurance",
    "patients_workerscompinsurance": "Workers' compensation insurance",
    "patients_attachedflag": "Flags",
    "patients_portalaccess": "Portal access",
    "scheduling_appointment": "Appointments",
    "scheduling_vitals": "Vitals",
    "scheduling_customvitalvalue": "Other vitals",
    "clinical_freetextnote": "Free-text notes",
    "clinical_healthreading": "Health maintenance readings",
    "clinical_clinicalnote": "Notes",
    "labs_patientlabresult": "Lab results",
    "billing_patientpayment": "Payments",
    "billing_paymentlogentry": "Payment log",
    "inventory_patientvaccinerecord": "Vaccinations",
    "questionnaires_assignment": "Questionnaires to answer",
    "questionnaires_answers": "Answered questionnaires",
    "messaging_commlog": "Calls",
    "tasks_associateditem": "Tasks",
}


@page("Manage Patients")
def choose(request: Request, patient: int) -> HttpResponseBase:
    """Choose the patient to merge with: likely duplicates, or a search. Lists the merges of the chart."""
    context = layout.get_chart_context(request, patient)
    found = context["patient"]
    alike = find_duplicates(
        request, {name: getattr(found, name) or "" for name in _ALIKE} | _format_born(found)
    )
    text = request.GET.get("q", "")[:MAX_SEARCH_LENGTH].replace("\0", "").strip()
    done = PatientMerge.objects.filter(
        practice=request.actor.practice, kept=patient, archived=False, undone_at=None
    )
    ids = [one.patient.pk for one in alike]
    distinct = {
        pk
        for pair in DistinctPatients.objects.filter(
            Q(first=patient, second__in=ids) | Q(second=patient, first__in=ids),
            practice=request.actor.practice,
            archived=False,
        ).values_list("first", "second")
        for pk in pair
    }
    values = {
        "duplicates": [one for one in alike if one.patient.pk not in {*distinct, patient}],
        "text": text,
        "found": [one for one in _search(request, text) if one.pk != patient] if text else [],
        "merges": done.select_related("merged", "merged_by").order_by("-merged_at")[:MAX_MERGES],
    }
    return render_page(request, "patients/merge_choose.html", context | values)


_ALIKE = ("first_name", "last_name", "cell_phone", "email")


def _format_born(found: Patient) -> dict[str, str]:
    return {"date_of_birth": found.date_of_birth.isoformat() if found.date_of_birth else ""}


def _search(request: Request, text: str) -> list[Patient]:
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True)
    ids = find(rows, text, MAX_FOUND)
    by_id = {one.pk: one for one in rows.filter(pk__in=ids)} if ids else {}
    return [by_id[one] for one in ids if one in by_id]


@page("Manage Patients", methods=("GET", "POST"))
def compare(request: Request, patient: int, merged: int) -> HttpResponseBase:
    """Show both side by side and what would move; merge ``merged`` into ``patient``."""
    of = records.get_resource("patients")
    records.require_write(of, request.actor)
    if request.method != "POST":
        return _render(request, patient, merged, comparison.compare(request, patient, merged))
    try:
        done = in_transaction(of.unique, lambda: _merge(request, patient, merged))
    except (Invalid, Conflict, Malformed) as refusal:
        found = comparison.compare(request, patient, merged)
        found.choose(request.POST)
        return _render(request, patient, merged, found, refusal)
    rows = Patient.objects.filter(practice=request.actor.practice)
    kept, merged_chart = rows.get(pk=patient), rows.get(pk=merged)
    what = f"Chart {merged_chart.chart_id}" if merged_chart.chart_id else merged_chart.display_name
    words = f"{what} was merged into the chart of {kept.display_name}."
    undo.add_message(request, words, reverse("patient-unmerge", args=[patient, done.pk]), {})
    return redirect("patient", patient)


def _merge(request: Request, patient: int, merged: int) -> PatientMerge:
    """Merge, with the values that the user chose. Within a transaction. Raises Conflict where somebody edited one of
    them since the page was shown."""
    of = records.get_resource("patients")
    merges.lock_patients(request.actor.practice, patient, merged)
    found = comparison.compare(request, patient, merged)
    if request.POST.get("mark") != found.mark:
        raise Conflict(
            "One of the two charts has changed since you opened this page. Check the values and merge again."
        )
    found.choose(request.POST)
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:MAX_REASON]
    user = request.actor.required_user
    done = merges.merge(request.actor.practice, patient, merged, user, reason=reason, decided=found.decided)
    payload = found.build_payload()
    if payload:
        records.update(of, request.actor, patient, payload)
        after = records.get_object(of, request.actor, patient)
        merges.note_values(
            done,
            {name: found.kept_values.get(name) for name in payload},
            {name: after.get(name) for name in payload},
        )
    return done


@page("Manage Patients", methods=("GET", "POST"))
def undo_merge(request: Request, patient: int, merge: int) -> HttpResponseBase:
    """Ask for confirmation, then restore the patient who was merged, with everything that came from them."""
    of = records.get_resource("patients")
    records.require_write(of, request.actor)
    context = layout.get_chart_context(request, patient)
    rows = PatientMerge.objects.filter(
        practice=request.actor.practice, kept=patient, pk=merge, archived=False
    )
    done = rows.select_related("merged").first()
    is_hidden = of.policy.sees_only_own(request.actor)
    if done is None or (is_hidden and done.merged.doctor_id != request.actor.doctor):
        raise NotFound
    name = done.merged.display_name
    if request.method == "POST":
        left = in_transaction(of.unique, lambda: _undo(request, done))
        messages.success(request, f"{name} has a chart of their own again.")
        if left:
            messages.warning(
                request, "The values taken from it at the merge stay here; check the demographics."
            )
        return redirect("patient", done.merged_id)
    values = {
        "title": f"Separate {name} again?",
        "text": "Everything that came from that chart goes back to it. What was written here since the merge stays "
        "here, except what belongs to a visit that goes back.",
        "button": "Undo the merge",
        "back": reverse("patient-merge", args=[patient]),
    }
    return render_page(request, "kit/confirm.html", context | values)


def _undo(request: Request, done: PatientMerge) -> bool:
    """Undo a merge, and set back the values that nobody changed since. Return whether they could not be set back."""
    of = records.get_resource("patients")
    done = merges.undo(request.actor.practice, done.pk, request.actor.required_user)
    present = records.get_object(of, request.actor, done.kept_id)
    payload = {
        name: comparison.without_files(before)
        for name, before in done.values_before.items()
        if present.get(name) == done.values_after.get(name)
    }
    try:
        with transaction.atomic():
            records.update(of, request.actor, done.kept_id, payload)
    except (Invalid, Conflict):
        return True
    return False


def _render(
    request: Request,
    patient: int,
    merged: int,
    found: comparison.Comparison,
    refusal: Invalid | Conflict | Malformed | None = None,
) -> HttpResponse:
    practice = request.actor.practice
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True)
    charts = rows.in_bulk([patient, merged])
    if {patient, merged} - charts.keys():  # one was deleted meanwhile
        raise NotFound
    kept, merged_chart = charts[patient], charts[merged]
    counted = merges.count_rows(practice, patient, merged)
    access = list_current_access(practice, patient).union(list_current_access(practice, merged))
    signs_in = {row.patient_id for row in access if row.activated_on is not None}
    values: dict[str, Any] = {
        "kept": kept,
        "merged_chart": merged_chart,
        "found": found,
        "moving": [(_name_table(reference), count) for reference, count, _ in counted if count],
        "staying": [(_name_table(reference), count) for reference, _, count in counted if count],
        "kept_signs_in": patient in signs_in,
        "merged_signs_in": merged in signs_in,
        "errors": _list_errors(refusal),
        "reason": request.POST.get("reason", ""),
    }
    return render_page(request, "patients/merge.html", values, refusal.status if refusal else 200)


def _list_errors(refusal: Invalid | Conflict | Malformed | None) -> list[str]:
    if refusal is None:
        return []
    return comparison.list_errors(refusal) if isinstance(refusal, Invalid) else [refusal.detail]


def _name_table(reference: merges.PatientReference) -> str:
    name = str(reference.model._meta.verbose_name_plural)
    return WORDS.get(reference.table) or name[:1].upper() + name[1:]
