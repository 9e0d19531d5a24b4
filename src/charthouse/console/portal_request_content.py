"""What was sent into the portal's queue, by its type, as the page of a request shows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.safestring import mark_safe

from charthouse.console.forms import label
from charthouse.domains.medications.models import Drug, Medication, Supplement
from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.questionnaires.sanitized_html import sanitize
from charthouse.files import links
from charthouse.identity.models import User

MOST_LINES = 200  # of a payload


@dataclass
class Content:
    """``file``: a link to what was uploaded, which is shown where it is a ``picture``; ``lines``: names and values;
    ``html``: answers, made harmless; ``text``: what the sender wrote."""

    file: str = ""
    picture: bool = False
    kind: str = ""
    lines: list[tuple[str, Any]] = field(default_factory=list)
    html: str = ""
    text: str = ""


def content(request: PortalRequest) -> Content:
    """All texts of it are a sender's, so templates escape them."""
    made = Content(lines=_LINES.get(request.request_type, _payload)(request), text=request.notes)
    if answers := request.payload.get("html_content"):
        made.html = mark_safe(sanitize(str(answers)))  # noqa: S308
    if request.file:
        made.kind = f"{request.file.media_type}, {filesizeformat(request.file.size)}"
        made.picture = made.kind.startswith("image/")
        made.file = links.make_link(request.practice_id, request.file_id or 0)
    return made


def _rx(request: PortalRequest) -> list[tuple[str, Any]]:
    drug = Drug.objects.filter(practice=request.practice_id, pk=request.payload.get("drug_id")).first()
    return _columns(drug, "name", "generic_name", "strength", "dose_form", "route", "rxnorm")


def _refill(request: PortalRequest) -> list[tuple[str, Any]]:
    payload = request.payload
    row = Medication.objects.filter(
        practice=request.practice_id, pk=payload.get("original_prescription_id")
    ).first()
    told = _columns(
        row, "name", "dosage_quantity", "dosage_units", "frequency", "dispense_quantity", "date_prescribed"
    )
    return [*told, ("Terms", payload.get("agreed_to_terms"))]


def _supplement(request: PortalRequest) -> list[tuple[str, Any]]:
    row = Supplement.objects.filter(
        practice=request.practice_id, pk=request.payload.get("supplement_id")
    ).first()
    return [*_columns(row, "name", "kind", "vendor_code", "description")]


def _file(request: PortalRequest) -> list[tuple[str, Any]]:
    """Of an upload nothing but itself."""
    return []


def _questionnaire(request: PortalRequest) -> list[tuple[str, Any]]:
    payload = request.payload
    return [] if payload.get("html_content") else _payload(request)


def _message(request: PortalRequest) -> list[tuple[str, Any]]:
    users = User.objects.filter(practice=request.practice_id, pk=request.payload.get("dr_id") or 0)
    return [("To", users.first() or "The patient's provider"), ("Answer by", request.payload.get("reply"))]


def _columns(row: Any, *names: str) -> list[tuple[str, Any]]:
    return [(label(name), getattr(row, name)) for name in names if row is not None and getattr(row, name)]


def _payload(request: PortalRequest) -> list[tuple[str, Any]]:
    """Whatever it holds, name by name."""
    return list(_opened(request.payload))[:MOST_LINES]


def _opened(value: Any, name: str = "") -> Any:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _opened(inner, f"{name} {key}".strip())
    elif isinstance(value, list):
        for inner in value:
            yield from _opened(inner, name)
    else:
        yield (label(name), value)


_LINES: Mapping[str, Callable[[PortalRequest], list[tuple[str, Any]]]] = {
    "image": _file,
    "document": _file,
    "rx": _rx,
    "rx_refill": _refill,
    "supplement": _supplement,
    "questionnaire": _questionnaire,
    "secure_message": _message,
}
