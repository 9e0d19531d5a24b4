"""Appointments as DrChrono shows them. Source: reference drchrono/resources.yaml, nested.yaml, enums.yaml."""

from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.expressions import Combinable, ExpressionWrapper

from charthouse.domains.patients.codes import PAYMENT_PROFILES
from charthouse.domains.patients.models import Coverage
from charthouse.domains.practice.drchrono.differences import is_live
from charthouse.domains.scheduling import hooks
from charthouse.domains.scheduling.codes import BILLING_STATUSES
from charthouse.domains.scheduling.drchrono.filters import OCCURRED_SINCE
from charthouse.domains.scheduling.drchrono.vitals import vitals
from charthouse.domains.scheduling.expressions import (
    join_array,
    select_extended_updated_at,
    select_instance_key,
)
from charthouse.domains.scheduling.models import (
    APPOINTMENT_STATUSES,
    MAX_DURATION,
    Appointment,
    BillingNote,
    CustomAppointmentFieldValue,
    CustomVitalValue,
    Reminder,
    StatusTransition,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter, Flag, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRow, ChildRows
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text, check_color
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED, WRITE_ONLY
from charthouse.files.types import FileLink


def _test(condition: Q) -> Combinable:
    return ExpressionWrapper(condition, output_field=models.BooleanField())


def _make_coverage_key(name: str, rank: int, column: str) -> Key:
    """Make the key of a column of the patient's present insurance of a rank."""

    def now() -> Combinable:
        rows = Coverage.objects.filter(
            practice=OuterRef("practice_id"), patient=OuterRef("patient_id"), rank=rank, archived=False
        )
        return Subquery(rows.values(column)[:1])

    return Key(name, Text(), READ_ONLY, source=Expression(now))


def _make_codes_key(name: str) -> Key:
    """Make the key of the visit's diagnosis codes."""
    if is_live(f"appointments.{name}"):
        return Key(name, List(Text()), READ_ONLY)
    return Key(name, Text(), READ_ONLY, source=Expression(lambda: join_array(name, ", ")), nullable=False)


def _select_locked_note() -> Combinable:
    return Case(When(locked_at__isnull=False, then=F("id")))


_LINES = Text(multiline=True)

appointments = Resource(
    path="appointments",
    model=Appointment,
    doc="Visits and breaks on doctors' calendars. An appointment that overlaps another returns 409.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("calendar", "clinical"),
        permissions=("Access Billing", "Show Billing Tab", "Access Clinical Notes"),
        sharing="share_patients",
        owner="doctor",
    ),
    keys=(
        Key("doctor", Reference("doctors"), REQUIRED),
        Key(
            "duration",
            Integer(minimum=1, maximum=MAX_DURATION),
            REQUIRED,
            required_unless="profile",
            doc="Minutes.",
        ),
        Key(
            "exam_room",
            Integer(minimum=0, maximum=32767),
            REQUIRED,
            example=1,
            doc="Index of an exam room in the office; 0 for a break without a room.",
        ),
        Key("office", Reference("offices"), REQUIRED),
        Key("patient", Reference("patients"), REQUIRED, nullable=True, doc="Null makes it a break."),
        Key(
            "scheduled_time",
            Timestamp(zone=Appointment.ZONE),
            REQUIRED,
            doc="Local time of the office's doctor.",
        ),
        Key("color", Text(check=check_color)),
        Key(
            "custom_vitals",
            List(Object((Key("vital_type", Reference("custom_vitals"), REQUIRED), Key("value", _LINES)))),
            OPTIONAL,
            source=ChildRows(CustomVitalValue, link="appointment", match_by="vital_type"),
            verbose=True,
            doc="Values of custom vitals, merged by vital_type.",
        ),
        Key("notes", _LINES),
        Key(
            "profile",
            Reference("appointment_profiles"),
            doc="Sets the color, duration, and reason of a new appointment.",
        ),
        Key("reason", _LINES, default=""),
        Key(
            "reminder_profile",
            Reference("reminder_profiles"),
            WRITE_ONLY,
            source=UNSTORED,
            doc="Reminders to create; refused if the appointment already has reminders.",
        ),
        Key(
            "status",
            Text(choices=APPOINTMENT_STATUSES, open=True),
            default="",
            doc="Custom statuses are allowed.",
        ),
        Key(
            "status_transitions",
            List(
                Object(
                    (
                        Key("appointment", Id(as_text=True), READ_ONLY, source="appointment_id"),
                        Key("datetime", Timestamp(), READ_ONLY, source="changed_at"),
                        Key("from_status", Text(), READ_ONLY),
                        Key("to_status", Text(), READ_ONLY),
                        Key("reason", Text(), READ_ONLY, addition=True, doc="Why, if the server did it."),
                    )
                )
            ),
            READ_ONLY,
            source=ChildRows(StatusTransition, link="appointment", order=("changed_at", "id")),
            verbose=True,
        ),
        vitals,
        Key("supervising_provider", Reference("doctors")),
        Key("billing_status", Text(choices=BILLING_STATUSES, open=True), doc="Custom values are allowed."),
        Key("billing_provider", Reference("doctors")),
        Key(
            "billing_notes",
            List(
                Object(
                    (
                        Key("id", Id(), READ_ONLY),
                        Key("appointment", Reference("appointments"), READ_ONLY),
                        Key("text", Text(), READ_ONLY),
                        Key("created_at", Timestamp(), READ_ONLY),
                        Key("created_by", Text(), READ_ONLY, source="created_by__username", doc="Username."),
                    )
                )
            ),
            READ_ONLY,
            source=ChildRows(BillingNote, link="appointment"),
        ),
        Key(
            "clinical_note",
            Object(
                (
                    Key(
                        "locked",
                        Boolean(),
                        READ_ONLY,
                        source=Expression(lambda: _test(Q(locked_at__isnull=False))),
                        nullable=False,
                        doc="Signed, and can't be changed.",
                    ),
                    Key(
                        "pdf",
                        FileLink("notes"),
                        READ_ONLY,
                        source=Expression(_select_locked_note),
                        doc="Null if it isn't locked.",
                    ),
                    Key("updated_at", Timestamp(), READ_ONLY),
                )
            ),
            READ_ONLY,
            source=ChildRow("clinical.ClinicalNote", link="appointment"),
            verbose=True,
            doc="Null for a break.",
        ),
        _make_codes_key("icd10_codes"),
        _make_codes_key("icd9_codes"),
        Key("id", Id(as_text=True), READ_ONLY),
        Key(
            "reminders",
            List(
                Object(
                    (
                        Key("id", Id(), READ_ONLY),
                        Key("scheduled_time", Timestamp(zone=f"appointment__{Appointment.ZONE}"), READ_ONLY),
                        Key("type", Text(choices=Reminder.Type.values), READ_ONLY),
                    )
                )
            ),
            READ_ONLY,
            source=ChildRows(Reminder, link="appointment"),
            verbose=True,
        ),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("first_billed_date", Timestamp(), READ_ONLY),
        Key("last_billed_date", Timestamp(), READ_ONLY),
        Key("deleted_flag", Boolean(), READ_ONLY, source="archived"),
        _make_coverage_key("primary_insurer_payer_id", 1, "insurance_payer_id"),
        _make_coverage_key("primary_insurer_name", 1, "insurance_company"),
        _make_coverage_key("primary_insurance_id_number", 1, "insurance_id_number"),
        _make_coverage_key("secondary_insurer_payer_id", 2, "insurance_payer_id"),
        _make_coverage_key("secondary_insurer_name", 2, "insurance_company"),
        _make_coverage_key("secondary_insurance_id_number", 2, "insurance_id_number"),
        Key("allow_overlapping", Boolean(), default=False, doc="True: it may overlap others."),
        Key(
            "appt_is_break",
            Boolean(),
            READ_ONLY,
            source=Expression(lambda: _test(Q(patient__isnull=True))),
            nullable=False,
        ),
        Key("cloned_from", Reference("appointments"), READ_ONLY),
        Key(
            "extended_updated_at",
            Timestamp(),
            READ_ONLY,
            source=Expression(select_extended_updated_at),
            verbose=True,
            nullable=False,
        ),
        Key(
            "recurring_appointment",
            Boolean(),
            READ_ONLY,
            source=Expression(
                lambda: _test(Q(recur_end_date__isnull=False) | Q(base_recurring_appointment__isnull=False))
            ),
            nullable=False,
        ),
        Key(
            "base_recurring_appointment",
            Reference("appointments"),
            READ_ONLY,
            doc="The first appointment of the series; null for the first one itself.",
        ),
        Key("is_walk_in", Boolean(), default=False),
        Key(
            "is_virtual_base",
            Boolean(),
            READ_ONLY,
            doc="Holds the pattern of a series and is not a visit.",
        ),
        Key(
            "custom_fields",
            List(
                Object(
                    (
                        Key("field_type", Reference("custom_appointment_fields"), REQUIRED),
                        Key("field_value", _LINES),
                        Key("created_at", Timestamp(), READ_ONLY),
                        Key("updated_at", Timestamp(), READ_ONLY),
                    )
                )
            ),
            OPTIONAL,
            source=ChildRows(CustomAppointmentFieldValue, link="appointment", match_by="field_type"),
            doc="Values of custom appointment fields, merged by field_type.",
        ),
        Key(
            "recur_start_date",
            Date(),
            keep_on_put=True,
            addition=True,
            doc="Default: the date of the appointment.",
        ),
        Key(
            "recur_end_date",
            Date(),
            keep_on_put=True,
            addition=True,
            doc="Last day of the series, at most two years.",
        ),
        Key(
            "recurs_every",
            Integer(minimum=1, maximum=52),
            keep_on_put=True,
            addition=True,
            doc="Weeks; default 1.",
        ),
        Key(
            "recurring_days",
            List(Integer(minimum=0, maximum=6), commas=True, max_items=7),
            keep_on_put=True,
            addition=True,
            doc="0 Monday to 6 Sunday; default: the appointment's own day of the week.",
        ),
        Key("created_by", Reference("users"), READ_ONLY, addition=True),
        Key("ins1_status", Text(), READ_ONLY, addition=True),
        Key("ins2_status", Text(), READ_ONLY, addition=True),
        Key("first_edi_date", Timestamp(), READ_ONLY, addition=True),
        Key("last_edi_date", Timestamp(), READ_ONLY, addition=True),
        Key(
            "payment_profile",
            Text(choices=PAYMENT_PROFILES),
            keep_on_put=True,
            addition=True,
            doc="Who pays for this visit; empty: see the patient's profile.",
        ),
        Key(
            "custom_status",
            Text(max_length=100),
            keep_on_put=True,
            addition=True,
            doc="The practice's own status, in addition to status.",
        ),
        Key(
            "resubmit_claim_original_id",
            Integer(minimum=1, maximum=2**63 - 1),
            keep_on_put=True,
            addition=True,
            doc="The payer's number of the claim that this visit's claim replaces.",
        ),
        Key(
            "recurrence_instance_key",
            Text(),
            READ_ONLY,
            source=Expression(select_instance_key),
            addition=True,
            doc="Identifies a visit of a series, even if moved: first visit's id, a hyphen, its own id.",
        ),
    ),
    filters=(
        Filter("date", Date(), OnDay(Appointment.ZONE), source="scheduled_time"),
        Filter(
            "date_range",
            Date(),
            InDays(Appointment.ZONE),
            source="scheduled_time",
            doc="At most 190 days, unless all days are in the past.",
        ),
        Filter("doctor", Reference("doctors")),
        Filter("office", Reference("offices")),
        Filter("patient", Reference("patients")),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        OCCURRED_SINCE,
        Filter("status"),
        Flag("show_archived", doc="Includes deleted appointments."),
        Flag(
            "ignore_virtual",
            addition=True,
            condition=lambda: Q(is_virtual_base=False),
            doc="Excludes virtual bases of series.",
        ),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    one_of=(("since", "date", "date_range", "occurred_since"),),
    checks=(
        hooks.fill_from_profile,
        hooks.book,
        hooks.refuse_second_reminders,
        hooks.check_custom_vitals,
    ),
    after=(hooks.finish_booking,),
    events=plain_events("APPOINTMENT_CREATE", "APPOINTMENT_MODIFY", "APPOINTMENT_DELETE"),
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

RESOURCES = [appointments]
