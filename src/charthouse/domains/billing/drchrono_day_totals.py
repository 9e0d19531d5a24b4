"""``day_sheet_totals``: the sums of the day sheets, by up to three groups. docs/decisions/0121-day-sheets.md"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal as Number
from itertools import pairwise
from typing import Any

from django.db import models
from django.db.models import Count, F, Q, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce

from charthouse.domains.billing import ledger
from charthouse.domains.billing.drchrono_day_filters import (
    Among,
    EveryDoctors,
    Word,
    day_of_posting,
    day_of_service,
    day_of_visit,
)
from charthouse.domains.billing.drchrono_day_sheets import CHARGES_BY, CREDITS_BY
from charthouse.resource import parse, plan, run, sql
from charthouse.resource.declare import Resource
from charthouse.resource.errors import Malformed
from charthouse.resource.fields import READ_ONLY, Decimal, Integer, ListOf, Text
from charthouse.resource.filters import DateIs, Filter, RefIs
from charthouse.resource.functions import Call, Function
from charthouse.resource.nested import Embedded
from charthouse.resource.sql import Hole
from charthouse.resource.times import Date

MOST = 5000  # groups of one answer
LEVELS = ("group_by", "sub_group_by", "tertiary_group_by")
SHOWN = ("group", "sub_group", "tertiary_group")
SUMS = ("charges", "insurance_payments", "adjustments", "patient_payments")
CASH = {"all": Q(), "applied": Q(line_item__isnull=False), "unapplied": Q(line_item__isnull=True)}
PARTS = ("all", "charges", "credits", "patient_payments")

# What rows can be grouped by, as a path from a charge; a payment has visit and charge of its own, or none.
PATHS = {
    "doctor": "doctor_id",
    "office": "appointment__office_id",
    "patient": "patient_id",
    "exam_room": "appointment__exam_room",
    "code": "code",
    "claim_type": "appointment__billing_status",
}
GROUPS = (*PATHS, "day")


@dataclass(frozen=True)
class Part:
    """One of the sheets that are summed up. ``item``: path from its rows to the charge. ``days``: kind of day → its
    expression. ``sums``: what is summed, by the keys of SUMS."""

    sheet: Resource
    by: str
    item: str
    days: Mapping[str, Callable[[], Combinable]]
    sums: Mapping[str, Callable[[], Any]]
    also: tuple[Filter, ...] = ()
    names: Mapping[str, str] | None = None  # its name of a parameter, where that differs

    def rows(self, call: Call) -> list[tuple[Any, ...]]:
        """(group, …, sum, …, number of rows) of each group. Raises Invalid."""
        given = {**call.parameters}
        own = {name: given[ours] for ours, name in (self.names or {}).items() if given.get(ours)}
        shared = {
            name: given[name]
            for name in self.sheet.filters_by_name
            if name in given and name != "report_type"
        }
        if shared.get(self.by) not in self.days:
            shared.pop(self.by, None)
        asked = parse.narrowed(self.sheet, shared | own)
        filters = [self.sheet.filters_by_name[name] for name in asked.filters]
        more = [declared for declared in self.also if declared.name in call.given]
        owned = plan.owned_only(self.sheet, call.actor)
        rows = plan.narrowed(self.sheet, owned, [*filters, *more], asked.flags)
        kind = shared.get(self.by) or next(iter(self.days))
        by = levels(call)
        groups = {f"g{at}": self._group(name, kind) for at, name in enumerate(by)} or {"all": sql.Text("")}
        sums = {name: make() for name, make in self.sums.items()}
        rows = rows.order_by().annotate(**groups).values_list(*groups).annotate(**sums, rows=Count("pk"))
        text, parameters = plan.compiled(rows)
        statement = plan.statement(f"{text} limit %s::bigint", (*parameters, Hole("most")), anew=True)
        slots = {**call.slots, **asked.slots, **plan.bindings(call.actor), "most": MOST + 1}
        return [row if by else row[1:] for row in run.rows(statement, slots)]

    def _group(self, name: str, kind: str) -> Combinable:
        if name == "day":
            shown: Combinable = self.days[kind]()
        elif name == "code" or self.sheet.model.__name__ == "Transaction":
            shown = F(f"{self.item}{PATHS[name]}")
        else:
            shown = F(PATHS[name])
        return Coalesce(Cast(shown, models.TextField()), sql.Text(""))


def levels(call: Call) -> list[str]:
    """What is grouped by, outermost first. Raises Malformed for a level without the one above it."""
    wanted = [str(call.slots.get(name) or "") for name in LEVELS]
    if any(inner and not outer for outer, inner in pairwise(wanted)):
        raise Malformed("sub_group_by needs group_by, and tertiary_group_by needs sub_group_by.")
    return [name for name in wanted if name]


class Totals:
    """The sums of some sheets."""

    def __init__(self, charges: Resource, credits: Resource, payments: Resource) -> None:
        own = EveryDoctors("pg_mode", doctor="doctor")
        self.parts = {
            "charges": Part(
                charges,
                "charges_date_type",
                "",
                {"posted_date": day_of_posting, "service_date": lambda: day_of_service("")},
                {"charges": lambda: Sum(ledger.billed())},
            ),
            "credits": Part(
                credits,
                "credits_date_type",
                "line_item__",
                {
                    "posted_date": day_of_posting,
                    "check_date": lambda: F("check_date"),
                    "service_date": lambda: day_of_service("line_item__"),
                },
                {
                    "insurance_payments": lambda: Sum("ins_paid"),
                    "adjustments": lambda: Sum("adjustment", filter=~ledger.PASSED_ON),
                },
            ),
            "patient_payments": Part(
                payments,
                "charges_date_type",
                "line_item__",
                {"posted_date": lambda: F("posted_date"), "service_date": day_of_visit},
                {"patient_payments": lambda: Sum("amount")},
                also=(own, Word("cash_view_type", words=CASH)),
                names={"office_id": "office"},
            ),
        }

    def run(self, call: Call) -> dict[str, Any]:
        """Raises Malformed when there are too many groups."""
        wanted = call.slots.get("report_type") or "all"
        depth = len(levels(call))
        found: dict[tuple[str, ...], dict[str, Any]] = {}
        for name, part in self.parts.items():
            if wanted not in ("all", name):
                continue
            for row in part.rows(call):
                entry = found.setdefault(row[:depth], _nothing())
                for key, amount in zip(part.sums, row[depth:-1], strict=True):
                    entry[key] += amount or 0
                entry[f"{name}_count"] += row[-1]
        if len(found) > MOST:
            raise Malformed(f"More than {MOST} groups: ask for fewer days, or group by less.")
        total = _nothing()
        for entry in found.values():
            for key, amount in entry.items():
                total[key] += amount
        return {
            "start_date": call.parameters["start_date"],
            "end_date": call.parameters["end_date"],
            "grouped_by": levels(call),
            "results": list(_shown(found)) if depth else [],
            "totals": _money(total),
        }


def _nothing() -> dict[str, Any]:
    return {**dict.fromkeys(SUMS, Number(0)), **{f"{part}_count": 0 for part in PARTS[1:]}}


def _shown(found: Mapping[tuple[str, ...], Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for key, entry in sorted(found.items()):
        padded = [*key, *[None] * (len(SHOWN) - len(key))]
        yield {**dict(zip(SHOWN, padded, strict=True)), **_money(entry)}


def _money(entry: Mapping[str, Any]) -> dict[str, Any]:
    net = entry["charges"] - sum(entry[name] for name in SUMS[1:])
    return {**entry, **{name: f"{entry[name]:.2f}" for name in SUMS}, "net": f"{net:.2f}"}


def _amounts() -> tuple[Any, ...]:
    return (
        Decimal("charges", READ_ONLY, doc="Billed."),
        Decimal("insurance_payments", READ_ONLY),
        Decimal("adjustments", READ_ONLY, doc="Written off; not what is passed on to patients."),
        Decimal("patient_payments", READ_ONLY),
        Decimal("net", READ_ONLY, doc="Charges less all of these."),
        Integer("charges_count", READ_ONLY),
        Integer("credits_count", READ_ONLY),
        Integer("patient_payments_count", READ_ONLY),
    )


def _words(name: str, words: tuple[str, ...], doc: str) -> Word:
    return Word(name, words=dict.fromkeys(words, Q()), doc=f"{doc}: {', '.join(words)}.")


def day_sheet_totals(charges: Resource, credits: Resource, payments: Resource) -> Function:
    totals = Totals(charges, credits, payments)
    return Function(
        path="day_sheet_totals",
        doc="What the day sheets of some days come to, in all and by up to three groups.",
        run=totals.run,
        scopes=charges.scopes,
        permissions=charges.permissions,
        parameters=(
            DateIs("start_date", required=True),
            DateIs("end_date", required=True),
            _words("charges_date_type", tuple(CHARGES_BY), "Which day of charges, and of payments, counts"),
            _words("credits_date_type", tuple(CREDITS_BY), "Which day of credits counts"),
            _words("report_type", PARTS, "What is summed up"),
            *(_words(name, GROUPS, "One of") for name in LEVELS),
            _words("cash_view_type", tuple(CASH), "Which payments of patients: those on charges, or on none"),
            RefIs("patient_id", to="patients"),
            RefIs("office_id", to="offices"),
            Among("examroom_id", doc="Index of an exam room of the office."),
            EveryDoctors("pg_mode", doctor="doctor"),
        ),
        answers=(
            Date("start_date", READ_ONLY),
            Date("end_date", READ_ONLY),
            ListOf("grouped_by", READ_ONLY, item=Text("group")),
            Embedded(
                "results",
                READ_ONLY,
                many=True,
                fields=(
                    *(Text(name, READ_ONLY, doc="Value, as text; empty: none.") for name in SHOWN),
                    *_amounts(),
                ),
                doc="By group; empty where nothing is grouped by.",
            ),
            Embedded("totals", READ_ONLY, fields=_amounts(), doc="Of all groups."),
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
