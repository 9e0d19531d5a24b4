"""Documents in the chart: what is in them, whether the patient sees them, how they are filed, who has yet to look at
them. What only Cerbo's API shows of a document is written here too."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console import chart, forms, records
from charthouse.console.page import Request, page, show
from charthouse.console.tables import Badge, Choice, Column, Table
from charthouse.domains.documents import filing, sharing
from charthouse.domains.documents.models import Document
from charthouse.engine.errors import Conflict, Invalid, NotFound

RESULTS = {0: ("Normal", "green"), 1: ("Borderline", "orange"), 2: ("Abnormal", "red")}
NOTIFIED = {"1": "Not needed", "2": "Notified"}


@dataclass(frozen=True, kw_only=True)
class Files(chart.Section):
    """What is in one is shown beside its form, as far as browsers show it within a page."""

    def edit_values(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        address = records.get(self.resource, request.actor, row)["document"]
        rows = Document.objects.select_related("document", "review_by", "reviewer")
        found = rows.get(practice=request.actor.practice, pk=row)
        kind, at = found.document.media_type, {"patient": one["patient"], "row": row}
        return {
            "preview": address,
            "picture": kind.startswith("image/"),
            "preview_kind": kind,
            "shared": sharing.is_shared(request.actor.practice, row),
            "share_to": reverse("chart-document-share", kwargs=at),
            "beside": "console/filed.html",
            "filed": _filed(found),
            "file_at": reverse("chart-document-filing", kwargs=at),
            "sign_at": reverse("chart-document-sign", kwargs=at) if filing.needs_review(found) else "",
        }


def _filed(row: Document) -> list[tuple[str, Any]]:
    told: list[tuple[str, Any]] = [
        ("Folder", " / ".join(filter(None, (row.folder, row.subfolder)))),
        ("Result", Badge(*RESULTS[row.result_code])),
        ("To be reviewed by", "Everyone" if row.review_by_everyone else row.review_by),
        ("Reviewed", row.reviewed_at),
        ("Reviewed by", row.reviewer),
        ("Follow up", row.follow_up_at),
        ("Patient", NOTIFIED.get(str(row.pt_notified or ""))),
    ]
    if row.pt_notified_method:
        told.append(("Notified by", row.pt_notified_method))
    return [*told, ("Content", row.content)]


def state(row: Document) -> Badge | None:
    """What stands out about a document."""
    if filing.needs_review(row):
        return Badge("To review", "blue")
    if row.result_code:
        return Badge(*RESULTS[row.result_code])
    return Badge("Key document", "green") if row.flag else None


@page("Manage Patients", methods=("POST",))
def share(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Let the patient see a document in the portal, or no more: ``shared`` of the form says which."""
    _writable(request, "documents", patient, row)
    if request.POST.get("shared") == "yes":
        sharing.share(request.actor.practice, row, request.actor.required_user)
        messages.success(request, "The patient sees this document in the portal.")
    else:
        sharing.unshare(request.actor.practice, row)
        messages.success(request, "The patient doesn't see this document any more.")
    return redirect("chart-documents-one", patient=patient, row=row)


@page("Manage Patients", methods=("GET", "POST"))
def file(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Where it is filed, what it says, who has to look at it."""
    around = chart.around(request, patient)
    resource = _writable(request, "filings", patient, row)
    fields = [one for one in resource.writable if one.name != "patient"]
    values: Mapping[str, Any] = records.get(resource, request.actor, row)
    refusal: Invalid | Conflict | None = None
    if request.method == "POST":
        values = forms.payload(fields, request, resource.model)
        try:
            records.modify(resource, request.actor, row, values)
        except (Invalid, Conflict) as error:
            refusal = error
        else:
            messages.success(request, "Filed.")
            return redirect("chart-documents-one", patient=patient, row=row)
    labels = {
        "flag": "A key document",
        "result_code": "Result",
        "review_by": "To be reviewed by",
        "review_by_everyone": "... by everyone",
        "follow_up_at": "Follow up",
        "pt_notified": "Patient notified",
        "pt_notified_method": "How",
    }
    form = forms.build(fields, resource.model, values, records.Choices(request.actor), labels)
    for one in form.inputs:
        called = (
            {str(code): words for code, (words, _) in RESULTS.items()} if one.name == "result_code" else {}
        )
        called = NOTIFIED if one.name == "pt_notified" else called
        one.choices = [(value, called.get(value, words)) for value, words in one.choices]
    told = {
        **around,
        "title": "File the document",
        "form": form.told(refusal),
        "back": reverse("chart-documents-one", kwargs={"patient": patient, "row": row}),
        "back_to": "Document",
    }
    return show(request, "edit.html", told, refusal.status if refusal else 200)


@page("Manage Patients", methods=("POST",))
def sign(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Say that one has looked at it."""
    _writable(request, "filings", patient, row)
    try:
        with transaction.atomic():
            filing.sign_off(request.actor.practice, row, request.actor.required_user)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "You have signed the document off.")
    return redirect("chart-documents-one", patient=patient, row=row)


def _writable(request: Request, path: str, patient: int, row: int) -> Any:
    """The resource, of which the caller may write this row of the patient's. Raises Forbidden, NotFound."""
    resource = records.resource(path)
    records.check_writes(resource, request.actor)
    if records.get(resource, request.actor, row)["patient"] != patient:
        raise NotFound()
    return resource


DOCUMENTS = Files(
    "documents",
    place="documents",
    title="Documents",
    one="document",
    icon="files",
    columns=(
        Column("Document", "description", sort="description"),
        Column("Date", "date", sort="date"),
        Column("State", state),
        Column("Folder", "folder", kind="wide"),
        Column("Tags", "metatags", kind="wide"),
        Column("Kind", "document.media_type", kind="wide"),
    ),
    asks=("document", "description", "date", "metatags"),
    labels={"document": "File", "metatags": "Tags"},
    search=("description",),
    order="-date",
    related=("document",),
)

# -- what waits for somebody ------------------------------------------------------------------------------------


def _whose(user: int) -> Any:
    def narrow(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
        return rows if value == "all" else rows.filter(Q(review_by=user) | Q(review_by_everyone=True))

    return narrow


@page("Manage Patients")
def reviews(request: Request) -> HttpResponseBase:
    """Documents that somebody has yet to look at."""
    rows = records.rows(records.resource("documents"), request.actor)
    options = (("", "For me"), ("all", "For anybody"))
    table = Table(
        name="reviews",
        label="Documents to review",
        columns=(
            Column(
                "Document",
                "description",
                link=lambda row: reverse("chart-documents-one", args=[row.patient_id, row.pk]),
            ),
            Column("Patient", lambda row: f"{row.patient.last_name}, {row.patient.first_name}".strip(", ")),
            Column("Date", "date"),
            Column("For", lambda row: "Everyone" if row.review_by_everyone else row.review_by, kind="wide"),
        ),
        choices=(
            Choice(name="for", label="For", options=options, narrow=_whose(request.actor.required_user)),
        ),
        empty="Nothing waits.",
    )
    waiting = rows.filter(filing.WAITING, archived=False).select_related("patient", "review_by")
    values = {
        "title": "Documents to review",
        "about": "What came in and somebody has yet to look at.",
        "table": table.of(request, waiting),
    }
    return show(request, "list.html", values)
