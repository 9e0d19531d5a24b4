"""Authorizations of insurers in the DrChrono API. Source: reference drchrono/live_only.yaml."""

from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from charthouse.domains.billing.drchrono.types import PAST
from charthouse.domains.billing.models import (
    PatientAuthorization,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Filter, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, REMOVED

patient_authorizations = Resource(
    path="patient_authorizations",
    model=PatientAuthorization,
    doc="Insurers' authorizations for a number of visits of a patient.",
    methods="GET",
    policy=Policy(
        scopes=("patients",), permissions=("Manage Patients",), sharing="share_patients", owner="doctor"
    ),
    rows=Q(archived=False),
    addition=True,
    keys=(
        Key("status", Text(), READ_ONLY),
        Key(
            "patient",
            Text(),
            READ_ONLY,
            source=Expression(lambda: Concat(F("patient__first_name"), Value(" "), F("patient__last_name"))),
            nullable=False,
            deidentified=REMOVED,
            doc="Name.",
        ),
        Key("end_date", Date(), READ_ONLY),
        Key(
            "doctor",
            Text(),
            READ_ONLY,
            source=Expression(lambda: Concat(F("doctor__first_name"), Value(" "), F("doctor__last_name"))),
            nullable=False,
            doc="Name.",
        ),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("number_of_visits", Integer(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("specialty", Text(), READ_ONLY),
        Key("auth_number", Text(), READ_ONLY),
        Key("start_date", Date(), READ_ONLY),
        Key("patient_id", Reference("patients"), READ_ONLY),
        Key(
            "visits_remaining",
            Integer(),
            READ_ONLY,
            source=Expression(lambda: F("number_of_visits") - F("visits_used")),
        ),
        Key("notes", Text(), READ_ONLY),
        Key("doctor_id", Reference("doctors"), READ_ONLY),
        Key(
            "procedure_codes",
            List(
                Object(
                    (
                        Key("price", Text(), READ_ONLY),
                        Key("code", Text(), READ_ONLY),
                        Key("quantity", Text(), READ_ONLY),
                    )
                )
            ),
            READ_ONLY,
            nullable=False,
        ),
        Key("expired", PAST, READ_ONLY, source="end_date", doc="Whether its last day (UTC) has passed."),
        Key("id", Id(), READ_ONLY),
    ),
    filters=(
        Filter("patient", Reference("patients")),
        Filter("doctor", Reference("doctors")),
        Filter("start_date", Date(), OnDay()),
        Filter("end_date", Date(), OnDay()),
        Filter("date_range", Date(), InDays(), source="start_date", doc="Filters by start_date."),
    ),
    example={"status": "Approved", "auth_number": "AUTH001024", "number_of_visits": 12},
)

RESOURCES = [patient_authorizations]
