"""Appointments as DrChrono shows them. Facts: reference drchrono/resources.yaml, nested.yaml, enums.yaml."""

from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.expressions import Combinable, ExpressionWrapper, Func
from django.db.models.functions import Coalesce, Greatest

from charthouse.domains.patients.codes import PAYMENT_PROFILES
from charthouse.domains.patients.models import Coverage
from charthouse.domains.scheduling import actions, drchrono_additions, drchrono_settings
from charthouse.domains.scheduling.availability import availability
from charthouse.domains.scheduling.drchrono_vitals import vitals
from charthouse.domains.scheduling.models import (
    LONGEST,
    STATUSES,
    Appointment,
    BillingNote,
    CustomAppointmentFieldValue,
    CustomVitalValue,
    Reminder,
    StatusTransition,
    Vitals,
)
from charthouse.domains.scheduling.occurred import OccurredSince
from charthouse.files.fields import Made
from charthouse.resource import sql
from charthouse.resource.declare import Hidden, Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    WRITE_ONLY,
    Boolean,
    Color,
    Id,
    Integer,
    ListOf,
    Ref,
    Text,
)
from charthouse.resource.filters import DateIs, DateRange, Flag, Is, RefIs, Since
from charthouse.resource.nested import Many, One
from charthouse.resource.times import Date, Timestamp, WallClock

BILLING_STATUSES = (
    "Auto Accident Claim",
    "Balance Due",
    "Bill Insurance",
    "Bill Secondary Insurance",
    "Durable Medical Equipment Claim",
    "Internal Review",
    "Paid In Full",
    "Settled",
    "Worker's Comp Claim",
)


class _Joined(Func):
    """The texts of an array in one."""

    template = "array_to_string(%(expressions)s, ', ')"
    output_field = models.TextField()


def _is(condition: Q) -> Combinable:
    return ExpressionWrapper(condition, output_field=models.BooleanField())


def _coverage(name: str, rank: int, column: str) -> Text:
    """A text of the patient's insurance of this rank, as it is now."""

    def now() -> Combinable:
        rows = Coverage.objects.filter(
            practice=OuterRef("practice_id"), patient=OuterRef("patient_id"), rank=rank, archived=False
        )
        return Subquery(rows.values(column)[:1])

    return Text(name, READ_ONLY, computed=now)


def _extended_updated_at() -> Combinable:
    """Of the appointment, its vitals and its custom vitals, when the last was written."""

    def last(model: type[models.Model]) -> Combinable:
        rows = model._default_manager.filter(practice=OuterRef("practice_id"), appointment=OuterRef("pk"))
        return Subquery(rows.order_by("-updated_at").values("updated_at")[:1])

    return sql.WallClock(Greatest(F("updated_at"), last(Vitals), last(CustomVitalValue)), "UTC")


class _InstanceKey(Func):
    template = "(%(expressions)s)::text"
    arg_joiner = "::text || '-' || "
    output_field = models.TextField()


def _instance_key() -> Combinable:
    first = Case(When(recur_end_date__isnull=False, then=F("id")), default=F("base_recurring_appointment_id"))
    return Coalesce(_InstanceKey(first, F("id")), sql.constant(""))


def _locked_note() -> Combinable:
    return Case(When(locked_at__isnull=False, then=F("id")))


appointments = Resource(
    path="appointments",
    model=Appointment,
    doc="Visits and breaks on the doctors' calendars; one that overlaps with another is refused with 409.",
    methods="GET POST PUT PATCH DELETE",
    scopes=("calendar", "clinical"),
    permissions=("Access Billing", "Show Billing Tab", "Access Clinical Notes"),
    sharing="share_patients",
    owner="doctor",
    fields=(
        Ref("doctor", REQUIRED, to="doctors"),
        Integer("duration", REQUIRED, required_unless="profile", minimum=1, maximum=LONGEST, doc="Minutes."),
        Integer(
            "exam_room", REQUIRED, minimum=0, maximum=32767, example=1, doc="Index of a room of the office."
        ),
        Ref("office", REQUIRED, to="offices"),
        Ref("patient", REQUIRED, to="patients", nullable=True, doc="Null makes it a break."),
        WallClock(
            "scheduled_time", REQUIRED, zone=Appointment.ZONE, doc="Wall clock of the office's doctor."
        ),
        Color("color"),
        Many(
            "custom_vitals",
            OPTIONAL,
            to=CustomVitalValue,
            link="appointment",
            key="vital_type",
            verbose=True,
            doc="Values of custom vitals, merged by vital_type.",
            fields=(Ref("vital_type", REQUIRED, to="custom_vitals"), Text("value")),
        ),
        Text("notes"),
        Ref("profile", to="appointment_profiles", doc="Gives a new appointment color, duration and reason."),
        Text("reason", default=""),
        Ref(
            "reminder_profile",
            WRITE_ONLY,
            to="reminder_profiles",
            stored=False,
            doc="Reminders to make; refused when the appointment has some.",
        ),
        Text("status", choices=STATUSES, open=True, default="", doc="Custom statuses are possible."),
        Many(
            "status_transitions",
            READ_ONLY,
            to=StatusTransition,
            link="appointment",
            order=("changed_at", "id"),
            verbose=True,
            fields=(
                Id("appointment", source="appointment_id", as_text=True),
                Timestamp("datetime", READ_ONLY, source="changed_at"),
                Text("from_status", READ_ONLY),
                Text("to_status", READ_ONLY),
            ),
        ),
        vitals,
        Ref("supervising_provider", to="doctors"),
        Text("billing_status", choices=BILLING_STATUSES, open=True, doc="Custom ones are possible."),
        Ref("billing_provider", to="doctors"),
        Many(
            "billing_notes",
            READ_ONLY,
            to=BillingNote,
            link="appointment",
            fields=(
                Id("id"),
                Ref("appointment", READ_ONLY, to="appointments"),
                Text("text", READ_ONLY),
                Timestamp("created_at", READ_ONLY),
                Text("created_by", READ_ONLY, source="created_by__username", doc="User name."),
            ),
        ),
        One(
            "clinical_note",
            READ_ONLY,
            to="clinical.ClinicalNote",
            link="appointment",
            verbose=True,
            fields=(
                Boolean(
                    "locked",
                    READ_ONLY,
                    nullable=False,
                    computed=lambda: _is(Q(locked_at__isnull=False)),
                    doc="Signed: it can't be changed.",
                ),
                Made(
                    "pdf", READ_ONLY, under="notes", computed=_locked_note, doc="Null while it isn't locked."
                ),
                Timestamp("updated_at", READ_ONLY),
            ),
            doc="Null for a break.",
        ),
        Text("icd10_codes", READ_ONLY, computed=lambda: _Joined(F("icd10_codes")), nullable=False),
        Text("icd9_codes", READ_ONLY, computed=lambda: _Joined(F("icd9_codes")), nullable=False),
        Id("id", as_text=True),
        Many(
            "reminders",
            READ_ONLY,
            to=Reminder,
            link="appointment",
            verbose=True,
            fields=(
                Id("id"),
                WallClock("scheduled_time", READ_ONLY, zone=f"appointment__{Appointment.ZONE}"),
                Text("type", READ_ONLY, choices=Reminder.Type.values),
            ),
        ),
        Timestamp("created_at", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
        Timestamp("first_billed_date", READ_ONLY),
        Timestamp("last_billed_date", READ_ONLY),
        Boolean("deleted_flag", READ_ONLY, source="archived"),
        _coverage("primary_insurer_payer_id", 1, "insurance_payer_id"),
        _coverage("primary_insurer_name", 1, "insurance_company"),
        _coverage("primary_insurance_id_number", 1, "insurance_id_number"),
        _coverage("secondary_insurer_payer_id", 2, "insurance_payer_id"),
        _coverage("secondary_insurer_name", 2, "insurance_company"),
        _coverage("secondary_insurance_id_number", 2, "insurance_id_number"),
        Boolean("allow_overlapping", default=False, doc="True: not refused when it overlaps."),
        Boolean("appt_is_break", READ_ONLY, computed=lambda: _is(Q(patient__isnull=True)), nullable=False),
        Ref("cloned_from", READ_ONLY, to="appointments"),
        Timestamp(
            "extended_updated_at", READ_ONLY, verbose=True, computed=_extended_updated_at, nullable=False
        ),
        Boolean(
            "recurring_appointment",
            READ_ONLY,
            computed=lambda: _is(
                Q(recur_end_date__isnull=False) | Q(base_recurring_appointment__isnull=False)
            ),
            nullable=False,
        ),
        Ref(
            "base_recurring_appointment",
            READ_ONLY,
            to="appointments",
            doc="The first of the series; null for that one itself.",
        ),
        Boolean("is_walk_in", default=False),
        Boolean("is_virtual_base", READ_ONLY, doc="Holds the pattern of a series without being a visit."),
        Many(
            "custom_fields",
            OPTIONAL,
            to=CustomAppointmentFieldValue,
            link="appointment",
            key="field_type",
            doc="Values of custom appointment fields, merged by field_type.",
            fields=(
                Ref("field_type", REQUIRED, to="custom_appointment_fields"),
                Text("field_value"),
                Timestamp("created_at", READ_ONLY),
                Timestamp("updated_at", READ_ONLY),
            ),
        ),
        Date("recur_start_date", kept=True, addition=True, doc="Default: the day of the appointment."),
        Date("recur_end_date", kept=True, addition=True, doc="Last day of a series, two years at most."),
        Integer("recurs_every", kept=True, minimum=1, maximum=52, addition=True, doc="Weeks; default 1."),
        ListOf(
            "recurring_days",
            item=Integer("day", minimum=0, maximum=6),
            commas=True,
            at_most=7,
            kept=True,
            addition=True,
            doc="0 Monday to 6 Sunday; default: the appointment's own day.",
        ),
        Ref("created_by", READ_ONLY, to="users", addition=True),
        Text("ins1_status", READ_ONLY, addition=True),
        Text("ins2_status", READ_ONLY, addition=True),
        Timestamp("first_edi_date", READ_ONLY, addition=True),
        Timestamp("last_edi_date", READ_ONLY, addition=True),
        Text(
            "payment_profile",
            choices=PAYMENT_PROFILES,
            kept=True,
            addition=True,
            doc="Who pays for this visit; empty: as the patient's own profile says.",
        ),
        Text(
            "custom_status",
            kept=True,
            addition=True,
            max_length=100,
            doc="A status of the practice's own beside status.",
        ),
        Integer(
            "resubmit_claim_original_id",
            kept=True,
            addition=True,
            minimum=1,
            maximum=2**63 - 1,
            doc="The claim that this visit's claim replaces, by the payer's number.",
        ),
        Text(
            "recurrence_instance_key",
            READ_ONLY,
            addition=True,
            computed=_instance_key,
            doc="Names a visit of a series, wherever it is moved: id of the first, a hyphen, its own id.",
        ),
    ),
    filters=(
        DateIs("date", source="scheduled_time", zone=Appointment.ZONE),
        DateRange(
            "date_range",
            source="scheduled_time",
            zone=Appointment.ZONE,
            doc="At most 190 days, unless all of them have passed.",
        ),
        RefIs("doctor", to="doctors"),
        RefIs("office", to="offices"),
        RefIs("patient", to="patients"),
        Since("since"),
        OccurredSince("occurred_since", addition=True, doc="Scheduled at or after, and not after now."),
        Is("status"),
        Flag("show_archived", doc="Adds deleted appointments."),
        Flag(
            "ignore_virtual",
            addition=True,
            matches=lambda: Q(is_virtual_base=False),
            doc="Leaves out virtual bases of series.",
        ),
    ),
    hidden=Hidden(Q(archived=True), unless="show_archived"),
    one_of=(("since", "date", "date_range", "occurred_since"),),
    checks=(
        actions.fill_from_profile,
        actions.book,
        actions.fresh_reminders_only,
        actions.fitting_vitals,
    ),
    after=(actions.booked,),
    events=plain("APPOINTMENT_CREATE", "APPOINTMENT_MODIFY", "APPOINTMENT_DELETE"),
    example={
        "doctor": 1,
        "office": 2,
        "exam_room": 1,
        "patient": 12,
        "scheduled_time": "2026-03-02T09:30:00",
        "duration": 30,
        "reason": "Annual physical",
    },
)

RESOURCES = [appointments, *drchrono_settings.RESOURCES, *drchrono_additions.RESOURCES]
FUNCTIONS = [availability]
