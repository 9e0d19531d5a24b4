"""Times for a new appointment: the next free slot, and the dates of a series with what is in their way. JSON."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.http import HttpResponseBase, JsonResponse

from charthouse import clock
from charthouse.console.kit import appointments, records
from charthouse.console.kit.page import Request, page
from charthouse.console.resources.schedule import SCHEDULING
from charthouse.console.schedule.form import read_minutes
from charthouse.domains.practice.models import Doctor, ExamRoom, Office
from charthouse.domains.scheduling import bookable_windows, series
from charthouse.domains.scheduling.bookable_windows import VisitType
from charthouse.domains.scheduling.models import FREEING_STATUSES, MAX_DURATION, Appointment
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue

SEARCHED_DAYS, DAYS_AT_ONCE = 60, 30
STEP = 5 * 60  # seconds: times are offered at whole five minutes
MAX_SHOWN = 60  # dates of a preview
MAX_TAKEN = 5000  # appointments that a preview compares


@page(*SCHEDULING)
def find_next(request: Request) -> HttpResponseBase:
    """Find the next time at which the provider is free for so many minutes, after the time that the query names, in the
    provider's hours, with a room that is free."""
    place = _find_place(request)
    after = _read_time(request.GET.get("after", ""))
    if place is None or after is None:
        return JsonResponse({"detail": "Choose provider and time first."})
    doctor, office = place
    zone = ZoneInfo(office.doctor.timezone)
    start = max(after.replace(tzinfo=zone), clock.now()).astimezone(UTC)
    minutes = read_minutes(request.GET)
    kind = VisitType(0, minutes * 60, 0, False)
    first = start.astimezone(zone).date()
    for days in range(0, SEARCHED_DAYS, DAYS_AT_ONCE):
        found = bookable_windows.find_windows(
            request.actor.practice,
            office.doctor.timezone,
            [(doctor.pk, kind)],
            first + timedelta(days=days),
            first + timedelta(days=days + DAYS_AT_ONCE - 1),
        )
        for begins, ends in sorted(found.windows[doctor.pk, 0]):
            at = -(-max(begins, int(start.timestamp()) + 1) // STEP) * STEP
            if at + minutes * 60 <= ends:
                return JsonResponse(_offer(request, office, datetime.fromtimestamp(at, zone), minutes))
    return JsonResponse(
        {"detail": f"{doctor} has no free {minutes} minutes in the next {SEARCHED_DAYS} days."}
    )


def _offer(request: Request, office: Office, at: datetime, minutes: int) -> dict[str, Any]:
    taken = _select_taken(request, at, at).filter(office=office.pk)
    end = at + timedelta(minutes=minutes)
    used = {one.exam_room for one in taken if one.scheduled_time < end and _get_end(one) > at}
    rooms = ExamRoom.objects.filter(practice=request.actor.practice, office=office.pk, archived=False)
    free = [index for index in rooms.order_by("index").values_list("index", flat=True) if index not in used]
    words = f"{at:%a %b} {at.day}, {appointments.format_clock(at)}"
    return {"time": at.strftime("%Y-%m-%dT%H:%M"), "words": words, "room": str(free[0]) if free else ""}


@page(*SCHEDULING)
def preview_series(request: Request) -> HttpResponseBase:
    """List the dates of a series with what is in their way: another appointment, or that the office is closed then."""
    place = _find_place(request)
    at = _read_time(request.GET.get("scheduled_time", ""))
    days = [int(one) for one in request.GET.getlist("recurring_days") if one in "0123456" and len(one) == 1]
    every = request.GET.get("recurs_every", "") or "1"
    try:
        last = parse_date(request.GET.get("recur_end_date", ""))
    except InvalidValue:
        return JsonResponse({"dates": []})
    if place is None or at is None or not days or not every.isdecimal() or not 1 <= int(every[:3]) <= 52:
        return JsonResponse({"dates": []})
    if not timedelta(0) <= last - at.date() <= timedelta(days=series.MAX_DAYS):
        return JsonResponse({"dates": [], "detail": "A series ends within two years, after it begins."})
    dates = series.list_days(at.date(), last, int(every[:3]), days)[: series.MAX_APPOINTMENTS]
    dates = dates if at.date() in dates else [at.date(), *dates]
    shown = _describe_dates(request, place, at, dates)
    return JsonResponse({
        "count": len(shown),
        "conflicts": sum(bool(one["conflict"]) for one in shown),
        "dates": shown[:MAX_SHOWN],
    })  # fmt: skip


def _describe_dates(
    request: Request, place: tuple[Doctor, Office], at: datetime, dates: list[date]
) -> list[dict[str, str]]:
    doctor, office = place
    zone, minutes = ZoneInfo(office.doctor.timezone), read_minutes(request.GET)
    room = request.GET.get("exam_room", "")
    first, final = (datetime.combine(day, at.time(), zone) for day in (dates[0], dates[-1]))
    near = _select_taken(request, first, final).filter(Q(office=office.pk) | Q(doctor=doctor.pk))
    taken = list(near.select_related("patient")[:MAX_TAKEN])
    hours = bookable_windows.read_schedule(request.actor.practice, {doctor.pk}, dates[0], dates[-1]).spans
    shown = []
    for day in dates:
        start = datetime.combine(day, at.time(), zone)
        end = start + timedelta(minutes=minutes)
        conflict = ""
        for one in taken:
            in_room = one.office_id == office.pk and str(one.exam_room) == room
            in_the_way = in_room or (one.doctor_id == doctor.pk and one.patient_id is None)
            if in_the_way and one.scheduled_time < end and _get_end(one) > start:
                conflict = one.patient.display_name if one.patient else "Blocked"
                break
        spans = hours.get(doctor.pk, ())
        if not conflict and not any(b <= start.timestamp() and end.timestamp() <= e for b, e in spans):
            conflict = "Closed"
        shown.append({"words": f"{day:%a %b} {day.day}, {day.year}", "conflict": conflict})
    return shown


def _select_taken(request: Request, first: datetime, last: datetime) -> Any:
    """Select what takes place from a time to the end of a day later than another."""
    rows = Appointment.objects.filter(
        practice=request.actor.practice,
        archived=False,
        is_virtual_base=False,
        scheduled_time__gt=first - timedelta(minutes=MAX_DURATION),
        scheduled_time__lt=last + timedelta(days=1),
    )
    return rows.exclude(status__in=FREEING_STATUSES)


def _get_end(one: Any) -> datetime:
    end: datetime = one.scheduled_time + timedelta(minutes=one.duration)
    return end


def _find_place(request: Request) -> tuple[Doctor, Office] | None:
    """Find the provider and the office that the query names, or the provider's own office."""
    doctor, office = request.GET.get("doctor", ""), request.GET.get("office", "")
    if not doctor.isdecimal() or len(doctor) > 18:
        return None
    found = Doctor.objects.filter(practice=request.actor.practice, archived=False, pk=int(doctor)).first()
    offices = records.select_rows(records.get_resource("offices"), request.actor).select_related("doctor")
    if office.isdecimal() and len(office) < 19:
        offices = offices.filter(pk=int(office))
    there = offices.order_by("pk").first()
    return (found, there) if found and there else None


def _read_time(text: str) -> datetime | None:
    """Read a local time; None for what is none or lies outside of 2000 to 2099."""
    try:
        at = datetime.fromisoformat(text[:19])
    except ValueError:
        return None
    return at.replace(tzinfo=None) if 2000 <= at.year < 2100 else None
