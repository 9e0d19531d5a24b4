"""The form of an appointment, laid out by hand: sections, words, rooms by name, week days as chips."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import QueryDict

from charthouse.console.kit import form_sections, forms, records
from charthouse.console.kit.form_sections import FormSection, Section
from charthouse.console.kit.forms import Form, Input
from charthouse.console.kit.page import Request
from charthouse.domains.practice.models import ExamRoom
from charthouse.domains.scheduling.models import NO_ROOM
from charthouse.engine.declaration.keys import Key

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SERIES = ("recur_end_date", "recurs_every", "recurring_days")
LABELS = {
    "scheduled_time": "When",
    "duration": "Minutes",
    "doctor": "Provider",
    "profile": "Type",
    "exam_room": "Room",
    "recur_end_date": "Repeat until",
    "recurs_every": "Repeat every _ weeks",
    "recurring_days": "On",
    "allow_overlapping": "Allow double-booking",
    "reminder_profile": "Reminders",
}
HINTS = {"scheduled_time": "Local time of the office."}
REPEAT = "Repeat"
SECTIONS = (
    Section("Visit", (("profile", 4), ("reason", 8)), folds=False),
    Section(
        "Time and place",
        (("doctor", 4), ("office", 4), ("scheduled_time", 4), ("duration", 2), ("exam_room", 4)),
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
    return [
        of.keys_by_name[name] for section in SECTIONS for name, _ in section.fields if name not in left_out
    ]


def read(request: Request, keys: list[Key]) -> dict[str, Any]:
    """Read what was sent, as the engine takes it."""
    sent = forms.read_payload(keys, request, records.get_resource("schedule").model)
    if any(one.name == "recurring_days" for one in keys):
        sent["recurring_days"] = request.POST.getlist("recurring_days") or None
    return sent


def build_form(request: Request, keys: list[Key], values: Mapping[str, Any]) -> Form:
    """Build the form with these values."""
    of = records.get_resource("schedule")
    form = forms.build_form(keys, of.model, values, records.ReferenceOptions(request.actor), LABELS, HINTS)
    for section in SECTIONS:
        for name, span in section.fields:
            if (one := form.find(name)) is not None:
                one.span, one.help = span, HINTS.get(name, "")
                if name == "scheduled_time":
                    one.value = (
                        str(one.value).removesuffix(":00") if str(one.value).count(":") > 1 else one.value
                    )
                if one.kind == "textarea":
                    one.rows = 1
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


def read_minutes(sent: QueryDict) -> int:
    """Read the length in minutes; 30 where there is none."""
    text = sent.get("duration", "")
    return min(max(int(text), 1), 24 * 60) if text.isdecimal() and len(text) < 6 else 30
