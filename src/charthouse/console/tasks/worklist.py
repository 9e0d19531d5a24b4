"""The list of tasks: what is overdue, due today and later, with a button that completes each."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse

from charthouse import clock
from charthouse.console.kit import local_times, records, undo
from charthouse.console.kit.page import Request, list_messages, page, render_page
from charthouse.console.kit.pages_with_notes import PagesWithNotes
from charthouse.domains.patients.models import Patient
from charthouse.domains.tasks.models import AssociatedItem, TaskStatus
from charthouse.engine.errors import Conflict, Invalid, NotFound
from charthouse.engine.sql.expressions import to_wall_clock
from charthouse.engine.sql.folding import Folded, fold

MAX_TASKS = 200
PRIORITIES = {
    10: ("Low", "secondary"),
    20: ("Medium", "blue"),
    30: ("High", "orange"),
    40: ("Urgent", "purple"),
}


@dataclass(frozen=True)
class Group:
    """Tasks that are due in one period."""

    title: str
    tasks: list[Any]


def select_open(request: Request, *, mine: bool = False) -> "QuerySet[Any]":
    """Select tasks that are not complete. ``mine``: those assigned to the user. Raises Forbidden."""
    rows = records.select_rows(records.get_resource("tasks"), request.actor).exclude(
        status__status_category="C"
    )
    return rows.filter(assignee_user=request.actor.user) if mine else rows


def group_tasks(tasks: list[Any], zone: ZoneInfo) -> list[Group]:
    """Group tasks by when they are due, in the local time."""
    midnight = datetime.combine(clock.now().astimezone(zone).date(), time(), zone)
    groups: dict[str, list[Any]] = {
        "Overdue": [],
        "Today": [],
        "Next 7 days": [],
        "Later": [],
        "No due date": [],
    }
    for one in tasks:
        if one.due_at is None:
            name = "No due date"
        elif one.due_at < clock.now():
            name = "Overdue"
        elif one.due_at < midnight + timedelta(days=1):
            name = "Today"
        else:
            name = "Next 7 days" if one.due_at < midnight + timedelta(days=8) else "Later"
        groups[name].append(one)
    return [Group(name, listed) for name, listed in groups.items() if listed]


@dataclass(frozen=True, kw_only=True)
class TaskPages(PagesWithNotes):
    """Tasks: a worklist, and the page of each."""

    def build_urls(self) -> list[Any]:
        post = page(methods=("POST",))
        return [
            *super().build_urls(),
            path(f"{self.url_path}/<id:row>/done", post(self.complete), name="task-done"),
            path(f"{self.url_path}/<id:row>/reopen", post(self.reopen), name="task-reopen"),
        ]

    def show_list(self, request: Request, **parents: int) -> HttpResponseBase:
        """Show open tasks by due date; ``which``: mine (default), all open ones, or those that are done."""
        which = request.GET.get("which", "")
        zone = local_times.get_zone()
        if which == "done":
            rows = records.select_rows(self.resource, request.actor).filter(status__status_category="C")
            rows = rows.order_by("-completed_at", "-pk")
        else:
            rows = select_open(request, mine=which == "mine").order_by(
                F("due_at").asc(nulls_last=True), "-priority", "pk"
            )
        words = request.GET.get("q", "").replace("\0", "").strip()[:100]
        if words:
            rows = rows.alias(folded=Folded("title")).filter(folded__contains=fold(words))
        tasks = list(annotate(rows, zone)[: MAX_TASKS + 1])
        for one in tasks:
            one.badge = PRIORITIES.get(one.priority)
        shown = tasks[:MAX_TASKS]
        values = {
            "title": self.title,
            "which": which,
            "q": words,
            "groups": [Group("Done", shown)] if which == "done" and shown else group_tasks(shown, zone),
            "more": len(tasks) > MAX_TASKS,
            "add": reverse(f"{self.view}-new"),
        }
        return render_page(request, "tasks/worklist.html", values)

    def complete(self, request: Request, row: int) -> HttpResponseBase:
        """Complete a task; the message offers to undo it."""
        one = records.get_object(self.resource, request.actor, row)
        done = TaskStatus.objects.filter(practice=request.actor.practice, status_category="C", archived=False)
        status = done.order_by("pk").values_list("pk", flat=True).first()
        if status is None:
            messages.error(
                request, "The practice has no task status that means complete. Add one under Task statuses."
            )
            return redirect(self.view)
        if one["status"] != status:
            self._set_status(request, row, status)
            address = reverse("task-reopen", args=[row])
            undo.add_message(request, f"Done: {one['title']}", address, {"status": one["status"]})
        return redirect("home" if request.POST.get("back") == "home" else self.view)

    def reopen(self, request: Request, row: int) -> HttpResponseBase:
        """Give a task the status that it had before."""
        text = request.POST.get("status", "")
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise NotFound()
        self._set_status(request, row, int(text))
        messages.success(request, "The task is open again.")
        return redirect(self.view)

    def _set_status(self, request: Request, row: int, status: int) -> None:
        try:
            records.update(self.resource, request.actor, row, {"status": status})
        except Invalid as refusal:
            raise Conflict(" ".join(list_messages(refusal.errors))) from refusal


def annotate(rows: "QuerySet[Any]", zone: ZoneInfo) -> "QuerySet[Any]":
    """Annotate tasks with ``wall``, when they are due by local time, and ``patients``: pk, first, last."""
    items = AssociatedItem.objects.filter(
        practice=OuterRef(OuterRef("practice")), task=OuterRef(OuterRef("pk")), type="Patient", archived=False
    )
    patients = Patient.objects.filter(
        practice=OuterRef("practice"), pk__in=items.values("value_id"), archived=False
    )
    one = JSONObject(pk="pk", first="first_name", last="last_name")
    annotated: QuerySet[Any] = rows.annotate(
        wall=to_wall_clock(F("due_at"), str(zone)),
        patients=ArraySubquery(patients.order_by("pk").values(one=one)[:3]),
    ).select_related("status", "assignee_user", "assignee_group")
    return annotated
