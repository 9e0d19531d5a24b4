"""``GET /appointments/availability``: when providers can be booked for which type of visit. Source: reference
cerbo/operations.yaml, objects.yaml (availability_response); docs/decisions/0290-availability-of-cerbo.md"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model

from charthouse.domains.practice.cerbo.keys import make_object_key
from charthouse.domains.practice.cerbo.users import USER_KEYS
from charthouse.domains.practice.models import Doctor
from charthouse.domains.scheduling import bookable_windows
from charthouse.domains.scheduling.bookable_windows import VisitType
from charthouse.domains.scheduling.cerbo.appointment_types import MESSAGE_KEYS, RECORD_KEYS, TYPE_KEYS
from charthouse.domains.scheduling.models import MAX_DURATION, AppointmentProfile
from charthouse.domains.scheduling.providers import find_first_doctor
from charthouse.domains.scheduling.timeline import Interval
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Condition, Filter, OnDay
from charthouse.engine.declaration.json_schema import list_of
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, InvalidValue, parse_each
from charthouse.engine.errors import Invalid, Malformed
from charthouse.engine.execution import reading

User = get_user_model()

MAX_DAYS = 90
MAX_IDS = 100  # of each filter
MAX_PAIRS = 2000  # pairs of a provider and a type


def find_availability(call: Call) -> dict[str, Any]:
    """Find the windows of a call. Raises Invalid for impossible days, Malformed where there are too many windows."""
    first, last = _read_days(call)
    providers, kinds = call.parameters.get("provider_ids[]"), call.parameters.get("appointment_type_ids[]")
    practice = call.actor.practice
    doctors = _list_doctors(practice, providers)
    pairs = _make_pairs(doctors, _list_types(practice, kinds))
    if len(pairs) > MAX_PAIRS:
        raise Malformed(f"More than {MAX_PAIRS} providers and types: ask for some of them.")
    wanted = list(dict.fromkeys((doctors[user], kind) for user, kind in pairs))
    zone = _find_time_zone(practice)
    found = bookable_windows.find_windows(practice, zone, wanted, first, last)
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
        "gmt_timezone_offset": _format_offset(found.offset),
        "has_more": found.last < last,
        "user_availabilies": _render(call, doctors, pairs, found, ZoneInfo(zone)),
    }


def _read_days(call: Call) -> tuple[date, date]:
    """Return the first and last day that the caller asks for. Raises Invalid."""
    first, last = call.parameters["start_date_first"], call.parameters["end_date_first"]
    wrong = {
        name: ["Appointments are in the years 2000 to 2099."]
        for name, day in (("start_date", first), ("end_date", last))
        if not 2000 <= day.year <= 2099
    }
    if not wrong and last < first:
        wrong["end_date"] = ["It must not be before start_date."]
    if not wrong and last - first > timedelta(days=MAX_DAYS):
        wrong["end_date"] = [f"At most {MAX_DAYS} days after start_date."]
    if wrong:
        raise Invalid(wrong)
    return first, last


def _find_time_zone(practice: int) -> str:
    """Return the zone of the practice: that of its primary user's doctor, or of its first doctor."""
    zones = Doctor.objects.filter(practice=practice, pk=find_first_doctor(practice) or 0)
    return zones.values_list("timezone", flat=True).first() or "UTC"


def _list_doctors(practice: int, providers: Sequence[int] | None) -> dict[int, int]:
    """Map users who can be booked to their doctors: all, or these users."""
    rows = User._default_manager.filter(
        practice=practice, role="doctor", is_active=True, doctor_id__isnull=False
    )
    if providers is not None:
        rows = rows.filter(pk__in=providers)
    found = rows.order_by("pk").values_list("pk", "doctor_id")[: MAX_PAIRS + 1]
    return {user: doctor for user, doctor in found if doctor is not None}


def _list_types(practice: int, kinds: Sequence[int] | None) -> list[AppointmentProfile]:
    rows = AppointmentProfile.objects.filter(practice=practice, archived=False)
    if kinds is not None:
        rows = rows.filter(pk__in=kinds)
    return list(rows.order_by("sort_order", "pk")[: MAX_PAIRS + 1])


def _make_pairs(doctors: dict[int, int], types: Iterable[AppointmentProfile]) -> list[tuple[int, VisitType]]:
    """Pair each user with each type that they can be booked for."""
    kinds = [(VisitType.of(profile), profile) for profile in types]
    return [
        (user, kind)
        for user, doctor in doctors.items()
        for kind, profile in kinds
        if profile.is_offered_by(user, doctor)
    ]


def _render(
    call: Call,
    doctors: dict[int, int],
    pairs: Sequence[tuple[int, VisitType]],
    found: bookable_windows.SearchResult,
    zone: ZoneInfo,
) -> list[dict[str, Any]]:
    users, kinds = _read_details(call, "users", pairs, 0), _read_details(call, "appointment_types", pairs, 1)
    by_user: dict[int, list[dict[str, Any]]] = {}
    for user, kind in pairs:
        if user in users and kind.id in kinds:
            windows = found.windows[doctors[user], kind.id]
            by_user.setdefault(user, []).append(
                {
                    "appointment_type_id": kind.id,
                    "appointment_type_details": kinds[kind.id],
                    "available_windows": [_render_window(window, zone) for window in windows],
                }
            )
    return [
        {"provider_id": user, "provider_details": users[user], "availability_by_type": of_types}
        for user, of_types in by_user.items()
    ]


def _read_details(call: Call, path: str, pairs: Sequence[Any], at: int) -> dict[int, Any]:
    """Read the objects that pairs name, as their resource shows them."""
    ids = sorted({getattr(pair[at], "id", pair[at]) for pair in pairs})
    return reading.read_by_id(call.operation.registry[path], call.actor, ids, verbose=True)


def _render_window(window: Interval, zone: ZoneInfo) -> dict[str, Any]:
    begins, ends = (datetime.fromtimestamp(seconds, zone) for seconds in window)
    offset = begins.utcoffset() or timedelta(0)
    return {
        "window_start": f"{begins:%Y-%m-%d %H:%M:%S}",
        "window_end": f"{ends:%Y-%m-%d %H:%M:%S}",
        "minutes_available_at_this_time": min((window[1] - window[0]) // 60, MAX_DURATION),
        "gmt_timezone_offset": _format_offset(int(offset.total_seconds())),
    }


def _format_offset(seconds: int) -> str:
    hours, rest = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{rest:02}"


_WINDOW_KEYS = (
    Key(
        "window_start", Timestamp(spaced=True), READ_ONLY, nullable=False, doc="In the practice's time zone."
    ),
    Key(
        "window_end",
        Timestamp(spaced=True),
        READ_ONLY,
        nullable=False,
        doc="End of the provider's free time or working hours.",
    ),
    Key(
        "minutes_available_at_this_time",
        Integer(),
        READ_ONLY,
        nullable=False,
        doc="Maximum length of a visit that starts then; at least the type's length.",
    ),
    Key(
        "gmt_timezone_offset",
        Text(),
        READ_ONLY,
        nullable=False,
        addition=True,
        doc=(
            "Offset from UTC to the practice's time zone at the start of the window; changes with "
            "daylight saving time."
        ),
    ),
)
_TYPE_KEYS = (
    Key("appointment_type_id", Integer(), READ_ONLY, nullable=False),
    Key(
        "appointment_type_details",
        Object((*TYPE_KEYS, *MESSAGE_KEYS, *RECORD_KEYS)),
        READ_ONLY,
        nullable=False,
    ),
    Key("available_windows", List(Object(_WINDOW_KEYS)), READ_ONLY, nullable=False),
)
_USER_KEYS = (
    Key("provider_id", Integer(), READ_ONLY, nullable=False, doc="A user id."),
    Key("provider_details", Object(USER_KEYS), READ_ONLY, nullable=False),
    Key("availability_by_type", List(Object(_TYPE_KEYS)), READ_ONLY, nullable=False),
)
_PARAMETER_KEYS = (
    Key("start_date", Date(), READ_ONLY, nullable=False),
    Key("end_date", Date(), READ_ONLY, nullable=False, doc="The last day that the response covers."),
    Key("provider_ids", List(Integer()), READ_ONLY),
    Key("appointment_type_ids", List(Integer()), READ_ONLY),
)


def _make_ids_filter(name: str, to: str) -> Filter:
    """Make the filter of ids of a resource, one by one."""

    def read(text: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        texts = text if isinstance(text, list) else [text]
        if len(texts) > MAX_IDS:
            raise InvalidValue(f"Give at most {MAX_IDS} ids.")
        return {name: parse_each(texts, Reference(to).parse_parameter)}

    return Condition(
        name,
        type=Reference(to),
        read=read,
        described=list_of({"type": "integer"}),
        repeated=True,
        doc="Can be repeated; default: all.",
    )


availability = Operation(
    path="appointments/availability",
    doc=(
        "Free time of providers for each type of visit: their hours minus existing appointments, "
        "if a room is available. Each window is as long as possible; visits can start at any time "
        "in it."
    ),
    run=find_availability,
    policy=Policy(scopes=("appointment_availability",), permissions=()),
    filters=(
        Filter("start_date", Date(), OnDay(), required=True, doc="In the practice's time zone."),
        Filter("end_date", Date(), OnDay(), required=True, doc=f"At most {MAX_DAYS} days after start_date."),
        _make_ids_filter("provider_ids[]", "users"),
        _make_ids_filter("appointment_type_ids[]", "appointment_types"),
    ),
    answer=(
        make_object_key("list"),
        Key(
            "parameters", Object(_PARAMETER_KEYS), READ_ONLY, nullable=False, doc="The request's parameters."
        ),
        Key(
            "gmt_timezone_offset",
            Text(),
            READ_ONLY,
            nullable=False,
            doc="Offset from UTC to the practice's time zone on the first day.",
        ),
        Key(
            "has_more",
            Boolean(),
            READ_ONLY,
            nullable=False,
            doc="True if days after parameters.end_date were requested: request them separately. A response is "
            f"limited to {bookable_windows.MAX_WINDOWS:,} windows.",
        ),
        Key("user_availabilies", List(Object(_USER_KEYS)), READ_ONLY, nullable=False),
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

OPERATIONS = [availability]
