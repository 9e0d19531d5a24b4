"""Bulk lists: POST starts one, GET polls it by uuid. Facts: reference drchrono/live_only.yaml ``bulk``; choices:
docs/decisions/0122-bulk-lists.md.

A worker collects the ids of all rows in order, in one statement; a poll renders a page of them by the resource's
declaration, with the caller's rights at that time. A later page uses the ids that the first page collected.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from procrastinate.contrib.django import app

from charthouse import clock
from charthouse.domains.billing.drchrono.eligibility_checks import eligibility_checks
from charthouse.domains.billing.drchrono.line_items import line_items
from charthouse.domains.billing.drchrono.transactions import transactions
from charthouse.domains.billing.service_days import VISIT_TIME, VISIT_ZONE
from charthouse.domains.clinical.drchrono.note_values import clinical_note_field_values
from charthouse.domains.clinical.drchrono.notes import clinical_notes
from charthouse.domains.medications.drchrono.prescription_messages import prescription_messages
from charthouse.domains.patients.drchrono.patients import patients
from charthouse.domains.scheduling.drchrono.appointments import appointments
from charthouse.engine.declaration.calls import Answer, Call
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import SINCE, Condition, Filter, Flag, InDays
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object, ResourceObject
from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, parse_text
from charthouse.engine.errors import Malformed
from charthouse.engine.execution import parsing, planning, reading
from charthouse.engine.execution.paging import parse_count
from charthouse.engine.sql import statements
from charthouse.engine.sql.expressions import Parameter
from charthouse.gateway.drchrono import paging
from charthouse.jobs import actions as jobs
from charthouse.jobs.models import Job, JobRows

TASK = "charthouse.dialects.gather_list"  # in ``gateway.tasks``, which imports this module
PAGE = 1000  # rows of a page, at most and by default
WAITING = "In progress"
UNKNOWN_UUID = "Invalid uuid specified"
FAILED = "The list could not be prepared. Start another."


@dataclass(frozen=True)
class Count:
    """A parameter with a number from 1 to ``maximum``; more is cut, nonsense ignored."""

    name: str
    maximum: int
    default: int
    doc: str

    def read(self, text: str) -> int:
        return min(parse_count(parse_text(text), 99) or self.default, self.maximum)

    def declare(self) -> Filter:
        limits = {"type": "integer", "minimum": 1, "maximum": self.maximum, "default": self.default}
        return Condition(
            self.name, read=lambda text, query: {self.name: self.read(text)}, described=limits, doc=self.doc
        )


class BulkList:
    """The bulk list of a resource. ``filters``: names of the resource's parameters; ``more``: additional ones;
    ``is_list``: without a uuid, GET is the list of the resource."""

    def __init__(
        self,
        path: str,
        resource: Resource,
        filters: str,
        *,
        more: tuple[Filter, ...] = (),
        orders: tuple[str, ...] = ("id", "updated_at"),
        most: int = PAGE,
        is_list: bool = False,
    ) -> None:
        self.path, self.resource, self.orders = path, resource, orders
        self.filters = {f.name: f for f in (*(resource.filters_by_name[n] for n in filters.split()), *more)}
        self.size = Count("page_size", most, PAGE, f"Rows per page, at most {most}.")
        self.page = Count("page", 10**9 - 1, 1, "Starts at 1. Request each page with its own POST.")
        shown = (
            (Flag("verbose", doc="Include fields that are slower to read."),) if resource.has_verbose else ()
        )
        order = Filter("order_by", Text(choices=orders), doc=f"Default: {orders[0]}.")
        options = (order, self.size.declare(), self.page.declare(), *shown)
        self.start: Operation = self._declare(
            "POST", self._begin, 201, (*self.filters.values(), *options), _STARTED
        )
        shown_rows = List(ResourceObject(resource, verbose=True), named="array")
        rows = Key("results", shown_rows, OPTIONAL, doc="Once complete.")
        uuid = Filter("uuid", required=not is_list, doc="The uuid that POST returned.")
        polled = self._declare_list(uuid, rows) if is_list else ((uuid,), (*_POLLED, rows))
        self.poll: Operation = self._declare("GET", self._answer, 200, *polled)
        self.poll.other_statuses = {500: "The list could not be prepared; see status, uuid, and detail."}

    def _declare(
        self,
        method: str,
        run: Callable[[Call], Any],
        status: int,
        parameters: tuple[Filter, ...],
        answers: tuple[Key, ...],
    ) -> Operation:
        verb = "Start" if method == "POST" else "Get"
        return Operation(
            path=self.path,
            method=method,
            of=self.resource.path,
            doc=f"{verb} a list of {self.resource.path} of any length, in large pages.",
            run=run,
            reading=True,
            filters=parameters,
            answer=answers,
            status=status,
            example=_EXAMPLE,
            addition=True,
        )

    def _declare_list(self, uuid: Filter, rows: Key) -> tuple[tuple[Filter, ...], tuple[Key, ...]]:
        """Parameters and keys of a GET that is the list of the resource where it has no uuid."""
        status, *polled = _POLLED
        paging = (
            self.size.declare(),
            self.page.declare(),
            Filter("cursor", doc="As in next and previous."),
        )
        keys = (replace(status, access=OPTIONAL), *(replace(key, access=OPTIONAL) for key in polled), rows)
        return (uuid, *self.resource.filters, *paging), (*_LISTED, *keys)

    def _list(self, call: Call) -> dict[str, Any]:
        """A page of the resource, as its own list shows it."""
        query = paging.parse_list(self.resource, call.query)
        return paging.wrap_page(call.url, query, reading.read_page(self.resource, call.actor, query))

    def _begin(self, call: Call) -> dict[str, Any]:
        given = call.query
        request = {name: given[name] for name in sorted({*self.filters, "order_by"} & call.given)}
        options = {
            "page": self.page.read(given.get("page", "")),
            "page_size": self.size.read(given.get("page_size", "")),
            "verbose": "verbose" in call.given,
        }
        source = jobs.find_reusable(call.actor, self.path, request) if options["page"] > 1 else None
        owned = self.resource.policy.sees_only_own(call.actor)
        job = jobs.create(
            call.actor, self.path, request, {**options, "owned": owned}, self._defer, source=source
        )
        url = call.url(**dict.fromkeys(given), uuid=str(job.uuid))
        return {
            "status": WAITING,
            "uuid": str(job.uuid),
            "description": f"The list is being prepared. Poll for it at {url}, for an hour from now.",
        }

    def _defer(self, job: Job) -> None:
        app.configure_task(TASK, queue="lists").defer(practice=job.practice_id, job=job.pk)

    def _answer(self, call: Call) -> Any:
        if "uuid" not in call.given:
            return self._list(call)
        uuid = str(call.parameters["uuid"])
        job = jobs.find(call.actor, self.path, uuid)
        if job is None:
            raise Malformed(UNKNOWN_UUID)
        if job.has_failed:
            return Answer({"status": "Failed", "uuid": str(job.uuid), "detail": FAILED}, 500)
        if job.status != Job.Status.COMPLETE:
            return {"status": WAITING, "uuid": str(job.uuid)}
        size, number, count = job.options["page_size"], job.options["page"], job.count or 0
        first = (number - 1) * size
        found = jobs.list_row_ids(job, first, first + size) if first < count else []
        return {
            "status": "Complete",
            "pagination": {"count": count, "pages": -(-count // size), "page_size": size, "page": number},
            "uuid": str(job.uuid),
            "results": reading.read_objects(self.resource, call.actor, found, verbose=job.options["verbose"]),
        }

    def gather(self, job: Job) -> None:
        """Store the ids of all rows, in order, in one statement, so that they never leave the database."""
        parsed = parsing.parse_query(self.start, job.request)
        filters = [self.filters[name] for name in parsed.filters if name in self.filters]
        order = job.request.get("order_by") or self.orders[0]
        text, parameters = planning.compile_numbered(
            self.resource, job.options["owned"], filters, parsed.filters, order
        )
        statement = statements.make_statement(
            "insert into jobs_jobrows (practice_id, job_id, position, ids, archived, created_at, updated_at) "  # noqa: S608
            "select %s::bigint, %s::bigint, (n - 1) / %s::bigint, array_agg(id order by n), false, "
            f"%s::timestamptz, %s::timestamptz from ({text}) as found (id, n) group by 3 "
            "returning cardinality(ids)",
            (*map(Parameter, ("practice", "job", "chunk", "now", "now")), *parameters),
            custom_plan=True,
        )
        values = {
            **parsed.parameters,
            "practice": job.practice_id,
            "caller": job.user_id,
            "caller_doctor": job.doctor_id,
            "caller_app": job.app,
            "job": job.pk,
            "chunk": JobRows.CHUNK,
            "now": clock.now(),
        }
        job.count = sum(int(length) for (length,) in statements.run(statement, values))


_STARTED = (
    Key("status", Text(), READ_ONLY, doc="In progress."),
    Key("uuid", Text(), READ_ONLY),
    Key("description", Text(), READ_ONLY, doc="Says where to poll for the list."),
)
_POLLED = (
    Key("status", Text(choices=(WAITING, "Complete", "Failed")), READ_ONLY),
    Key("uuid", Text(), READ_ONLY),
    Key("detail", Text(), OPTIONAL, doc="Describes the failure."),
    Key(
        "pagination",
        Object(
            tuple(
                Key(name, Integer(maximum=2**63 - 1), READ_ONLY)
                for name in ("count", "pages", "page_size", "page")
            )
        ),
        OPTIONAL,
        doc=("Once complete: number of rows, number of pages, rows per page, and the number of this page."),
    ),
)
_LISTED = tuple(
    Key(name, Text(), OPTIONAL, nullable=True, doc=f"Without a uuid: the URL of the {name} page.")
    for name in ("next", "previous")
)
_EXAMPLE = {
    "status": WAITING,
    "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "description": "The list is being prepared. Poll for it at …?uuid=0f8fad5b-d9cb-469f-a165-70867728950e, …",
    "detail": "",
    "pagination": {"count": 2150, "pages": 3, "page_size": 1000, "page": 1},
    "results": [],
}

LISTS = {
    bulk.path: bulk
    for bulk in (
        BulkList(
            "appointments_list",
            appointments,
            "status patient office doctor since date_range date show_archived",
            orders=("scheduled_time", "updated_at"),
            is_list=True,
        ),
        BulkList(
            "clinical_note_field_values_list",
            clinical_note_field_values,
            "since appointment clinical_note_template",
            most=20_000,
        ),
        BulkList("clinical_notes_list", clinical_notes, "patient office doctor since date_range date"),
        BulkList(
            "eligibility_checks_list",
            eligibility_checks,
            "patient appointment_date_range appointment_date query_date_range query_date service_types",
            more=(Filter("since", Timestamp(), SINCE, source="updated_at"),),
        ),
        BulkList(
            "line_items_list",
            line_items,
            "posted_date patient office doctor since appointment service_date",
            more=(
                Filter(
                    "service_date_range",
                    Date(),
                    InDays(VISIT_ZONE),
                    source=VISIT_TIME,
                    doc="Range of visit dates.",
                ),
            ),
        ),
        BulkList(
            "patients_list",
            patients,
            "first_name last_name preferred_language gender since date_of_birth race chart_id email ethnicity",
        ),
        BulkList(
            "prescription_messages_list",
            prescription_messages,
            "since patient doctor created_at parent_message",
        ),
        BulkList("transactions_list", transactions, "line_item posted_date appointment since doctor"),
    )
}

OPERATIONS = [function for bulk in LISTS.values() for function in (bulk.start, bulk.poll)]
