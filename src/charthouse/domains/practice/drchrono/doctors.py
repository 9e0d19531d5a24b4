"""Doctors and their settings as DrChrono shows them. Source: reference drchrono/resources.yaml, live_only.yaml."""

from django.db.models import Q

from charthouse.domains.practice.drchrono import iframe_integration
from charthouse.domains.practice.drchrono.work_schedules import make_schedule_key
from charthouse.domains.practice.models import Doctor, DoctorOptions, DoctorWorkSchedule
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.files.types import File

doctors = Resource(
    path="doctors",
    model=Doctor,
    doc="Doctors of the practice group.",
    methods="GET",
    policy=Policy(scopes=("user",), permissions=(), sharing=ALWAYS, owner=None),
    referable=Q(archived=False, is_account_suspended=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("first_name", Text(), READ_ONLY),
        Key("last_name", Text(), READ_ONLY),
        Key("suffix", Text(), READ_ONLY),
        Key("specialty", Text(), READ_ONLY),
        Key("job_title", Text(), READ_ONLY),
        Key("email", Text(), READ_ONLY),
        Key("cell_phone", Text(), READ_ONLY),
        Key("home_phone", Text(), READ_ONLY),
        Key("office_phone", Text(), READ_ONLY),
        Key("npi_number", Text(), READ_ONLY, doc="Preferred over group_npi_number."),
        Key("group_npi_number", Text(), READ_ONLY),
        Key("website", Text(), READ_ONLY),
        Key("country", Text(), READ_ONLY, doc="ISO 3166-1 alpha-2."),
        Key(
            "timezone",
            Text(),
            READ_ONLY,
            doc="Time zone of the doctor's appointments.",
        ),
        Key("profile_picture", File(), READ_ONLY, doc="A link that is valid for an hour.", keep_on_put=True),
        Key("practice_group", Integer(), READ_ONLY, source="practice_id"),
        Key("practice_group_name", Text(), READ_ONLY, source="practice__name"),
        Key("is_account_suspended", Boolean(), READ_ONLY),
        make_schedule_key("doctor_work_schedule", DoctorWorkSchedule, "doctor"),
    ),
    filters=(Filter("doctor", Reference("doctors"), source="id", addition=True),),
    example={"first_name": "Amara", "last_name": "Okafor", "specialty": "Family Practitioner"},
)


doctor_options = Resource(
    path="doctor_options",
    model=DoctorOptions,
    doc="Each doctor's settings.",
    methods="GET",
    policy=Policy(scopes=("user",), permissions=(), sharing=ALWAYS, owner="doctor"),
    addition=True,
    rows=Q(archived=False),
    keys=(
        Key("default_supervising_provider", Reference("doctors"), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("patient_statement_office", Reference("offices"), READ_ONLY),
        Key("allowed_payment_methods", List(Text()), READ_ONLY),
        Key("default_report", Integer(), READ_ONLY),
        Key("default_billing_provider", Reference("doctors"), READ_ONLY),
        Key("default_reminder_profile", Reference("reminder_profiles"), READ_ONLY),
        Key("enable_everhealth_scribe", Boolean(), READ_ONLY),
        Key("office_for_lab_results", Reference("offices"), READ_ONLY),
        Key("erx_supervising_providers", List(Integer(maximum=2**63 - 1)), READ_ONLY),
        Key(
            "iframe_apps",
            List(Text()),
            READ_ONLY,
            source=Expression(iframe_integration.select_app_names),
            nullable=False,
            doc="Names of the apps embedded in the pages of the doctor's patients; see iframe_integration.",
        ),
        Key("id", Id(), READ_ONLY),
    ),
    filters=(Filter("doctor", Reference("doctors")),),
    example={"doctor": 1, "allowed_payment_methods": ["Cash", "Check"]},
)

RESOURCES = [doctors, doctor_options]
