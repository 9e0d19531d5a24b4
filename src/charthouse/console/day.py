"""The day of an office: who comes when, to which room, how far they are and how long they wait."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from charthouse.console import records, schedule
from charthouse.console.page import Request, messages_of, page, show
from charthouse.domains.practice.models import ExamRoom
from charthouse.engine.errors import Conflict, Invalid

SCHEDULING = ("Access Billing", "Show Billing Tab", "Access Clinical Notes")  # of the resource appointments


@dataclass
class Room:
    name: str
    visits: list[dict[str, Any]]


@page(*SCHEDULING)
def day(request: Request) -> HttpResponseBase:
    here = schedule.place(request)
    if here is None:
        return show(request, "day.html", {"title": "The day"})
    date = schedule.day(request, here)
    found = list(schedule.between(request, here, date, date))
    waited = schedule.waiting(request.actor.practice, found)
    rooms = {
        room.index: Room(room.name, [])
        for room in ExamRoom.objects.filter(
            practice=request.actor.practice, office=here.office.pk, archived=False
        ).order_by("index")
    }
    for one in found:
        room = rooms.setdefault(one.exam_room, Room(f"Room {one.exam_room}", []))
        room.visits.append(_visit(one, waited.get(one.pk)))
    taking_place = [one for one in found if one.patient_id and schedule.takes_place(one)]
    values = {
        "title": "The day",
        "here": here,
        "date": date,
        "rooms": rooms.values(),
        "count": len(taking_place),
        "done": sum(one.status == "Complete" for one in taking_place),
        "waiting": len(waited),
        "before": _address(request, date - timedelta(days=1)),
        "after": _address(request, date + timedelta(days=1)),
        "today": _address(request, here.today) if date != here.today else "",
        "book": reverse("book") + "?" + urlencode({"office": here.office.pk, "date": date.isoformat()}),
    }
    return show(request, "day.html", values)


def _visit(one: Any, waited: int | None) -> dict[str, Any]:
    return {
        "row": one,
        "until": one.wall + timedelta(minutes=one.duration),
        "colour": schedule.STATUS_COLOURS.get(one.status, "secondary"),
        "next": schedule.NEXT_STATUS.get(one.status) if one.patient_id else None,
        "waited": waited,
        "off": not schedule.takes_place(one),
    }


def _address(request: Request, date: Any) -> str:
    kept = {name: request.GET[name] for name in ("office", "doctor") if request.GET.get(name)}
    return f"{reverse('day')}?{urlencode({**kept, 'date': date.isoformat()})}"


@page(*SCHEDULING, methods=("POST",))
def set_status(request: Request, visit: int) -> HttpResponseBase:
    """Give an appointment another status, and go back to where that was asked for."""
    of = records.resource("appointments")
    try:
        records.modify(of, request.actor, visit, {"status": request.POST.get("status", "")})
    except Invalid as refusal:
        messages.error(request, " ".join(messages_of(refusal.errors)))
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    return redirect(back if safe else reverse("visit", args=[visit]))
