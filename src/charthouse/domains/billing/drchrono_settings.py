"""What billing goes by, as DrChrono shows it: billing profiles, fee schedules, eligibility checks. Facts: reference
drchrono/resources.yaml, nested.yaml."""

from charthouse.domains.billing.codes import ELIGIBILITY_TYPES, FEE_CODE_TYPES, SERVICE_TYPES
from charthouse.domains.billing.drchrono_kinds import (
    VISIT,
    ZONE,
    make_code_filter,
    make_labeled,
    make_utc_day,
    make_utc_days,
)
from charthouse.domains.billing.models import BillingProfile, EligibilityCheck, FeeScheduleItem
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import SINCE, Filter, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal, Text
from charthouse.engine.declaration.values import READ_ONLY

BILLING = ("Access Billing", "Show Billing Tab")
NDC_UNITS = ("F2", "GR", "ME", "ML", "UN")


def _texts(name: str) -> Key:
    return Key(name, List(Text()), READ_ONLY)


def _codes(name: str, *more: Key) -> Key:
    fields = (
        Key("code", Text(), READ_ONLY),
        Key("price", Text(), READ_ONLY),
        Key("quantity", Text(), READ_ONLY),
        *more,
    )
    return Key(name, List(Object(fields)), READ_ONLY, nullable=False)


_CLAIMED = (
    _texts("modifiers"),
    _texts("diagnosis_pointers_icd9"),
    _texts("diagnosis_pointers_icd10"),
    Key(
        "ndc_code",
        List(
            Object(
                (
                    Key("ndc_package_code", Text(), READ_ONLY),
                    Key("quantity", Text(), READ_ONLY),
                    Key("units", Text(choices=NDC_UNITS), READ_ONLY),
                )
            )
        ),
        READ_ONLY,
    ),
)

billing_profiles = Resource(
    path="billing_profiles",
    model=BillingProfile,
    doc="Codes that doctors bill together.",
    methods="GET",
    policy=Policy(scopes=("billing",), permissions=BILLING, sharing="share_billing_profiles", owner="doctor"),
    keys=(
        Key("archived", Boolean(), READ_ONLY),
        _codes("cpt_codes", *_CLAIMED),
        Key("created_at", Timestamp(), READ_ONLY),
        _codes("custom_procedure_codes"),
        Key("doctor", Reference("doctors"), READ_ONLY),
        _codes("hcpcs_codes", *_CLAIMED),
        _texts("icd9_codes"),
        _texts("icd10_codes"),
        Key("id", Id(), READ_ONLY),
        Key("name", Text(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(Filter("doctor", Reference("doctors")),),
    example={
        "name": "Annual physical",
        "cpt_codes": [{"code": "99395", "price": "185.00", "quantity": "1.00"}],
    },
)


def of_plan(name: str) -> Key:
    return Key(name, Text(), READ_ONLY, source=f"schedule__{name}")


fee_schedules = Resource(
    path="fee_schedules",
    model=FeeScheduleItem,
    doc="Prices of codes, in general or for a payer's plan.",
    methods="GET",
    policy=Policy(
        scopes=("billing",),
        permissions=("Access Billing",),
        sharing="share_fee_schedule",
        owner="schedule__doctor",
    ),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY, source="schedule__doctor"),
        Key("code", Text(), READ_ONLY),
        Key("code_type", Text(choices=FEE_CODE_TYPES), READ_ONLY),
        *(Key(f"cpt_hcpcs_modifier{place}", Text(), READ_ONLY) for place in range(1, 5)),
        Key("office", Reference("offices"), READ_ONLY),
        Key("ndc_code", Text(), READ_ONLY),
        Key("ndc_quantity", Decimal(), READ_ONLY),
        Key("ndc_units", Text(), READ_ONLY, doc="F2, GR, ME, ML or UN."),
        Key("base_price", Decimal(), READ_ONLY),
        Key("insured_price", Decimal(), READ_ONLY),
        Key("cash_price", Decimal(), READ_ONLY),
        Key("insured_out_of_network_price", Decimal(), READ_ONLY),
        of_plan("payer_id"),
        of_plan("plan_name"),
        Key("allowed_amount", Decimal(), READ_ONLY),
        Key("billing_description", Text(), READ_ONLY),
        Key("description", Text(), READ_ONLY),
        Key("picklist_category", Text(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        Filter("doctor", Reference("doctors"), source="schedule__doctor"),
        Filter("payer_id", source="schedule__payer_id"),
        Filter("code_type", Text(choices=FEE_CODE_TYPES)),
        Filter("code"),
    ),
    example={"code": "99213", "code_type": "CPT", "base_price": "145.00", "allowed_amount": "92.00"},
)

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
    doc="Insurers' answers to what patients are covered for.",
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
            doc="As the clearinghouse brought it, without empty texts.",
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
            doc="Benefits by X12 271, without empty texts.",
        ),
        Key("id", Id(), READ_ONLY, addition=True),
        Key("updated_at", Timestamp(), READ_ONLY, addition=True),
    ),
    filters=(
        Filter("patient", Reference("patients")),
        Filter("appointment", Reference("appointments")),
        Filter("appointment_date", Date(), OnDay(ZONE), source=VISIT),
        Filter("appointment_date_range", Date(), InDays(ZONE), source=VISIT),
        make_utc_day("query_date", doc="UTC."),
        make_utc_days("query_date_range", source="query_date", doc="UTC."),
        make_code_filter(
            "service_types", SERVICE_TYPES, source="request_service_type", doc="Codes, by commas."
        ),
        make_code_filter("eligibilities", ELIGIBILITY_TYPES, source="eligibility", doc="Codes, by commas."),
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

RESOURCES = [billing_profiles, fee_schedules, eligibility_checks]
