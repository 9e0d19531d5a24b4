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
    day_of_posting,
    day_of_service,
    day_of_visit,
    make_doctors_filter,
    make_number_filter,
    make_word_filter,
)
from charthouse.domains.billing.drchrono_day_sheets import CHARGES_BY, CREDITS_BY
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
        given = {**call.query}
        own = {name: given[ours] for ours, name in (self.names or {}).items() if given.get(ours)}
        shared = {
            name: given[name]
            for name in self.sheet.filters_by_name
            if name in given and name != "report_type"
        }
        if shared.get(self.by) not in self.days:
            shared.pop(self.by, None)
        asked = parsing.parse_query(self.sheet, shared | own)
        filters = [self.sheet.filters_by_name[name] for name in asked.filters]
        more = [declared for declared in self.also if declared.name in call.given]
        owned = self.sheet.policy.sees_only_own(call.actor)
        rows = planning.select_listed(self.sheet, owned, [*filters, *more], asked.flags)
        kind = shared.get(self.by) or next(iter(self.days))
        by = levels(call)
        groups = {f"g{at}": self._group(name, kind) for at, name in enumerate(by)} or {"all": sql.Literal("")}
        sums = {name: make() for name, make in self.sums.items()}
        rows = rows.order_by().annotate(**groups).values_list(*groups).annotate(**sums, rows=Count("pk"))
        text, parameters = statements.compile_rows(rows)
        statement = statements.make_statement(
            f"{text} limit %s::bigint", (*parameters, Parameter("most")), custom_plan=True
        )
        values = {**call.parameters, **asked.parameters, **planning.bind_actor(call.actor), "most": MOST + 1}
        return [row if by else row[1:] for row in statements.run(statement, values)]

    def _group(self, name: str, kind: str) -> Combinable:
        if name == "day":
            shown: Combinable = self.days[kind]()
        elif name == "code" or self.sheet.model.__name__ == "Transaction":
            shown = F(f"{self.item}{PATHS[name]}")
        else:
            shown = F(PATHS[name])
        return Coalesce(Cast(shown, models.TextField()), sql.Literal(""))


def levels(call: Call) -> list[str]:
    """What is grouped by, outermost first. Raises Malformed for a level without the one above it."""
    wanted = [str(call.parameters.get(name) or "") for name in LEVELS]
    if any(inner and not outer for outer, inner in pairwise(wanted)):
        raise Malformed("sub_group_by needs group_by, and tertiary_group_by needs sub_group_by.")
    return [name for name in wanted if name]


class Totals:
    """The sums of some sheets."""

    def __init__(self, charges: Resource, credits: Resource, payments: Resource) -> None:
        own = make_doctors_filter("pg_mode", "doctor")
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
                also=(own, make_word_filter("cash_view_type", CASH)),
                names={"office_id": "office"},
            ),
        }

    def run(self, call: Call) -> dict[str, Any]:
        """Raises Malformed when there are too many groups."""
        wanted = call.parameters.get("report_type") or "all"
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
            "start_date": call.query["start_date"],
            "end_date": call.query["end_date"],
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
        Key("charges", Decimal(), READ_ONLY, doc="Billed."),
        Key("insurance_payments", Decimal(), READ_ONLY),
        Key("adjustments", Decimal(), READ_ONLY, doc="Written off; not what is passed on to patients."),
        Key("patient_payments", Decimal(), READ_ONLY),
        Key("net", Decimal(), READ_ONLY, doc="Charges less all of these."),
        Key("charges_count", Integer(), READ_ONLY),
        Key("credits_count", Integer(), READ_ONLY),
        Key("patient_payments_count", Integer(), READ_ONLY),
    )


def _words(name: str, words: tuple[str, ...], doc: str) -> Filter:
    return make_word_filter(name, dict.fromkeys(words, Q()), doc=f"{doc}: {', '.join(words)}.")


def day_sheet_totals(charges: Resource, credits: Resource, payments: Resource) -> Operation:
    totals = Totals(charges, credits, payments)
    return Operation(
        path="day_sheet_totals",
        doc="What the day sheets of some days come to, in all and by up to three groups.",
        run=totals.run,
        policy=Policy(scopes=charges.policy.scopes, permissions=charges.policy.permissions),
        filters=(
            Filter("start_date", Date(), OnDay(), required=True),
            Filter("end_date", Date(), OnDay(), required=True),
            _words("charges_date_type", tuple(CHARGES_BY), "Which day of charges, and of payments, counts"),
            _words("credits_date_type", tuple(CREDITS_BY), "Which day of credits counts"),
            _words("report_type", PARTS, "What is summed up"),
            *(_words(name, GROUPS, "One of") for name in LEVELS),
            _words("cash_view_type", tuple(CASH), "Which payments of patients: those on charges, or on none"),
            Filter("patient_id", Reference("patients")),
            Filter("office_id", Reference("offices")),
            make_number_filter("examroom_id", doc="Index of an exam room of the office."),
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
                                Key(name, Text(), READ_ONLY, doc="Value, as text; empty: none.")
                                for name in SHOWN
                            ),
                            *_amounts(),
                        )
                    )
                ),
                READ_ONLY,
                doc="By group; empty where nothing is grouped by.",
            ),
            Key("totals", Object(_amounts()), READ_ONLY, doc="Of all groups."),
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
