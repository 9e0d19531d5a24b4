"""What waits for a user: today's visits, notes to sign, results and documents to review, messages and tasks.

A worklist is for those who do its work: notes to sign are a provider's own, tasks those of the user and of the user's
groups. Each is one query, which reads the rows that the page shows and counts the others, up to COUNTED.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse

from charthouse import clock
from charthouse.console.kit import appointments, formats, local_times, records
from charthouse.console.kit.page import Request
from charthouse.console.kit.tables import Badge
from charthouse.console.labs import orders
from charthouse.console.portal import requests as portal_requests
from charthouse.console.visits.unsigned import select_unsigned
from charthouse.domains.documents import filing
from charthouse.domains.practice.models import UserGroupMember
from charthouse.domains.scheduling.models import FREEING_STATUSES

SHOWN = 5  # rows of a worklist; the others are counted
SHOWN_VISITS = 10
COUNTED = 100  # at most


@dataclass(frozen=True)
class WorkItem:
    """A row of a worklist. ``lead``: a time or date before the name; ``address``: "" where the user may not open it;
    ``done``: URL that completes it, "" where nothing does."""

    name: str
    address: str
    lead: str = ""
    detail: str = ""
    badge: Badge | None = None
    done: str = ""


@dataclass
class Worklist:
    """A worklist. ``address``: the page of all; ``total``: how many there are, those that are not shown too, up to
    COUNTED + 1."""

    title: str
    icon: str
    address: str
    nothing: str
    items: list[WorkItem] = field(default_factory=list)
    total: int = 0

    @property
    def counted(self) -> str:
        """The total in words."""
        return f"{COUNTED}+" if self.total > COUNTED else str(self.total)

    @property
    def more(self) -> str:
        """How many are not shown, in words; "" for none."""
        left = min(self.total, COUNTED) - len(self.items)
        return f"Over {left} more" if self.total > COUNTED else f"+{left} more" if left else ""


def list_worklists(request: Request) -> list[Worklist]:
    """List the user's worklists but for the visits."""
    granted = frozenset(request.user.permissions)
    builders: tuple[tuple[frozenset[str], Callable[[Request], Worklist | None]], ...] = (
        (frozenset({"Access Clinical Notes"}), _build_notes),
        (frozenset({"Access Clinical Notes"}), _build_orders),
        (frozenset({"Access Clinical Notes"}), _build_results),
        (frozenset({"Manage Patients"}), _build_documents),
        (frozenset({"Manage Patients"}), _build_portal_requests),
        (frozenset({"Access Message Center"}), _build_messages),
        (frozenset(), _build_tasks),
    )
    built = (build(request) for needed, build in builders if needed <= granted)
    return [one for one in built if one is not None]


def build_visits(request: Request) -> Worklist:
    """Build the list of today's visits that are not over: a provider's own, or those of the practice."""
    today = local_times.to_local(clock.now()).date()
    start = datetime.combine(today, time(), local_times.get_zone())
    rows = records.select_rows(records.get_resource("schedule"), request.actor).filter(
        scheduled_time__gte=start,
        scheduled_time__lt=datetime.combine(today + timedelta(days=1), time(), start.tzinfo),
        patient__isnull=False,
        is_virtual_base=False,
    )
    own = request.actor.doctor
    rows = rows.filter(doctor=own) if own else rows
    rows = rows.exclude(status__in=(*FREEING_STATUSES, "Complete"))
    rows = appointments.annotate_wall_clock(rows).select_related("patient", "profile", "doctor")
    sees_charts = "Manage Patients" in request.user.permissions

    def describe(row: Any) -> WorkItem:
        patient = row.patient
        who = [formats.format_age(patient.date_of_birth, today), "" if own else str(row.doctor)]
        what = row.reason or (row.profile.name if row.profile else "")
        return WorkItem(
            patient.display_name,
            reverse("patient", args=[patient.pk]) if sees_charts else "",
            appointments.format_clock(row.wall),
            _join(*who, what),
            Badge(row.status or "Scheduled", appointments.STATUS_COLORS.get(row.status, "secondary")),
        )

    address = reverse("day") + (f"?doctor={own}" if own else "")
    found = Worklist("Today's patients", "calendar", address, "No more visits today.")
    return _fill(found, rows.order_by("scheduled_time", "pk"), describe, SHOWN_VISITS)


def _build_notes(request: Request) -> Worklist | None:
    """Notes of the provider's visits that are still to be signed."""
    if request.actor.doctor is None:
        return None
    rows = appointments.annotate_wall_clock(select_unsigned(request, mine=True))

    def describe(row: Any) -> WorkItem:
        return WorkItem(
            row.patient.display_name,
            reverse("visit", args=[row.pk]) + "#note",
            _format_day(row.wall),
            row.reason,
        )

    found = Worklist("Notes to sign", "clipboard-text", reverse("unsigned"), "All notes are signed.")
    return _fill(found, rows.select_related("patient").order_by("-scheduled_time", "-pk"), describe)


def _build_orders(request: Request) -> Worklist | None:
    """Lab orders of the provider whose results nobody has signed off."""
    if request.actor.doctor is None:
        return None
    rows = orders.select_unreviewed(request).filter(doctor=request.actor.doctor)

    def describe(row: Any) -> WorkItem:
        return WorkItem(
            row.patient.display_name,
            reverse("chart-labs", args=[row.patient_id]),
            _format_day(local_times.to_local(row.timestamp)),
            row.sublab.name,
        )

    found = Worklist(
        "Lab orders to sign off", "test-pipe", reverse("results-to-review"), "No lab orders to sign off."
    )
    return _fill(found, rows.select_related("patient", "sublab").order_by("timestamp", "pk"), describe)


def _build_results(request: Request) -> Worklist | None:
    """Results of the provider's patients that nobody has signed off."""
    if request.actor.doctor is None:
        return None
    rows = records.select_rows(records.get_resource("patient_lab_results"), request.actor).filter(
        ordering_doctor=request.actor.doctor, doctor_signoff=False
    )

    def describe(row: Any) -> WorkItem:
        value = " ".join(filter(None, (row.lab_result_value, row.lab_result_value_units)))
        return WorkItem(
            row.patient.display_name,
            reverse("chart-labs", args=[row.patient_id]),
            formats.format_date(row.date_test_performed),
            f"{row.title}: {value}" if value else row.title,
        )

    found = Worklist("Results to review", "test-pipe", "", "No results to review.")
    return _fill(found, rows.select_related("patient").order_by("-date_test_performed", "-pk"), describe)


def _build_documents(request: Request) -> Worklist:
    rows = records.select_rows(records.get_resource("documents"), request.actor).filter(
        filing.WAITING,
        Q(review_by=request.actor.required_user) | Q(review_by_everyone=True),
        archived=False,
    )

    def describe(row: Any) -> WorkItem:
        return WorkItem(
            row.description or "Document",
            reverse("chart-documents-one", args=[row.patient_id, row.pk]),
            formats.format_date(row.date),
            row.patient.display_name,
        )

    found = Worklist("Documents to review", "files", reverse("reviews"), "No documents to review.")
    return _fill(found, rows.select_related("patient").order_by("-date", "-pk"), describe)


def _build_portal_requests(request: Request) -> Worklist:
    rows = portal_requests.select_open(request.actor).select_related("patient")

    def describe(row: Any) -> WorkItem:
        words = portal_requests.REQUEST_TYPES[row.request_type].words
        return WorkItem(
            row.title or words,
            reverse("portal-request", args=[row.pk]),
            _format_day(local_times.to_local(row.created_at)),
            _join(row.patient.display_name, words if row.title not in ("", words) else ""),
        )

    found = Worklist("From the portal", "file-upload", reverse("portal-requests"), "Nothing from the portal.")
    return _fill(found, rows.order_by("-pk"), describe)


def _build_messages(request: Request) -> Worklist:
    user = request.actor.required_user
    rows = records.select_rows(records.get_resource("messages"), request.actor).filter(
        Q(owner=user) | Q(responsible_user=user) | Q(owner=None, doctor=request.actor.doctor),
        read=False,
        archived=False,
    )

    def describe(row: Any) -> WorkItem:
        return WorkItem(
            row.title,
            reverse("inbox-one", args=[row.pk]),
            _format_day(local_times.to_local(row.received_at)),
            row.patient.display_name if row.patient else "",
        )

    address = reverse("inbox") + "?which=unread"
    found = Worklist("Unread messages", "inbox", address, "No unread messages.")
    return _fill(found, rows.select_related("patient").order_by("-received_at", "-pk"), describe)


def _build_tasks(request: Request) -> Worklist:
    user, now = request.actor.required_user, clock.now()
    groups = UserGroupMember.objects.filter(practice=request.actor.practice, user=user, archived=False)
    rows = (
        records.select_rows(records.get_resource("tasks"), request.actor)
        .filter(Q(assignee_user=user) | Q(assignee_group__in=groups.values("group")), archived=False)
        .exclude(status__status_category="C")
    )

    def describe(row: Any) -> WorkItem:
        due = row.due_at
        overdue = due is not None and due < now
        return WorkItem(
            row.title,
            reverse("tasks-one", args=[row.pk]),
            _format_day(local_times.to_local(due)) if due else "",
            str(row.status),
            Badge("Overdue", "orange") if overdue else None,
            reverse("task-done", args=[row.pk]),
        )

    found = Worklist("My tasks", "checklist", reverse("tasks"), "No open tasks.")
    ordered = rows.select_related("status").order_by(F("due_at").asc(nulls_last=True), "pk")
    return _fill(found, ordered, describe)


def _fill(
    worklist: Worklist, rows: "QuerySet[Any]", describe: Callable[[Any], WorkItem], most: int = SHOWN
) -> Worklist:
    """Fill a worklist with the first rows, and count the others, up to COUNTED."""
    found = list(rows[: COUNTED + 1])
    worklist.items = [describe(one) for one in found[:most]]
    worklist.total = len(found)
    return worklist


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _format_day(at: datetime) -> str:
    return formats.format_date(at.date())
