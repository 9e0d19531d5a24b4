"""The form of an appointment, laid out by hand: sections, words, rooms by name, week days as chips."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from charthouse.console.kit import editing, form_sections, forms, records
from charthouse.console.kit.form_sections import FormSection, Section
from charthouse.console.kit.forms import Form, Input
from charthouse.console.kit.page import Request
from charthouse.console.kit.records import OptionLists
from charthouse.console.schedule import visit_types
from charthouse.domains.practice.models import ExamRoom
from charthouse.domains.scheduling.models import MAX_DURATION, NO_ROOM
from charthouse.engine.declaration.keys import Key
from charthouse.engine.errors import Invalid

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SERIES = ("recur_end_date", "recurs_every", "recurring_days")
LABELS = {
    "scheduled_time": "When",
    "duration": "Minutes",
    "block_end": "Ends",
    "doctor": "Provider",
    "profile": "Type",
    "exam_room": "Room",
    "recur_end_date": "Repeat until",
    "recurs_every": "Repeat every _ weeks",
    "recurring_days": "On",
    "allow_overlapping": "Allow double-booking",
    "reminder_profile": "Reminders",
}
HINTS = {"scheduled_time": "Local time of the office.", "block_end": "May be days later."}
REPEAT = "Repeat"
SECTIONS = (
    Section("Visit", (("profile", 4), ("reason", 8)), folds=False),
    Section(
        "Time and place",
        (
            ("doctor", 4),
            ("office", 4),
            ("scheduled_time", 4),
            ("block_end", 4),
            ("duration", 2),
            ("exam_room", 4),
        ),
        folds=False,
    ),
    Section(REPEAT, (("recurring_days", 12), ("recurs_every", 4), ("recur_end_date", 4))),
    Section(
        "More",
        (("status", 4), ("reminder_profile", 4), ("color", 4), ("allow_overlapping", 4), ("notes", 12)),
    ),
)
_NOT_OF_BREAKS = {"profile", "reminder_profile", "status"}


def list_keys(*, is_break: bool = False, is_new: bool = True) -> list[Key]:
    """List the keys that the form asks for."""
    of = records.get_resource("schedule")
    left_out = (_NOT_OF_BREAKS if is_break else set()) | (set() if is_new else {*SERIES})
    left_out |= {"duration"} if is_break else {"block_end"}
    return [
        of.keys_by_name[name] for section in SECTIONS for name, _ in section.fields if name not in left_out
    ]


def read(request: Request, keys: list[Key]) -> dict[str, Any]:
    """Read what was sent, as the engine takes it."""
    sent = forms.read_payload(keys, request, records.get_resource("schedule").model)
    if any(one.name == "recurring_days" for one in keys):
        sent["recurring_days"] = request.POST.getlist("recurring_days") or None
    if str(sent.get("profile") or "") not in ("", request.POST.get(f"{editing.ORIGINAL}profile", "")):
        sent["profile"] = visit_types.find_own(request, sent["profile"], sent.get("doctor"))
    return sent


def build_form(
    request: Request, keys: list[Key], values: Mapping[str, Any], known: OptionLists | None = None
) -> Form:
    """Build the form with these values. ``known``: (id, label) of references that the page has read already, by
    resource."""
    of = records.get_resource("schedule")
    known = dict(known or {})
    if "appointment_profiles" not in known:
        types = visit_types.list_types(request)
        known["appointment_profiles"] = visit_types.list_choices(types, values.get("profile"))
    options = records.ReferenceOptions(request.actor, known)
    form = forms.build_form(keys, of.model, values, options, LABELS, HINTS)
    for section in SECTIONS:
        for name, span in section.fields:
            if (one := form.find(name)) is not None:
                one.span, one.help = span, HINTS.get(name, "")
                if name in ("scheduled_time", "block_end"):
                    one.value = (
                        str(one.value).removesuffix(":00") if str(one.value).count(":") > 1 else one.value
                    )
                if one.kind == "textarea":
                    one.rows = 1
    start, end = form.find("scheduled_time"), form.find("block_end")
    if start is not None and end is not None:
        start.label, end.required = "Starts", True
    if (room := form.find("exam_room")) is not None:
        _offer_rooms(request, room, values.get("office"))
    if (days := form.find("recurring_days")) is not None:
        chosen = [str(one) for one in values.get("recurring_days") or ()]
        days.kind, days.value = "checkboxes", chosen
        days.choices = [(str(at), words) for at, words in enumerate(WEEK)]
    return form


def _offer_rooms(request: Request, room: Input, office: Any) -> None:
    """Offer the rooms of the office by name; a room that it does not have stays to be seen."""
    value, text = str(room.value), str(office or "")
    named = [(str(NO_ROOM), "No room")]
    if text.isdecimal() and len(text) < 19:
        rooms = ExamRoom.objects.filter(practice=request.actor.practice, office=int(text), archived=False)
        named += [
            (str(index), name) for index, name in rooms.order_by("index").values_list("index", "name")[:200]
        ]
    known = value in dict(named)
    room.kind, room.value, room.choices = (
        "select",
        value,
        named if known else [*named, (value, f"Room {value}")],
    )


def list_sections(form: Form) -> list[FormSection]:
    """List the sections of the form; that of repetition is open where something was chosen in it."""
    return [
        replace(one, open=True) if one.title == REPEAT and any(each.value for each in one.inputs) else one
        for one in form_sections.list_sections(form, SECTIONS)
    ]


def read_minutes(sent: Mapping[str, Any]) -> int:
    """Read the length in minutes, of a block from its end; 30 where there is none."""
    text = str(sent.get("duration", ""))
    if found := _measure(sent):
        return min(found, MAX_DURATION)
    return min(max(int(text), 1), MAX_DURATION) if text.isdecimal() and len(text) < 6 else 30


def _measure(sent: Mapping[str, Any]) -> int | None:
    """Measure a block from beginning to end, in minutes; None where one of them is missing or malformed, or the end
    does not come after the beginning."""
    try:
        start, end = (datetime.fromisoformat(str(sent.get(name))) for name in ("scheduled_time", "block_end"))
        minutes = int((end - start).total_seconds() // 60)
    except (TypeError, ValueError):
        return None
    return minutes if minutes > 0 else None


def add_end(values: Mapping[str, Any]) -> dict[str, Any]:
    """Add the end of a block, or of its part of one day, to its values."""
    return {**values, "block_end": add_minutes(str(values["scheduled_time"]), int(values["duration"]))}


def set_length(payload: dict[str, Any], present: Mapping[str, Any]) -> None:
    """Replace the end in what is written to a block, or its part of one day, by its length: from the beginning and to
    the end that it will have. Raises Invalid."""
    times = {name: payload.get(name, present[name]) for name in ("scheduled_time", "block_end")}
    payload.pop("block_end", None)
    minutes = _measure(times)
    if minutes is None:
        raise Invalid({"block_end": ["Enter when the block ends, after it begins."]})
    if minutes > MAX_DURATION:
        raise Invalid(
            {"block_end": ["A block that is there already can last a day. Add another one for more."]}
        )
    if minutes != present["duration"]:
        payload["duration"] = minutes


def read_end(sent: dict[str, Any]) -> Invalid | None:
    """Give a block its length in minutes, and leave out the end of one that lasts for a day at most. Returns what is
    wrong with the end."""
    minutes = _measure(sent)
    if minutes is None:
        return Invalid({"block_end": ["Enter when the block ends, after it begins."]})
    sent["duration"] = min(minutes, MAX_DURATION)
    if minutes <= MAX_DURATION:
        sent["block_end"] = None
    return None


def add_minutes(time: str, minutes: int) -> str:
    """Add minutes to a local time; "" for a text that is none."""
    try:
        return (datetime.fromisoformat(time) + timedelta(minutes=minutes)).isoformat()[:16]
    except (ValueError, OverflowError):
        return ""
