"""Webhooks of a practice as Cerbo sends them: names, envelope, the form of objects, headers, retries.

They span all domains. Facts: reference cerbo/webhooks.yaml and objects.yaml
(webhook_schedule); docs/decisions/0280-cerbo-webhooks.md
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec
from django.conf import settings

from charthouse.changes.custom_headers import decode
from charthouse.changes.event_catalog import Occurrence, WebhookFormat
from charthouse.changes.models import Delivery, Webhook
from charthouse.domains.patients.models import Patient
from charthouse.gateway.cerbo.registry import get_registry

# Waits after each failed attempt; the fifth attempt is the last.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 3600))
TIMES = "%Y-%m-%d %H:%M:%S"
_EVENTS = UUID("2c1d7a5e-6f0b-4f6e-9a55-0d9f4f1c7d30")  # the namespace of event ids
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Lookups:
    """What is sent in addition to the object. ``find_patient``: (occurrence, column of the row) → id of its patient;
    ``find_phone``: id of a patient → mobile phone."""

    find_patient: Callable[[Occurrence, str], int | None]
    find_phone: Callable[[int], str | None]


def _read_patient(happening: Occurrence, column: str) -> int | None:
    rows = happening.binding.resource.model._default_manager.filter(
        practice=happening.practice, pk=happening.row_id
    )
    return rows.values_list(column, flat=True).first()


def _read_phone(patient: int) -> str | None:
    return Patient.objects.filter(pk=patient).values_list("cell_phone", flat=True).first()


READ = Lookups(_read_patient, _read_phone)
MADE_UP = Lookups(lambda *_: 1001, lambda _: "(303) 555-0100")


def name_event(event: str) -> str:
    """The name of an event as it is sent: the one declared, unless CHARTHOUSE_CERBO_EVENTS gives it another."""
    return str(settings.CERBO_EVENTS.get(event, event))


def content(happening: Occurrence, shown: Any) -> bytes:
    """The envelope. ``event_id`` is the same at every endpoint and every attempt."""
    return _encode(_make_envelope(happening, _data(happening, msgspec.json.decode(_encode(shown)), READ)))


def make_example(happening: Occurrence, shown: dict[str, Any]) -> dict[str, Any]:
    """The body for an example object. Needs no database: what is read in addition to the object is made up."""
    return _make_envelope(happening, _data(happening, shown, MADE_UP))


def _make_envelope(happening: Occurrence, data: dict[str, Any]) -> dict[str, Any]:
    event, practice = happening.binding.event.name, happening.practice
    thing = f"{practice} {event} {happening.row_id} {happening.txid}"
    return {
        "practice_id": str(practice),
        "event_type": name_event(event),
        "event_id": str(uuid5(_EVENTS, thing)),
        "event_datetime": happening.at.astimezone(UTC).strftime(TIMES),
        "data": data,
    }


def body(webhook: Webhook, practice: int, made: bytes | None) -> bytes:
    """The envelope as it is: nothing in it is of one endpoint."""
    return made or b"{}"


def headers(delivery: Delivery, secret: str, seconds: int) -> dict[str, str]:
    """The endpoint's own, and no signature."""
    own = decode(secret)
    named = {} if "user-agent" in map(str.lower, own) else {"User-Agent": "Charthouse-Webhooks/1"}
    return {**named, "Content-Type": "application/json", **own}


def next_try(happened: datetime, made: int, at: datetime) -> datetime | None:
    waited = max(made, 1) - 1
    return at + WAITS[waited] if waited < len(WAITS) else None


MANNER = WebhookFormat(
    kind="practice",
    load_registry=get_registry,
    encode_object=content,
    build_body=body,
    build_headers=headers,
    compute_next_attempt=next_try,
    label_event=name_event,
)


def _data(happening: Occurrence, shown: dict[str, Any], lookups: Lookups) -> dict[str, Any]:
    if happening.binding.event.name.startswith("schedule."):
        return _schedule(shown, lookups)
    data: dict[str, Any] = {"id": happening.row_id, **shown}
    above = {parent.name: parent.attribute for parent in happening.binding.resource.parents}
    if "patient_id" in above and "pt_id" not in data:
        data["pt_id"] = lookups.find_patient(happening, above["patient_id"])
    plain = _plain(data)
    assert isinstance(plain, dict)
    return plain


def _schedule(shown: dict[str, Any], lookups: Lookups) -> dict[str, Any]:
    """An appointment, which has other keys here than in the API."""
    found = shown["patient_details"]
    patient = None
    if found is not None:
        phone = lookups.find_phone(int(found["id"]))
        patient = {
            "id": str(found["id"]),
            "first": found["first_name"],
            "last": found["last_name"],
            "dob": found["dob"] or "",
            "email1": found["email1"] or "",
            "phone_mobile": phone or "",
        }
    return {
        "id": str(shown["id"]),
        "start": shown["start_date_time"],
        "end": shown["end_date_time"],
        "title": shown["title"],
        "appointment_status": shown["appointment_status"],
        "appointment_location": shown["appointment_location"],
        "assigned_providers": [
            {"id": str(one["id"]), "first": one["first_name"]} for one in shown["associated_providers"]
        ],
        "patient": patient,
    }


def _plain(value: Any, name: str = "") -> Any:
    """A value of the API by the conventions of webhooks: ids are text, patients have ``first`` and ``last``."""
    if isinstance(value, dict):
        patient = value.get("object") == "patient"
        return {
            (_NAMES.get(key, key) if patient else key): _plain(inner, key) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_plain(inner, name) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and _is_id(name):
        return str(value)
    return value


def _is_id(name: str) -> bool:
    return name == "id" or name.endswith(("_id", "_ids", "edby"))  # addedby, deletedby, updatedby


_NAMES = {"first_name": "first", "last_name": "last"}
