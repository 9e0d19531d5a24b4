"""Patients and the search for them as Cerbo shows them. Source: reference cerbo/operations.yaml."""

from django.db import models
from django.db.models import Exists, Q

from charthouse.domains.patients import deletion, portal_credentials
from charthouse.domains.patients.cerbo import hooks
from charthouse.domains.patients.cerbo.keys import PATIENT_KEYS, check_time_zone, select_portal_access
from charthouse.domains.patients.hooks import check_life
from charthouse.domains.patients.merges import find_kept
from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.search_filters import EmailLike, NameLike, PhoneLike
from charthouse.domains.practice.cerbo.keys import PAGES, make_policy
from charthouse.engine.declaration.contact_types import PersonName
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Condition, Filter, Flag, OnDay
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import parse_text
from charthouse.engine.sql.expressions import BoundParameter

_EXAMPLE = {
    "first_name": "Amara",
    "last_name": "Okafor",
    "dob": "1987-04-12",
    "sex": "F",
    "email1": "amara@example.com",
}

patients = Resource(
    path="patients",
    model=Patient,
    doc="The practice's patients.",
    methods="GET POST PATCH DELETE",
    policy=make_policy("patients"),
    page_size=PAGES,
    rows=Q(archived=False),
    find_merged=find_kept,
    keys=PATIENT_KEYS,
    filters=(
        Flag(
            "status",
            on_for="any",
            condition=lambda: Q(patient_status="A"),
            doc="Any value: only active patients.",
        ),
    ),
    checks=(
        check_life,
        hooks.refuse_open_notes,
        deletion.announce_deletion,
        hooks.set_status,
        hooks.set_provider,
        hooks.refuse_duplicate,
        hooks.number_chart,
    ),
    events=plain_events("patient.created", "patient.modified", "patient.deleted", own="create modify delete"),
    example=_EXAMPLE,
)

found_patients = Resource(
    path="patients/search",
    model=Patient,
    doc=(
        "Patients by name, email, phone, birthday, portal name, or time zone; with several, "
        "patients who match all of them."
    ),
    methods="GET",
    policy=make_policy("patients"),
    reads=False,
    page_size=PAGES,
    rows=Q(archived=False),
    keys=tuple(PATIENT_KEYS),
    filters=(
        Filter(
            "last_name",
            PersonName(),
            NameLike(),
            source="last_name_folded",
            doc="% matches any text.",
        ),
        Filter(
            "first_name",
            PersonName(),
            NameLike(),
            source="first_name_folded",
            doc="% matches any text.",
        ),
        Filter(
            "email",
            Text(),
            EmailLike(),
            doc="% matches any text.",
        ),
        Filter(
            "phone",
            Text(),
            PhoneLike(),
            doc="Digits of one of the patient's phone numbers, in any format; % matches any digits.",
        ),
        Condition(
            "username",
            read=lambda text, given: {"username": portal_credentials.normalize_username(parse_text(text))},
            condition=lambda: Q(
                Exists(select_portal_access().filter(username=BoundParameter("username", models.TextField())))
            ),
            doc="The patient's username in the portal.",
        ),
        Filter("dob", Date(), OnDay(), source="date_of_birth"),
        Filter("timezone", Text(check=check_time_zone), doc="IANA time zone."),
    ),
    example=_EXAMPLE,
)

RESOURCES = [patients, found_patients]
