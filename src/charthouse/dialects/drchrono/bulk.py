"""Bulk lists: POST begins one, GET asks for it by uuid. Facts: reference drchrono/live_only.yaml ``bulk``; choices:
docs/decisions/0122-bulk-lists.md.

A worker gathers the ids of all rows in order, in one statement; a poll renders its page of them by the resource's own
declaration, with the rights that the caller then has. A page after the first goes on with the ids of the page before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from charthouse import clock
from charthouse.domains.billing.drchrono import line_items, transactions
from charthouse.domains.billing.drchrono_kinds import VISIT, ZONE
from charthouse.domains.billing.drchrono_settings import eligibility_checks
from charthouse.domains.clinical.drchrono_notes import clinical_note_field_values, clinical_notes
from charthouse.domains.medications.drchrono import prescription_messages
from charthouse.domains.patients.drchrono import patients
from charthouse.domains.scheduling.drchrono import appointments
from charthouse.jobs import actions as jobs
from charthouse.jobs.models import Job, JobRows
from charthouse.resource import parse, plan, read, run
from charthouse.resource.declare import Resource
from charthouse.resource.errors import Malformed
from charthouse.resource.fields import OPTIONAL, READ_ONLY, Field, Integer, Text, plain_text
from charthouse.resource.filters import DateRange, Filter, Flag, Is, Since
from charthouse.resource.functions import Answer, Call, Function
from charthouse.resource.nested import Embedded
from charthouse.resource.schema import component, ref
from charthouse.resource.sql import Hole

PAGE = 1000  # rows of a page, at most and by default
WAITING = "In progress"
GONE = "Invalid uuid specified"
FAILED = "The list could not be gathered. Start another."


@dataclass(frozen=True, kw_only=True, eq=False)
class Count(Filter):
    """A number from 1 to ``most``; more is cut, nonsense ignored."""

    most: int
    default: int

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return {self.name: self.read(text)}

    def read(self, text: str) -> int:
        text = plain_text(text)
        wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 100 else 0
        return min(wanted or self.default, self.most)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": self.most, "default": self.default}


@dataclass(frozen=True, kw_only=True, eq=False)
class RowsLike(Field):
    """Rows as their own resource shows them."""

    resource: Resource

    def schema(self) -> dict[str, Any]:
        kinds = ("", "Verbose") if self.resource.has_verbose else ("",)
        return {"type": "array", "items": {"anyOf": [ref(component(self.resource, kind)) for kind in kinds]}}


class Bulk:
    """The bulk list of a resource. ``filters``: names of its parameters; ``more``: such as the plain list lacks."""

    def __init__(
        self,
        path: str,
        resource: Resource,
        filters: str,
        *,
        more: tuple[Filter, ...] = (),
        orders: tuple[str, ...] = ("id", "updated_at"),
        most: int = PAGE,
    ) -> None:
        self.path, self.resource, self.orders = path, resource, orders
        self.filters = {f.name: f for f in (*(resource.filters_by_name[n] for n in filters.split()), *more)}
        self.size = Count("page_size", most=most, default=PAGE, doc=f"Rows a page, at most {most}.")
        self.page = Count("page", most=10**9 - 1, default=1, doc="From 1. Each page is asked for by a POST.")
        shown = (
            (Flag("verbose", doc="Show the keys that take longer to gather."),)
            if resource.has_verbose
            else ()
        )
        order = Is("order_by", choices=orders, doc=f"Default: {orders[0]}.")
        options = (order, self.size, self.page, *shown)
        self.start: Function = self._function(
            "POST", self._begin, 201, (*self.filters.values(), *options), _STARTED
        )
        rows = RowsLike("results", OPTIONAL, resource=resource, doc="Once it is complete.")
        asked = (Is("uuid", required=True, doc="What POST has answered."),)
        self.poll: Function = self._function("GET", self._answer, 200, asked, (*_POLLED, rows))
        self.poll.also = {500: "The list could not be gathered: status, uuid and detail say so."}

    def _function(
        self,
        method: str,
        run: Callable[[Call], Any],
        status: int,
        parameters: tuple[Filter, ...],
        answers: tuple[Field, ...],
    ) -> Function:
        verb = "Begin to gather" if method == "POST" else "Ask for"
        return Function(
            path=self.path,
            method=method,
            of=self.resource.path,
            doc=f"{verb} a list of {self.resource.path} of any length, in large pages.",
            run=run,
            reading=True,
            parameters=parameters,
            answers=answers,
            status=status,
            example=_EXAMPLE,
            addition=True,
        )

    def _begin(self, call: Call) -> dict[str, Any]:
        given = call.parameters
        request = {name: given[name] for name in sorted({*self.filters, "order_by"} & call.given)}
        options = {
            "page": self.page.read(given.get("page", "")),
            "page_size": self.size.read(given.get("page_size", "")),
            "verbose": "verbose" in call.given,
        }
        source = jobs.like(call.actor, self.path, request) if options["page"] > 1 else None
        owned = plan.owned_only(self.resource, call.actor)
        job = jobs.begin(
            call.actor, self.path, request, {**options, "owned": owned}, self._defer, source=source
        )
        url = call.url(**dict.fromkeys(given), uuid=str(job.uuid))
        return {
            "status": WAITING,
            "uuid": str(job.uuid),
            "description": f"The list is being gathered. Ask for it at {url}, for an hour from now.",
        }

    def _defer(self, job: Job) -> None:
        from charthouse.dialects.tasks import gather_list  # the worker's side, which knows this one

        gather_list.defer(practice=job.practice_id, job=job.pk)

    def _answer(self, call: Call) -> Any:
        uuid = str(call.slots["uuid"])
        job = jobs.find(call.actor, self.path, uuid)
        if job is None:
            raise Malformed(GONE)
        if job.over:
            return Answer({"status": "Failed", "uuid": str(job.uuid), "detail": FAILED}, 500)
        if job.status != Job.Status.COMPLETE:
            return {"status": WAITING, "uuid": str(job.uuid)}
        size, number, count = job.options["page_size"], job.options["page"], job.count or 0
        first = (number - 1) * size
        found = jobs.ids(job, first, first + size) if first < count else []
        return {
            "status": "Complete",
            "pagination": {"count": count, "pages": -(-count // size), "page_size": size, "page": number},
            "uuid": str(job.uuid),
            "results": read.some(self.resource, call.actor, found, verbose=job.options["verbose"]),
        }

    def gather(self, job: Job) -> None:
        """Store the ids of all rows that were asked for, in order; in one statement, so that none passes through."""
        asked = parse.narrowed(self.start, job.request)
        filters = [self.filters[name] for name in asked.filters if name in self.filters]
        order = job.request.get("order_by") or self.orders[0]
        text, parameters = plan.numbered(self.resource, job.options["owned"], filters, asked.flags, order)
        statement = plan.statement(
            "insert into jobs_jobrows (practice_id, job_id, position, ids, archived, created_at, updated_at) "  # noqa: S608
            "select %s::bigint, %s::bigint, (n - 1) / %s::bigint, array_agg(id order by n), false, "
            f"%s::timestamptz, %s::timestamptz from ({text}) as found (id, n) group by 3 "
            "returning cardinality(ids)",
            (*map(Hole, ("practice", "job", "chunk", "now", "now")), *parameters),
            anew=True,
        )
        values = {
            **asked.slots,
            "practice": job.practice_id,
            "caller": job.user_id,
            "caller_doctor": job.doctor_id,
            "caller_app": job.app,
            "job": job.pk,
            "chunk": JobRows.CHUNK,
            "now": clock.now(),
        }
        job.count = sum(int(length) for (length,) in run.rows(statement, values))


_STARTED = (
    Text("status", READ_ONLY, doc="In progress."),
    Text("uuid", READ_ONLY),
    Text("description", READ_ONLY, doc="Says where to ask for the list."),
)
_POLLED = (
    Text("status", READ_ONLY, choices=(WAITING, "Complete", "Failed")),
    Text("uuid", READ_ONLY),
    Text("detail", OPTIONAL, doc="What has failed."),
    Embedded(
        "pagination",
        OPTIONAL,
        fields=tuple(
            Integer(name, READ_ONLY, maximum=2**63 - 1) for name in ("count", "pages", "page_size", "page")
        ),
        doc="Once it is complete: all rows, pages, rows a page, and which page this is.",
    ),
)
_EXAMPLE = {
    "status": WAITING,
    "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "description": "The list is being gathered. Ask for it at …?uuid=0f8fad5b-d9cb-469f-a165-70867728950e, …",
    "detail": "",
    "pagination": {"count": 2150, "pages": 3, "page_size": 1000, "page": 1},
    "results": [],
}

LISTS = {
    bulk.path: bulk
    for bulk in (
        Bulk(
            "appointments_list",
            appointments,
            "status patient office doctor since date_range date show_archived",
            orders=("scheduled_time", "updated_at"),
        ),
        Bulk(
            "clinical_note_field_values_list",
            clinical_note_field_values,
            "since appointment clinical_note_template",
            most=20_000,
        ),
        Bulk("clinical_notes_list", clinical_notes, "patient office doctor since date_range date"),
        Bulk(
            "eligibility_checks_list",
            eligibility_checks,
            "patient appointment_date_range appointment_date query_date_range query_date service_types",
            more=(Since("since"),),
        ),
        Bulk(
            "line_items_list",
            line_items,
            "posted_date patient office doctor since appointment service_date",
            more=(DateRange("service_date_range", source=VISIT, zone=ZONE, doc="Days of visits."),),
        ),
        Bulk(
            "patients_list",
            patients,
            "first_name last_name preferred_language gender since date_of_birth race chart_id email ethnicity",
        ),
        Bulk(
            "prescription_messages_list",
            prescription_messages,
            "since patient doctor created_at parent_message",
        ),
        Bulk("transactions_list", transactions, "line_item posted_date appointment since doctor"),
    )
}

FUNCTIONS = [function for bulk in LISTS.values() for function in (bulk.start, bulk.poll)]
