"""Eligibility checks in the DrChrono API. Source: reference drchrono/resources.yaml, nested.yaml."""

from charthouse.domains.billing.codes import ELIGIBILITY_TYPES, SERVICE_TYPES
from charthouse.domains.billing.drchrono.filters import (
    make_code_filter,
    make_utc_day_filter,
    make_utc_days_filter,
)
from charthouse.domains.billing.drchrono.types import make_labeled
from charthouse.domains.billing.models import EligibilityCheck
from charthouse.domains.billing.service_days import VISIT_TIME, VISIT_ZONE
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Filter, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY

_SUBSCRIBER = (
    *("first_name", "last_name", "middle_name"),
    *(
        "gender",
        "member_id",
        "group_number",
        "plan_name",
        "address",
        "city",
        "state",
        "zip_code",
        "relationship",
    ),
)

_BENEFIT = (
    *("eligibility", "coverage_level", "service_type", "insurance_type", "plan_name", "time_period"),
    *("in_network", "authorization_required"),
)

eligibility_checks = Resource(
    path="eligibility_checks",
    model=EligibilityCheck,
    doc="Insurers' responses about patients' coverage.",
    methods="GET",
    policy=Policy(
        scopes=("calendar", "patients"),
        permissions=("Access Scheduling", "Manage Patients"),
        sharing="share_patients",
        owner="doctor",
    ),
    keys=(
        Key("patient", Reference("patients"), READ_ONLY),
        Key("appointment", Reference("appointments"), READ_ONLY),
        Key("cob_level", Text(choices=("Primary Insurance", "Secondary Insurance")), READ_ONLY),
        Key("payer_name", Text(), READ_ONLY),
        Key(
            "eligibility",
            make_labeled(ELIGIBILITY_TYPES),
            READ_ONLY,
            doc="The label of an X12 EB01 code.",
        ),
        Key("request_service_type", Text(), READ_ONLY, doc="X12 service type code."),
        Key(
            "service_type_description",
            make_labeled(SERVICE_TYPES),
            READ_ONLY,
            source="request_service_type",
        ),
        Key("query_date", Timestamp(), READ_ONLY),
        Key(
            "coverage_subscriber",
            Object(
                (
                    *(Key(name, Text(), READ_ONLY) for name in _SUBSCRIBER),
                    Key("date_of_birth", Date(), READ_ONLY),
                ),
                open=True,
            ),
            READ_ONLY,
            nullable=False,
            doc="As the clearinghouse returned it, without empty strings.",
        ),
        Key(
            "coverage_details",
            Object(
                (
                    Key(
                        "benefits",
                        List(
                            Object(
                                (
                                    *(Key(name, Text(), READ_ONLY) for name in _BENEFIT),
                                    Key("amount", Text(), READ_ONLY),
                                    Key("percent", Text(), READ_ONLY),
                                    Key("messages", List(Text()), READ_ONLY),
                                ),
                                open=True,
                            )
                        ),
                        READ_ONLY,
                    ),
                ),
                open=True,
            ),
            READ_ONLY,
            verbose=True,
            nullable=False,
            doc="Benefits as in X12 271, without empty strings.",
        ),
        Key("id", Id(), READ_ONLY, addition=True),
        Key("updated_at", Timestamp(), READ_ONLY, addition=True),
    ),
    filters=(
        Filter("patient", Reference("patients")),
        Filter("appointment", Reference("appointments")),
        Filter("appointment_date", Date(), OnDay(VISIT_ZONE), source=VISIT_TIME),
        Filter("appointment_date_range", Date(), InDays(VISIT_ZONE), source=VISIT_TIME),
        make_utc_day_filter("query_date", doc="UTC."),
        make_utc_days_filter("query_date_range", source="query_date", doc="UTC."),
        make_code_filter(
            "service_types", SERVICE_TYPES, source="request_service_type", doc="Codes, separated by commas."
        ),
        make_code_filter(
            "eligibilities", ELIGIBILITY_TYPES, source="eligibility", doc="Codes, separated by commas."
        ),
        Filter("doctor", Reference("doctors"), addition=True),
    ),
    example={
        "patient": 12,
        "cob_level": "Primary Insurance",
        "payer_name": "Alpine Mutual Health",
        "eligibility": "Active Coverage",
        "request_service_type": "30",
    },
)

RESOURCES = [eligibility_checks]
