"""The content of a portal request, by its type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.safestring import mark_safe

from charthouse.console.kit.forms import make_label
from charthouse.domains.medications.models import Drug, Medication, Supplement
from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.questionnaires.sanitized_html import sanitize
from charthouse.files import links
from charthouse.identity.models import User

MAX_LINES = 200  # of a payload


@dataclass
class Content:
    """What a request's page shows. ``file``: URL of the upload, an image if ``picture``; ``html``: sanitized."""

    file: str = ""
    picture: bool = False
    kind: str = ""
    lines: list[tuple[str, Any]] = field(default_factory=list)
    html: str = ""
    text: str = ""


def build_content(request: PortalRequest) -> Content:
    """Build the content of a request. Its texts are the sender's: templates escape them."""
    content = Content(lines=_LISTERS.get(request.request_type, _list_payload)(request), text=request.notes)
    if answers := request.payload.get("html_content"):
        content.html = mark_safe(sanitize(str(answers)))  # noqa: S308
    if request.file:
        content.kind = f"{request.file.media_type}, {filesizeformat(request.file.size)}"
        content.picture = content.kind.startswith("image/")
        content.file = links.make_link(request.practice_id, request.file_id or 0)
    return content


def _list_prescription(request: PortalRequest) -> list[tuple[str, Any]]:
    drug = Drug.objects.filter(practice=request.practice_id, pk=request.payload.get("drug_id")).first()
    return _list_columns(drug, "name", "generic_name", "strength", "dose_form", "route", "rxnorm")


def _list_refill(request: PortalRequest) -> list[tuple[str, Any]]:
    payload = request.payload
    row = Medication.objects.filter(
        practice=request.practice_id, pk=payload.get("original_prescription_id")
    ).first()
    lines = _list_columns(
        row, "name", "dosage_quantity", "dosage_units", "frequency", "dispense_quantity", "date_prescribed"
    )
    return [*lines, ("Terms", payload.get("agreed_to_terms"))]


def _list_supplement(request: PortalRequest) -> list[tuple[str, Any]]:
    row = Supplement.objects.filter(
        practice=request.practice_id, pk=request.payload.get("supplement_id")
    ).first()
    return [*_list_columns(row, "name", "kind", "vendor_code", "description")]


def _list_nothing(request: PortalRequest) -> list[tuple[str, Any]]:
    """List nothing: an upload is only its file."""
    return []


def _list_questionnaire(request: PortalRequest) -> list[tuple[str, Any]]:
    payload = request.payload
    return [] if payload.get("html_content") else _list_payload(request)


def _list_message(request: PortalRequest) -> list[tuple[str, Any]]:
    users = User.objects.filter(practice=request.practice_id, pk=request.payload.get("dr_id") or 0)
    return [("To", users.first() or "The patient's provider"), ("Reply by", request.payload.get("reply"))]


def _list_columns(row: Any, *names: str) -> list[tuple[str, Any]]:
    """List (label, value) of the columns that have a value."""
    return [
        (make_label(name), getattr(row, name)) for name in names if row is not None and getattr(row, name)
    ]


def _list_payload(request: PortalRequest) -> list[tuple[str, Any]]:
    """List all values of the payload, at most MAX_LINES."""
    return list(_flatten(request.payload))[:MAX_LINES]


def _flatten(value: Any, name: str = "") -> Any:
    """Flatten nested values to (label, value)."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flatten(inner, f"{name} {key}".strip())
    elif isinstance(value, list):
        for inner in value:
            yield from _flatten(inner, name)
    else:
        yield (make_label(name), value)


_LISTERS: Mapping[str, Callable[[PortalRequest], list[tuple[str, Any]]]] = {
    "image": _list_nothing,
    "document": _list_nothing,
    "rx": _list_prescription,
    "rx_refill": _list_refill,
    "supplement": _list_supplement,
    "questionnaire": _list_questionnaire,
    "secure_message": _list_message,
}
