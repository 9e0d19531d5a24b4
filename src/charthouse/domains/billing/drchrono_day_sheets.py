"""Day sheets: what was charged, credited and paid from day to day. Parameters: reference drchrono/live_only.yaml;
their rows are a choice of this project's, for the hosted API publishes none."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Q

from charthouse.resource import sql
from charthouse.resource.declare import Resource
from charthouse.resource.fields import READ_ONLY, Field, Wrong, parse_date
from charthouse.resource.filters import Filter, RefIs


@dataclass(frozen=True, kw_only=True, eq=False)
class PostedFrom(Filter):
    """Posted on this UTC day or later."""

    json_type = {"type": "string", "format": "date"}
    source: str = "created_at"
    required: bool = True
    compares: str = "gte"
    days: int = 0

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        try:
            return {self.name: f"{parse_date(text) + timedelta(days=self.days)}T00:00:00Z"}
        except OverflowError:
            raise Wrong("Enter a valid date.") from None

    def where(self) -> Q:
        return Q(**{f"{self.path}__{self.compares}": sql.Slot(self.name, models.DateTimeField())})


def sheet(path: str, of: Resource, doc: str, names: str, visit: str, patient: str, office: str) -> Resource:
    """Rows of another resource, posted on some days. ``visit`` and ``patient``: paths to them."""
    fields: tuple[Field, ...] = tuple(replace(of.by_name[name], access=READ_ONLY) for name in names.split())
    return Resource(
        path=path,
        model=of.model,
        doc=doc,
        methods="GET",
        scopes=("billing",),
        permissions=("Access Billing", "Access Patients Payments"),
        sharing="share_patients",
        owner=of.owner,
        rows=of.rows,
        addition=True,
        fields=fields,
        filters=(
            PostedFrom("start_date", doc="Posted on this UTC day or later."),
            PostedFrom("end_date", compares="lt", days=1, doc="Posted on this UTC day or earlier."),
            RefIs("patient_id", source=patient, to="patients"),
            RefIs(office, source=f"{visit}__office", to="offices"),
        ),
        example={name: value for name, value in of.example.items() if name in names.split()},
    )


def day_sheets(line_items: Resource, transactions: Resource, payments: Resource) -> list[Resource]:
    return [
        sheet(
            "day_sheet_charges",
            line_items,
            "Charges of some days.",
            "id appointment doctor patient posted_date service_date code procedure_type modifiers quantity price "
            "billed adjustment ins_total pt_paid balance_ins balance_pt balance_total",
            "appointment",
            "patient",
            "office_id",
        ),
        sheet(
            "day_sheet_credits",
            transactions,
            "What insurers have paid and written off on some days.",
            "id appointment doctor patient line_item posted_date check_date trace_number ins_name ins_paid "
            "adjustment adjustment_group_code adjustment_reason",
            "line_item__appointment",
            "line_item__patient",
            "office_id",
        ),
        sheet(
            "day_sheet_patient_payments",
            payments,
            "What patients have paid on some days.",
            "id appointment doctor patient line_item posted_date received_date amount payment_method "
            "payment_transaction_type trace_number created_by",
            "appointment",
            "patient",
            "office",
        ),
    ]
