"""Documents in the chart: preview, sharing with the patient, filing and review.

DrChrono's API has no filing. Cerbo's API reads it; it is written here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.chart import layout
from charthouse.console.kit import forms, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table, TableFilter
from charthouse.domains.documents import filing, sharing
from charthouse.domains.documents.models import Document
from charthouse.engine.errors import Conflict, Invalid, NotFound, Unavailable
from charthouse.files.media_types import DISPLAYED, PDF, is_displayed
from charthouse.files.models import StoredFile
from charthouse.files.storage import open_file
from charthouse.identity.content_security_policy import allow_frames

RESULTS = {0: ("Normal", "green"), 1: ("Borderline", "orange"), 2: ("Abnormal", "red")}
NOTIFIED = {"1": "Not needed", "2": "Notified"}


@dataclass(frozen=True, kw_only=True)
class DocumentList(layout.ChartList):
    """The documents of a patient; a document's page shows a preview where browsers can."""

    def get_edit_context(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        address = records.get_object(self.resource, request.actor, row)["document"]
        rows = Document.objects.select_related("document", "review_by", "reviewer")
        found = rows.get(practice=request.actor.practice, pk=row)
        media_type, url_arguments = found.document.media_type, {"patient": one["patient"], "row": row}
        return {
            "preview": address,
            "picture": media_type.startswith("image/") and media_type in DISPLAYED,
            "preview_kind": media_type,
            "preview_pdf": urlsplit(address).path if _is_shown_pdf(found.document) else "",
            "shared": sharing.is_shared(request.actor.practice, row),
            "share_to": reverse("chart-document-share", kwargs=url_arguments),
            "below_form": "console/documents/filing.html",
            "filed": _list_filing(found),
            "file_at": reverse("chart-document-filing", kwargs=url_arguments),
            "sign_at": reverse("chart-document-sign", kwargs=url_arguments)
            if filing.needs_review(found)
            else "",
        }

    def edit(self, request: Request, row: int, **parents: int) -> HttpResponseBase:
        response = super().edit(request, row, **parents)
        allow_frames(response, "'self'")
        return response


def _is_shown_pdf(file: StoredFile) -> bool:
    """Whether browsers show the file as a PDF. False for one that is missing or out of reach."""
    if file.media_type != PDF:
        return False
    try:
        with open_file(file) as content:
            return is_displayed(PDF, content)
    except (FileNotFoundError, Unavailable):
        return False


def _list_filing(row: Document) -> list[tuple[str, Any]]:
    lines: list[tuple[str, Any]] = [
        ("Folder", " / ".join(filter(None, (row.folder, row.subfolder)))),
        ("Result", Badge(*RESULTS[row.result_code])),
        ("To be reviewed by", "Everyone" if row.review_by_everyone else row.review_by),
        ("Reviewed", row.reviewed_at),
        ("Reviewed by", row.reviewer),
        ("Follow up", row.follow_up_at),
        ("Patient", NOTIFIED.get(str(row.pt_notified or ""))),
    ]
    if row.pt_notified_method:
        lines.append(("Notified by", row.pt_notified_method))
    return [*lines, ("Content", row.content)]


def build_state_badge(row: Document) -> Badge | None:
    """Build the badge of what is notable about a document: unreviewed, its result, or flagged."""
    if filing.needs_review(row):
        return Badge("To review", "blue")
    if row.result_code:
        return Badge(*RESULTS[row.result_code])
    return Badge("Key document", "green") if row.flag else None


@page("Manage Patients", methods=("POST",))
def share(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Share a document in the portal, or stop sharing it: ``shared`` of the form is "yes" or absent."""
    _require_writable(request, "documents", patient, row)
    if request.POST.get("shared") == "yes":
        sharing.share(request.actor.practice, row, request.actor.required_user)
        messages.success(request, "The patient sees this document in the portal.")
    else:
        sharing.unshare(request.actor.practice, row)
        messages.success(request, "The patient no longer sees this document.")
    return redirect("chart-documents-one", patient=patient, row=row)


@page("Manage Patients", methods=("GET", "POST"))
def edit_filing(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Edit folder, content and reviewer of a document."""
    context = layout.get_chart_context(request, patient)
    resource = _require_writable(request, "filings", patient, row)
    fields = [one for one in resource.writable if one.name != "patient"]
    values: Mapping[str, Any] = records.get_object(resource, request.actor, row)
    refusal: Invalid | Conflict | None = None
    if request.method == "POST":
        values = forms.read_payload(fields, request, resource.model)
        try:
            records.update(resource, request.actor, row, values)
        except (Invalid, Conflict) as error:
            refusal = error
        else:
            messages.success(request, "Filed.")
            return redirect("chart-documents-one", patient=patient, row=row)
    labels = {
        "flag": "A key document",
        "result_code": "Result",
        "review_by": "To be reviewed by",
        "review_by_everyone": "To be reviewed by everyone",
        "follow_up_at": "Follow up",
        "pt_notified": "Patient notified",
        "pt_notified_method": "How",
    }
    form = forms.build_form(fields, resource.model, values, records.ReferenceOptions(request.actor), labels)
    for one in form.inputs:
        called = (
            {str(code): words for code, (words, _) in RESULTS.items()} if one.name == "result_code" else {}
        )
        called = NOTIFIED if one.name == "pt_notified" else called
        one.choices = [(value, called.get(value, words)) for value, words in one.choices]
    template_context = {
        **context,
        "title": "File the document",
        "form": form.with_errors(refusal),
        "back": reverse("chart-documents-one", kwargs={"patient": patient, "row": row}),
        "back_to": "Document",
    }
    return render_page(request, "kit/edit.html", template_context, refusal.status if refusal else 200)


@page("Manage Patients", methods=("POST",))
def sign_off(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Sign a document off as its reviewer."""
    _require_writable(request, "filings", patient, row)
    try:
        with transaction.atomic():
            filing.sign_off(request.actor.practice, row, request.actor.required_user)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "You have signed the document off.")
    return redirect("chart-documents-one", patient=patient, row=row)


def _require_writable(request: Request, path: str, patient: int, row: int) -> Any:
    """Get the resource, if the actor may write this row of the patient. Raises Forbidden, NotFound."""
    resource = records.get_resource(path)
    records.require_write(resource, request.actor)
    if records.get_object(resource, request.actor, row)["patient"] != patient:
        raise NotFound()
    return resource


DOCUMENTS = DocumentList(
    "documents",
    segment="documents",
    title="Documents",
    singular="document",
    icon="files",
    columns=(
        Column("Document", "description", sort="description"),
        Column("Date", "date", sort="date"),
        Column("State", build_state_badge),
        Column("Folder", "folder", kind="wide"),
        Column("Tags", "metatags", kind="wide"),
        Column("Kind", "document.media_type", kind="wide"),
    ),
    form_keys=("document", "description", "date", "metatags"),
    labels={"document": "File", "metatags": "Tags"},
    search=("description",),
    order="-date",
    related=("document",),
)

# -- documents to review -----------------------------------------------------------------------------------------


def _filter_by_reviewer(user: int) -> Any:
    def narrow(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
        return rows if value == "all" else rows.filter(Q(review_by=user) | Q(review_by_everyone=True))

    return narrow


@page("Manage Patients")
def show_reviews(request: Request) -> HttpResponseBase:
    """List the documents that wait for review."""
    rows = records.select_rows(records.get_resource("documents"), request.actor)
    options = (("", "For me"), ("all", "For anyone"))
    table = Table(
        name="reviews",
        label="Documents to review",
        columns=(
            Column(
                "Document",
                "description",
                link=lambda row: reverse("chart-documents-one", args=[row.patient_id, row.pk]),
            ),
            Column("Patient", lambda row: row.patient.sort_name),
            Column("Date", "date"),
            Column("For", lambda row: "Everyone" if row.review_by_everyone else row.review_by, kind="wide"),
        ),
        filters=(
            TableFilter(
                name="for",
                label="For",
                options=options,
                apply=_filter_by_reviewer(request.actor.required_user),
            ),
        ),
        empty="Nothing to review.",
    )
    waiting = rows.filter(filing.WAITING, archived=False).select_related("patient", "review_by")
    values = {
        "title": "Documents to review",
        "about": "Documents that came in and haven't been reviewed.",
        "table": table.build_page(request, waiting),
    }
    return render_page(request, "kit/list.html", values)
