"""Totals of the day sheets by up to three groups: docs/decisions/0121-day-sheets.md"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal as Number
from itertools import pairwise
from typing import Any

from django.db import models
from django.db.models import Count, F, Q, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce

from charthouse.domains.billing import line_item_sums
from charthouse.domains.billing.drchrono.day_filters import (
    make_doctors_filter,
    make_number_filter,
    make_word_filter,
    select_posting_day,
)
from charthouse.domains.billing.drchrono.day_sheets import (
    CHARGES_BY,
    CREDITS_BY,
    day_sheet_charges,
    day_sheet_credits,
    day_sheet_patient_payments,
)
from charthouse.domains.billing.service_days import select_service_day, select_visit_day
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Filter, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Decimal, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.errors import Malformed
from charthouse.engine.execution import parsing, planning
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql import statements
from charthouse.engine.sql.expressions import Parameter

MAX_GROUPS = 5000  # per answer
GROUP_PARAMETERS = ("group_by", "sub_group_by", "tertiary_group_by")
GROUP_KEYS = ("group", "sub_group", "tertiary_group")
SUMS = ("charges", "insurance_payments", "adjustments", "patient_payments")
CASH = {"all": Q(), "applied": Q(line_item__isnull=False), "unapplied": Q(line_item__isnull=True)}
REPORT_TYPES = ("all", "charges", "credits", "patient_payments")

# Groups: path from a line item. A payment has its own visit and line item, or none.
GROUP_PATHS = {
    "doctor": "doctor_id",
    "office": "appointment__office_id",
    "patient": "patient_id",
    "exam_room": "appointment__exam_room",
    "code": "code",
    "claim_type": "appointment__billing_status",
}

GROUPS = (*GROUP_PATHS, "day")


@dataclass(frozen=True)
class SummedSheet:
    """A day sheet whose amounts are summed.

    ``item``: path from its rows to the line item. ``days``: kind of day → expression. ``sums``: key of SUMS →
    expression.
    """

    sheet: Resource
    day_parameter: str
    item: str
    days: Mapping[str, Callable[[], Combinable]]
    sums: Mapping[str, Callable[[], Any]]
    extra_filters: tuple[Filter, ...] = ()
    parameters: Mapping[str, str] | None = None  # parameter of the totals → of the sheet, where they differ

    def sum_groups(self, call: Call) -> list[tuple[Any, ...]]:
        """Return (group, …, sum, …, number of rows) of each group. Raises Invalid."""
        given = {**call.query}
        own = {name: given[ours] for ours, name in (self.parameters or {}).items() if given.get(ours)}
        shared = {
            name: given[name]
            for name in self.sheet.filters_by_name
            if name in given and name != "report_type"
        }
        if shared.get(self.day_parameter) not in self.days:
            shared.pop(self.day_parameter, None)
        query = parsing.parse_query(self.sheet, shared | own)
        filters = [self.sheet.filters_by_name[name] for name in query.filters]
        more = [declared for declared in self.extra_filters if declared.name in call.given]
        owned = self.sheet.policy.sees_only_own(call.actor)
        rows = planning.select_listed(self.sheet, owned, [*filters, *more], query.filters)
        kind = shared.get(self.day_parameter) or next(iter(self.days))
        by = list_levels(call)
        groups = {f"g{at}": self._group(name, kind) for at, name in enumerate(by)} or {"all": sql.Literal("")}
        sums = {name: make() for name, make in self.sums.items()}
        rows = rows.order_by().annotate(**groups).values_list(*groups).annotate(**sums, rows=Count("pk"))
        text, parameters = statements.compile_rows(rows)
        statement = statements.make_statement(
            f"{text} limit %s::bigint", (*parameters, Parameter("most")), custom_plan=True
        )
        values = {
            **call.parameters,
            **query.parameters,
            **planning.bind_actor(call.actor),
            "most": MAX_GROUPS + 1,
        }
        return [row if by else row[1:] for row in statements.run(statement, values)]

    def _group(self, name: str, kind: str) -> Combinable:
        if name == "day":
            shown: Combinable = self.days[kind]()
        elif name == "code" or self.sheet.model.__name__ == "Transaction":
            shown = F(f"{self.item}{GROUP_PATHS[name]}")
        else:
            shown = F(GROUP_PATHS[name])
        return Coalesce(Cast(shown, models.TextField()), sql.Literal(""))


def list_levels(call: Call) -> list[str]:
    """Return what rows are grouped by, outermost first. Raises Malformed for a level without the one above."""
    levels = [str(call.parameters.get(name) or "") for name in GROUP_PARAMETERS]
    if any(inner and not outer for outer, inner in pairwise(levels)):
        raise Malformed("sub_group_by needs group_by, and tertiary_group_by needs sub_group_by.")
    return [name for name in levels if name]


_SHEETS = {
    "charges": SummedSheet(
        day_sheet_charges,
        "charges_date_type",
        "",
        {"posted_date": select_posting_day, "service_date": select_service_day},
        {"charges": lambda: Sum(line_item_sums.select_billed())},
    ),
    "credits": SummedSheet(
        day_sheet_credits,
        "credits_date_type",
        "line_item__",
        {
            "posted_date": select_posting_day,
            "check_date": lambda: F("check_date"),
            "service_date": lambda: select_service_day("line_item__"),
        },
        {
            "insurance_payments": lambda: Sum("ins_paid"),
            "adjustments": lambda: Sum("adjustment", filter=~line_item_sums.PASSED_ON),
        },
    ),
    "patient_payments": SummedSheet(
        day_sheet_patient_payments,
        "charges_date_type",
        "line_item__",
        {"posted_date": lambda: F("posted_date"), "service_date": select_visit_day},
        {"patient_payments": lambda: Sum("amount")},
        extra_filters=(make_doctors_filter("pg_mode", "doctor"), make_word_filter("cash_view_type", CASH)),
        parameters={"office_id": "office"},
    ),
}


def sum_day_sheets(call: Call) -> dict[str, Any]:
    """Return the sums of the requested sheets by group, and in all. Raises Malformed for too many groups."""
    report_type = call.parameters.get("report_type") or "all"
    depth = len(list_levels(call))
    groups: dict[tuple[str, ...], dict[str, Any]] = {}
    for name, sheet in _SHEETS.items():
        if report_type not in ("all", name):
            continue
        for row in sheet.sum_groups(call):
            entry = groups.setdefault(row[:depth], _make_zeros())
            for key, amount in zip(sheet.sums, row[depth:-1], strict=True):
                entry[key] += amount or 0
            entry[f"{name}_count"] += row[-1]
    if len(groups) > MAX_GROUPS:
        raise Malformed(f"More than {MAX_GROUPS} groups: ask for fewer days, or group by less.")
    total = _make_zeros()
    for entry in groups.values():
        for key, amount in entry.items():
            total[key] += amount
    return {
        "start_date": call.query["start_date"],
        "end_date": call.query["end_date"],
        "grouped_by": list_levels(call),
        "results": list(_render_groups(groups)) if depth else [],
        "totals": _render_amounts(total),
    }


def _make_zeros() -> dict[str, Any]:
    return {**dict.fromkeys(SUMS, Number(0)), **{f"{part}_count": 0 for part in REPORT_TYPES[1:]}}


def _render_groups(found: Mapping[tuple[str, ...], Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for key, entry in sorted(found.items()):
        padded = [*key, *[None] * (len(GROUP_KEYS) - len(key))]
        yield {**dict(zip(GROUP_KEYS, padded, strict=True)), **_render_amounts(entry)}


def _render_amounts(entry: Mapping[str, Any]) -> dict[str, Any]:
    net = entry["charges"] - sum(entry[name] for name in SUMS[1:])
    return {**entry, **{name: f"{entry[name]:.2f}" for name in SUMS}, "net": f"{net:.2f}"}


def _make_amount_keys() -> tuple[Any, ...]:
    return (
        Key("charges", Decimal(), READ_ONLY, doc="Billed."),
        Key("insurance_payments", Decimal(), READ_ONLY),
        Key("adjustments", Decimal(), READ_ONLY, doc="Written off; excludes amounts passed on to patients."),
        Key("patient_payments", Decimal(), READ_ONLY),
        Key("net", Decimal(), READ_ONLY, doc="Charges minus all of these."),
        Key("charges_count", Integer(), READ_ONLY),
        Key("credits_count", Integer(), READ_ONLY),
        Key("patient_payments_count", Integer(), READ_ONLY),
    )


def _make_choice_filter(name: str, words: tuple[str, ...], doc: str) -> Filter:
    return make_word_filter(name, dict.fromkeys(words, Q()), doc=f"{doc}: {', '.join(words)}.")


day_sheet_totals = Operation(
    path="day_sheet_totals",
    doc="Totals of the day sheets for a range of days, overall and by up to three groups.",
    run=sum_day_sheets,
    policy=Policy(scopes=day_sheet_charges.policy.scopes, permissions=day_sheet_charges.policy.permissions),
    filters=(
        Filter("start_date", Date(), OnDay(), required=True),
        Filter("end_date", Date(), OnDay(), required=True),
        _make_choice_filter(
            "charges_date_type", tuple(CHARGES_BY), "The date to filter charges and payments by"
        ),
        _make_choice_filter("credits_date_type", tuple(CREDITS_BY), "The date to filter credits by"),
        _make_choice_filter("report_type", REPORT_TYPES, "Amounts to include"),
        *(_make_choice_filter(name, GROUPS, "One of") for name in GROUP_PARAMETERS),
        _make_choice_filter(
            "cash_view_type", tuple(CASH), "Patient payments to include, applied to charges or not"
        ),
        Filter("patient_id", Reference("patients")),
        Filter("office_id", Reference("offices")),
        make_number_filter("examroom_id", doc="Index of an exam room in the office."),
        make_doctors_filter("pg_mode", "doctor"),
    ),
    answer=(
        Key("start_date", Date(), READ_ONLY),
        Key("end_date", Date(), READ_ONLY),
        Key("grouped_by", List(Text()), READ_ONLY),
        Key(
            "results",
            List(
                Object(
                    (
                        *(
                            Key(name, Text(), READ_ONLY, doc="The value as text; empty if there is none.")
                            for name in GROUP_KEYS
                        ),
                        *_make_amount_keys(),
                    )
                )
            ),
            READ_ONLY,
            doc="Totals by group; empty without grouping.",
        ),
        Key("totals", Object(_make_amount_keys()), READ_ONLY, doc="Totals over all groups."),
    ),
    example={
        "start_date": "2026-03-02",
        "end_date": "2026-03-06",
        "grouped_by": ["doctor", "day"],
        "results": [],
        "totals": {"charges": "1450.00", "insurance_payments": "800.00", "net": "650.00"},
    },
    addition=True,
)

OPERATIONS = [day_sheet_totals]
