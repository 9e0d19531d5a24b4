"""Ordering labs from panels, signing results off, and sending them to the patient."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse import clock
from charthouse.console.chart import layout
from charthouse.console.kit import records
from charthouse.console.kit.page import Request, list_messages, page, render_page
from charthouse.console.kit.tables import Column, Table
from charthouse.console.labs import panels
from charthouse.console.labs.panels import OfferedPanel
from charthouse.domains.clinical.models import Problem
from charthouse.domains.labs.hooks import format_range, format_unit
from charthouse.domains.labs.models import LabDocument, LabResult, LabTest, Sublab
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound
from charthouse.files import links
from charthouse.jobs import submissions

MAX_ORDERS, MAX_LABORATORIES, MAX_PROBLEMS = 20, 50, 40
STATUS_WORDS = {
    "N": "Not sent", "Q": "Queued", "A": "ABN required", "S": "Sent", "R": "Results received", "E": "Error",
}  # fmt: skip


def select_unreviewed(request: Request) -> "QuerySet[Any]":
    """Select the orders whose results are still to be reviewed. Raises Forbidden."""
    rows = records.select_rows(records.get_resource("lab_orders"), request.actor)
    results = LabResult.objects.filter(
        practice=OuterRef("practice"), lab_test__lab_order=OuterRef("pk"), archived=False
    )
    later = results.filter(updated_at__gt=OuterRef("reviewed_at"))
    return rows.filter(Q(reviewed_at=None) & Q(Exists(results)) | Exists(later))


def list_orders(request: Request, patient: int) -> list[Any]:
    """List the latest orders with ``tests``, ``requisition`` (URL) and ``unreviewed``: three queries."""
    rows = records.select_rows(records.get_resource("lab_orders"), request.actor).filter(patient=patient)
    orders = list(
        rows.select_related("sublab", "doctor", "reviewed_by").order_by("-timestamp", "-pk")[:MAX_ORDERS]
    )
    practice, ids = request.actor.practice, [one.pk for one in orders]
    tests = list(LabTest.objects.filter(practice=practice, lab_order__in=ids, archived=False).order_by("pk"))
    files = LabDocument.objects.filter(practice=practice, lab_order__in=ids, archived=False).order_by("pk")
    requisitions = {row.lab_order_id: row for row in files if row.type in ("REQ", "R-A")}
    waiting = set(select_unreviewed(request).filter(pk__in=ids).values_list("pk", flat=True))
    for one in orders:
        one.tests = [test for test in tests if test.lab_order_id == one.pk]
        one.words = STATUS_WORDS.get(one.status, one.status)
        found = requisitions.get(one.pk)
        one.requisition = links.make_link(practice, found.document_id) if found else ""
        one.unreviewed = one.pk in waiting
    return orders


# -- ordering ---------------------------------------------------------------------------------------------------


@page("Manage Patients", methods=("GET", "POST"))
def order(request: Request, patient: int) -> HttpResponseBase:
    """Show the panels to order from; a POST orders the chosen ones, once."""
    context = layout.get_chart_context(request, patient)
    records.require_write(records.get_resource("lab_orders"), request.actor)
    laboratories = Sublab.objects.filter(practice=request.actor.practice, archived=False)
    listed = list(laboratories.order_by("name", "pk")[:MAX_LABORATORIES])
    wrong, offered = "", panels.list_panels(request)
    if request.method == "POST":
        chosen = [one for one in offered if one.key in request.POST.getlist("panel")]
        laboratory = next((one for one in listed if str(one.pk) == request.POST.get("laboratory")), None)
        if chosen and laboratory is not None:
            return _place(request, context, laboratory, chosen)
        wrong = "Choose at least one panel." if laboratory is not None else "Choose a laboratory."
    problems = Problem.objects.filter(
        practice=request.actor.practice, patient=patient, archived=False, status="active"
    )
    values = {
        **context,
        "panels": offered,
        "laboratories": listed,
        "problems": list(problems.exclude(icd_code="").order_by("-pk")[:MAX_PROBLEMS]),
        "wrong": wrong,
        "chosen": request.POST.getlist("panel"),
        "submission": request.POST.get("submission") or submissions.make_token(),
        "back": reverse("chart-labs", args=[patient]),
    }
    return render_page(request, "labs/order.html", values, 400 if wrong else 200)


def _place(
    request: Request, context: dict[str, Any], laboratory: Sublab, chosen: list[OfferedPanel]
) -> HttpResponseBase:
    try:
        address, created = submissions.run_once(
            request.actor.practice,
            request.actor.required_user,
            request.POST.get("submission", ""),
            lambda: _write_order(request, context["patient"], laboratory, chosen),
        )
        if created:
            messages.success(request, f"Ordered: {', '.join(one.name for one in chosen)}.")
        return redirect(address)
    except (Invalid, Conflict, Malformed) as refusal:
        words = list_messages(refusal.errors) if isinstance(refusal, Invalid) else [refusal.detail]
        messages.error(request, " ".join(words))
        return redirect("lab-order", context["patient"].pk)


def _write_order(request: Request, patient: Any, laboratory: Sublab, chosen: list[OfferedPanel]) -> str:
    body = {
        "sublab": laboratory.pk,
        "doctor": request.actor.doctor or patient.doctor_id,
        "patient": patient.pk,
        "icd10_codes": [{"code": code} for code in request.POST.getlist("diagnosis")[:12]],
        "priority": "STAT" if request.POST.get("stat") else "NORMAL",
        "notes": request.POST.get("notes", "")[:2000],
    }
    made = records.create(records.get_resource("lab_orders"), request.actor, body)
    for one in chosen:
        for code, name in one.ordered:
            test = {"lab_order": made["id"], "code": code, "name": name, "specimen_source": one.specimen}
            records.create(records.get_resource("lab_tests"), request.actor, test)
    # Sent when its tests are there: the requisition lists them.
    records.update(records.get_resource("lab_orders"), request.actor, int(made["id"]), {"status": "S"})
    return reverse("chart-labs", args=[patient.pk])


# -- reviewing --------------------------------------------------------------------------------------------------


@page("Manage Patients", methods=("POST",))
def review(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Sign the results of an order off."""
    layout.find_patient(request, patient)
    found = _find_order(request, patient, row)
    body = {"reviewed_at": clock.now().isoformat(), "reviewed_by": request.actor.required_user}
    with transaction.atomic():
        records.update(records.get_resource("lab_reviews"), request.actor, found.pk, body)
    messages.success(request, "The results are signed off.")
    back = request.POST.get("back")
    return redirect(
        reverse("results-to-review") if back == "queue" else reverse("chart-labs", args=[patient])
    )


@page("Manage Patients", methods=("GET", "POST"))
def send_to_patient(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Show the message with an order's results; a POST sends it to the patient's portal."""
    context = layout.get_chart_context(request, patient)
    found = _find_order(request, patient, row)
    of = records.get_resource("patient_messages")
    records.require_write(of, request.actor)
    text = request.POST.get("text", "").replace("\r\n", "\n").strip()
    if request.method == "POST" and text:
        body = {"doctor": found.doctor_id, "patient": patient, "subject": "Your lab results", "body": text}
        submissions.run_once(
            request.actor.practice,
            request.actor.required_user,
            request.POST.get("submission", ""),
            lambda: str(records.create(of, request.actor, body)["id"]),
        )
        messages.success(request, "The results are sent to the patient's portal.")
        return redirect("chart-labs", patient)
    values = {
        **context,
        "order": found,
        "text": text or _write_letter(request, found),
        "submission": request.POST.get("submission") or submissions.make_token(),
        "back": reverse("chart-labs", args=[patient]),
    }
    return render_page(request, "labs/send.html", values)


def _write_letter(request: Request, found: Any) -> str:
    rows = LabResult.objects.filter(
        practice=request.actor.practice, lab_test__lab_order=found.pk, archived=False
    )
    lines = [
        f"{one.observation_description or one.lab_test.name}: {one.value} {format_unit(one.unit)}".rstrip()
        + (f" (usual: {format_range(one.normal_range)})" if one.normal_range else "")
        for one in rows.select_related("lab_test").order_by("pk")[:100]
    ]
    return "Your results are back.\n\n" + "\n".join(lines)


def _find_order(request: Request, patient: int, row: int) -> Any:
    rows = records.select_rows(records.get_resource("lab_orders"), request.actor)
    found = rows.filter(pk=row, patient=patient).first()
    if found is None:
        raise NotFound()
    return found


RESULTS = Table(
    name="results-to-review",
    label="Results to review",
    columns=(
        Column(
            "Ordered",
            "timestamp",
            sort="timestamp",
            link=lambda row: reverse("chart-labs", args=[row.patient_id]),
        ),
        Column("Patient", lambda row: row.patient.sort_name),
        Column("Laboratory", "sublab.name", kind="wide"),
        Column("Provider", "doctor"),
    ),
    order="timestamp",
    empty="No results to review.",
)


@page("Manage Patients")
def show_results_to_review(request: Request) -> HttpResponseBase:
    """List the orders whose results nobody has signed off, the oldest first; of the user's doctor, or of all."""
    rows = select_unreviewed(request).select_related("patient", "doctor", "sublab")
    if request.actor.doctor and request.GET.get("whose") != "all":
        rows = rows.filter(doctor=request.actor.doctor)
    values = {"title": "Results to review", "table": RESULTS.build_page(request, rows)}
    if request.actor.doctor:
        values |= {"other": "?whose=all", "other_words": "Results of all providers"}
    return render_page(request, "kit/list.html", values)
