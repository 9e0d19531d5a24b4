"""Charges of a visit, beside its note: line items with prices of the fee schedule, for those who may bill."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Value
from django.db.models.functions import Concat, StrIndex
from django.db.models.lookups import GreaterThan

from charthouse.console.kit import formats, records
from charthouse.console.kit.page import Request, list_messages
from charthouse.domains.billing import fees, postings
from charthouse.domains.billing.codes import PROCEDURE_TYPES
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import Forbidden, Invalid, NotFound
from charthouse.engine.sql.folding import Folded, fold
from charthouse.jobs import submissions

MAX_CHARGES = 50
MAX_POINTERS = 4  # diagnoses of a service line (CMS-1500, box 24E)
MAX_FEES = 12
_FIELDS = {"diagnosis_pointers": "diagnosis"}  # name of a key → of its field, where they differ


@dataclass
class ChargeEntry:
    """What is entered for a new charge. ``diagnoses``: ICD-10 codes of the visit; ``errors``: by field, "" of none."""

    code: str = ""
    quantity: str = "1"
    price: str = ""
    diagnoses: list[str] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)
    submission: str = field(default_factory=submissions.make_token)

    def add_refusal(self, refusal: Any) -> None:
        """Put the engine's errors to their fields."""
        if not isinstance(refusal, Invalid):
            self.errors.setdefault("", []).append(refusal.detail)
            return
        found: Any = refusal.errors
        for name, what in found.items():
            shown = _FIELDS.get(name, name)
            shown = shown if shown in ("code", "quantity", "price", "diagnosis") else ""
            self.errors.setdefault(shown, []).extend(list_messages(what))


@dataclass(frozen=True)
class ChargeLine:
    """A charge as it is listed. ``diagnoses``: codes that it points to; ``values``: what makes the same one again."""

    row: Any
    diagnoses: list[str]

    @property
    def values(self) -> dict[str, str]:
        return {
            "code": self.row.code,
            "quantity": f"{self.row.quantity.normalize():f}",
            "price": f"{self.row.price}",
            "diagnosis": " ".join(self.diagnoses),
        }


def read_entry(request: Request) -> ChargeEntry:
    """Read the form of a new charge."""
    sent = request.POST
    return ChargeEntry(
        code=sent.get("code", "").strip(),
        quantity=sent.get("quantity", "").strip(),
        price=sent.get("price", "").strip().removeprefix("$").replace(",", ""),
        diagnoses=[code for text in sent.getlist("diagnosis") for code in text.split()],
        submission=sent.get("submission", ""),
    )


def list_charges(request: Request, visit: int, codes: list[str]) -> list[ChargeLine] | None:
    """List the line items of a visit with diagnoses ``codes``; None for users who may not see them."""
    try:
        rows = records.select_rows(records.get_resource("line_items"), request.actor)
    except Forbidden:
        return None
    found = rows.filter(appointment=visit).order_by("pk")[:MAX_CHARGES]
    return [ChargeLine(row, _list_pointed(row.diagnosis_pointers, codes)) for row in found]


def _list_pointed(pointers: Iterable[int], codes: list[str]) -> list[str]:
    return [codes[pointer - 1] for pointer in pointers if 0 < pointer <= len(codes)]


def find_line(request: Request, visit: int, row: int, codes: list[str]) -> ChargeLine:
    """Find a line item of the visit. Raises Forbidden, NotFound."""
    rows = records.select_rows(records.get_resource("line_items"), request.actor)
    found = rows.filter(appointment=visit, pk=row).first()
    if found is None:
        raise NotFound()
    return ChargeLine(found, _list_pointed(found.diagnosis_pointers, codes))


def create_charge(request: Request, visit: Appointment, codes: list[str], entry: ChargeEntry) -> int:
    """Post a line item and return its id. Raises Forbidden, Invalid, Conflict."""
    payer, _ = postings.find_payer(_get_patient(visit))
    kind = fees.find_procedure_type(visit.practice_id, visit.doctor_id, payer, entry.code)
    unknown = [code for code in entry.diagnoses if code not in codes]
    if unknown:
        raise Invalid({"diagnosis_pointers": [f"{unknown[0]} is no longer a diagnosis of this visit."]})
    if len(entry.diagnoses) > MAX_POINTERS:
        raise Invalid({"diagnosis_pointers": [f"A charge has at most {MAX_POINTERS} diagnoses."]})
    body = {
        "appointment": visit.pk,
        "doctor": visit.doctor_id,
        "code": entry.code,
        "procedure_type": PROCEDURE_TYPES[kind],
        "quantity": entry.quantity or None,
        "price": entry.price or None,
        "diagnosis_pointers": [codes.index(code) + 1 for code in entry.diagnoses],
        "use_fee_schedule_defaults": True,
    }
    return int(records.create(records.get_resource("line_items"), request.actor, body)["id"])


def _get_patient(visit: Appointment) -> Patient:
    found: Patient = Patient.objects.get(practice=visit.practice_id, appointments=visit)
    return found


def list_fees(visit: Appointment, text: str) -> list[dict[str, Any]]:
    """List what the doctor's fee schedules have for what was typed: each code once, with the patient's price."""
    payer, is_self_pay = postings.find_payer(_get_patient(visit))
    rows: Any = fees.select_fees(visit.practice_id, visit.doctor_id, payer)
    rows = rows.filter(code_type__in=fees.CODE_TYPES.values())
    blank = Value(" ")
    words = Folded(Concat("code", blank, "description", blank, "billing_description"))
    for word in text.split()[:5]:
        rows = rows.filter(GreaterThan(StrIndex(words, fold(word)), 0))
    found: dict[tuple[str, str], Any] = {}
    for row in rows[: MAX_FEES * 4]:
        found.setdefault((row.code_type, row.code), row)
    return [_build_choice(row, is_self_pay=is_self_pay) for row in list(found.values())[:MAX_FEES]]


def _build_choice(row: Any, *, is_self_pay: bool) -> dict[str, Any]:
    price = fees.choose_price(row, is_self_pay=is_self_pay)
    is_custom = row.code_type == fees.CODE_TYPES[fees.CUSTOM]
    return {
        "value": row.code,
        "label": f"{row.code} {row.description or row.billing_description}".strip(),
        "detail": formats.format_money(price),
        "fills": {"price": f"{price}" if is_custom else ""},  # the engine prices CPT and HCPCS itself
    }
