"""``GET /appointments/availability``: when providers can be booked for which type of visit. Facts: reference
cerbo/operations.yaml, objects.yaml (availability_response); docs/decisions/0290-availability-of-cerbo.md"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model

from charthouse.domains.practice.cerbo import USER
from charthouse.domains.practice.cerbo_keys import tag
from charthouse.domains.practice.models import Doctor
from charthouse.domains.scheduling import vacancies
from charthouse.domains.scheduling.cerbo_booking import first_doctor
from charthouse.domains.scheduling.cerbo_types import SENT, TYPE, TYPE_KEPT
from charthouse.domains.scheduling.models import AppointmentProfile
from charthouse.domains.scheduling.vacancies import Kind, Window
from charthouse.resource import read
from charthouse.resource.errors import Invalid, Malformed
from charthouse.resource.fields import READ_ONLY, Boolean, Integer, ListOf, Text
from charthouse.resource.filters import DateIs, RefsAre
from charthouse.resource.functions import Call, Function
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Date, Moment

User = get_user_model()

MOST_DAYS = 90
MOST_PAIRS = 2000  # of a provider and a type


def available(call: Call) -> dict[str, Any]:
    """The windows of a call. Raises Invalid for days that can't be, Malformed where there are too many."""
    first, last = _days(call)
    providers, kinds = call.slots.get("provider_ids[]"), call.slots.get("appointment_type_ids[]")
    practice = call.actor.practice
    doctors = _doctors(practice, providers)
    pairs = _pairs(doctors, _types(practice, kinds))
    if len(pairs) > MOST_PAIRS:
        raise Malformed(f"More than {MOST_PAIRS} providers and types: ask for some of them.")
    wanted = list(dict.fromkeys((doctors[user], kind) for user, kind in pairs))
    found = vacancies.search(practice, _zone(practice), wanted, first, last)
    if found.last is None:
        raise Malformed(f"Too many times on {first}: ask for some providers or types.")
    return {
        "object": "list",
        "parameters": {
            "start_date": str(first),
            "end_date": str(found.last),
            "provider_ids": providers,
            "appointment_type_ids": kinds,
        },
        "gmt_timezone_offset": _offset(found.offset),
        "has_more": found.last < last,
        "user_availabilies": _shown(call, doctors, pairs, found),
    }


def _days(call: Call) -> tuple[date, date]:
    first, last = call.slots["start_date_first"], call.slots["end_date_first"]
    wrong = {
        name: ["Appointments lie in the years 2000 to 2099."]
        for name, day in (("start_date", first), ("end_date", last))
        if not 2000 <= day.year <= 2099
    }
    if not wrong and last < first:
        wrong["end_date"] = ["It must not be before start_date."]
    if not wrong and last - first > timedelta(days=MOST_DAYS):
        wrong["end_date"] = [f"At most {MOST_DAYS} days after start_date."]
    if wrong:
        raise Invalid(wrong)
    return first, last


def _zone(practice: int) -> str:
    """The clock of the practice is that of its primary user, or of its first doctor."""
    zones = Doctor.objects.filter(practice=practice, pk=first_doctor(practice) or 0)
    return zones.values_list("timezone", flat=True).first() or "UTC"


def _doctors(practice: int, providers: Sequence[int] | None) -> dict[int, int]:
    """Who can be booked, all or of these users: user → doctor."""
    rows = User._default_manager.filter(
        practice=practice, role="doctor", is_active=True, doctor_id__isnull=False
    )
    if providers is not None:
        rows = rows.filter(pk__in=providers)
    found = rows.order_by("pk").values_list("pk", "doctor_id")[: MOST_PAIRS + 1]
    return {user: doctor for user, doctor in found if doctor is not None}


def _types(practice: int, kinds: Sequence[int] | None) -> list[AppointmentProfile]:
    rows = AppointmentProfile.objects.filter(practice=practice, archived=False)
    if kinds is not None:
        rows = rows.filter(pk__in=kinds)
    return list(rows.order_by("sort_order", "pk")[: MOST_PAIRS + 1])


def _pairs(doctors: dict[int, int], types: Iterable[AppointmentProfile]) -> list[tuple[int, Kind]]:
    """Each user with each type that they can be booked for."""
    kinds = [(Kind.of(profile), profile) for profile in types]

    def has(user: int, profile: AppointmentProfile) -> bool:
        if profile.provider_ids is None:
            return profile.doctor_id == doctors[user]
        return profile.provider_ids == [0] or user in profile.provider_ids

    return [(user, kind) for user in doctors for kind, profile in kinds if has(user, profile)]


def _shown(
    call: Call, doctors: dict[int, int], pairs: Sequence[tuple[int, Kind]], found: vacancies.Found
) -> list[dict[str, Any]]:
    users, kinds = _details(call, "users", pairs, 0), _details(call, "appointment_types", pairs, 1)
    by_user: dict[int, list[dict[str, Any]]] = {}
    for user, kind in pairs:
        if user in users and kind.id in kinds:
            windows = found.windows[doctors[user], kind.id]
            by_user.setdefault(user, []).append(
                {
                    "appointment_type_id": kind.id,
                    "appointment_type_details": kinds[kind.id],
                    "available_windows": [_window(w, kind, found.offset) for w in windows],
                }
            )
    return [
        {"provider_id": user, "provider_details": users[user], "availability_by_type": of_types}
        for user, of_types in by_user.items()
    ]


def _details(call: Call, path: str, pairs: Sequence[Any], at: int) -> dict[int, Any]:
    """The objects that are named in pairs, as their resource shows them."""
    ids = sorted({getattr(pair[at], "id", pair[at]) for pair in pairs})
    return read.by_id(call.function.registry[path], call.actor, ids, verbose=True)


def _window(window: Window, kind: Kind, offset: int) -> dict[str, Any]:
    return {
        "window_start": _wall(window.start + offset),
        "window_end": _wall(window.start + kind.length + offset),
        "minutes_available_at_this_time": window.free,
    }


def _wall(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def _offset(seconds: int) -> str:
    hours, rest = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{rest:02}"


_WINDOW = (
    Moment("window_start", READ_ONLY, nullable=False, doc="On the practice's clock."),
    Moment("window_end", READ_ONLY, nullable=False, doc="So much later as the type lasts."),
    Integer(
        "minutes_available_at_this_time",
        READ_ONLY,
        nullable=False,
        doc="How long a visit that begins then might be.",
    ),
)
_OF_TYPE = (
    Integer("appointment_type_id", READ_ONLY, nullable=False),
    Embedded("appointment_type_details", READ_ONLY, fields=(*TYPE, *SENT, *TYPE_KEPT), nullable=False),
    Embedded("available_windows", READ_ONLY, many=True, fields=_WINDOW, nullable=False),
)
_OF_USER = (
    Integer("provider_id", READ_ONLY, nullable=False, doc="A user."),
    Embedded("provider_details", READ_ONLY, fields=USER, nullable=False),
    Embedded("availability_by_type", READ_ONLY, many=True, fields=_OF_TYPE, nullable=False),
)
_PARAMETERS = (
    Date("start_date", READ_ONLY, nullable=False),
    Date("end_date", READ_ONLY, nullable=False, doc="The last day that the answer covers."),
    ListOf("provider_ids", READ_ONLY, item=Integer("id", nullable=False)),
    ListOf("appointment_type_ids", READ_ONLY, item=Integer("id", nullable=False)),
)

availability = Function(
    path="appointments/availability",
    doc="When providers can be booked, for each type of visit: their hours less what they have, where there is room.",
    run=available,
    scopes=("appointment_availability",),
    permissions=(),
    parameters=(
        DateIs("start_date", required=True, doc="On the practice's clock."),
        DateIs("end_date", required=True, doc=f"At most {MOST_DAYS} days after start_date."),
        RefsAre("provider_ids[]", to="users", doc="May be given several times; all unless given."),
        RefsAre(
            "appointment_type_ids[]",
            to="appointment_types",
            doc="May be given several times; all unless given.",
        ),
    ),
    answers=(
        tag("list"),
        Embedded("parameters", READ_ONLY, fields=_PARAMETERS, nullable=False, doc="What was asked for."),
        Text("gmt_timezone_offset", READ_ONLY, nullable=False, doc="From UTC to the practice's clock."),
        Boolean(
            "has_more",
            READ_ONLY,
            nullable=False,
            doc="There are days after parameters.end_date that were asked for: ask for them again. An answer ends "
            f"before the clocks change, and at {vacancies.MOST:,} windows",
        ),
        Embedded("user_availabilies", READ_ONLY, many=True, fields=_OF_USER, nullable=False),
    ),
    example={
        "parameters": {
            "start_date": "2025-03-27",
            "end_date": "2025-03-28",
            "provider_ids": [12],
            "appointment_type_ids": None,
        },
        "gmt_timezone_offset": "-04:00",
        "has_more": False,
        "user_availabilies": [],
    },
)
FUNCTIONS = [availability]
