"""What billing goes by, as DrChrono shows it: billing profiles, fee schedules, eligibility checks. Facts: reference
drchrono/resources.yaml, nested.yaml."""

from charthouse.domains.billing.codes import ELIGIBILITY_TYPES, FEE_CODE_TYPES, SERVICE_TYPES
from charthouse.domains.billing.drchrono_kinds import VISIT, ZONE, AnyOf, Labelled, UtcDay, UtcDays
from charthouse.domains.billing.models import BillingProfile, EligibilityCheck, FeeScheduleItem
from charthouse.resource.declare import Resource
from charthouse.resource.fields import READ_ONLY, Boolean, Decimal, Field, Id, ListOf, Ref, Text
from charthouse.resource.filters import DateIs, DateRange, Is, RefIs, Since
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Date, Timestamp

BILLING = ("Access Billing", "Show Billing Tab")
NDC_UNITS = ("F2", "GR", "ME", "ML", "UN")


def _texts(name: str) -> ListOf:
    return ListOf(name, READ_ONLY, item=Text("item"))


def _codes(name: str, *more: Field) -> Embedded:
    fields = (Text("code", READ_ONLY), Text("price", READ_ONLY), Text("quantity", READ_ONLY), *more)
    return Embedded(name, READ_ONLY, many=True, fields=fields, nullable=False)


_CLAIMED = (
    _texts("modifiers"),
    _texts("diagnosis_pointers_icd9"),
    _texts("diagnosis_pointers_icd10"),
    Embedded(
        "ndc_code",
        READ_ONLY,
        many=True,
        fields=(
            Text("ndc_package_code", READ_ONLY),
            Text("quantity", READ_ONLY),
            Text("units", READ_ONLY, choices=NDC_UNITS),
        ),
    ),
)

billing_profiles = Resource(
    path="billing_profiles",
    model=BillingProfile,
    doc="Codes that doctors bill together.",
    methods="GET",
    scopes=("billing",),
    permissions=BILLING,
    sharing="share_billing_profiles",
    owner="doctor",
    fields=(
        Boolean("archived", READ_ONLY),
        _codes("cpt_codes", *_CLAIMED),
        Timestamp("created_at", READ_ONLY),
        _codes("custom_procedure_codes"),
        Ref("doctor", READ_ONLY, to="doctors"),
        _codes("hcpcs_codes", *_CLAIMED),
        _texts("icd9_codes"),
        _texts("icd10_codes"),
        Id("id"),
        Text("name", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(RefIs("doctor", to="doctors"),),
    example={
        "name": "Annual physical",
        "cpt_codes": [{"code": "99395", "price": "185.00", "quantity": "1.00"}],
    },
)


def of_plan(name: str) -> Text:
    return Text(name, READ_ONLY, source=f"schedule__{name}")


fee_schedules = Resource(
    path="fee_schedules",
    model=FeeScheduleItem,
    doc="Prices of codes, in general or for a payer's plan.",
    methods="GET",
    scopes=("billing",),
    permissions=("Access Billing",),
    sharing="share_fee_schedule",
    owner="schedule__doctor",
    fields=(
        Id("id"),
        Ref("doctor", READ_ONLY, source="schedule__doctor", to="doctors"),
        Text("code", READ_ONLY),
        Text("code_type", READ_ONLY, choices=FEE_CODE_TYPES),
        *(Text(f"cpt_hcpcs_modifier{place}", READ_ONLY) for place in range(1, 5)),
        Ref("office", READ_ONLY, to="offices"),
        Text("ndc_code", READ_ONLY),
        Decimal("ndc_quantity", READ_ONLY),
        Text("ndc_units", READ_ONLY, doc="F2, GR, ME, ML or UN."),
        Decimal("base_price", READ_ONLY),
        Decimal("insured_price", READ_ONLY),
        Decimal("cash_price", READ_ONLY),
        Decimal("insured_out_of_network_price", READ_ONLY),
        of_plan("payer_id"),
        of_plan("plan_name"),
        Decimal("allowed_amount", READ_ONLY),
        Text("billing_description", READ_ONLY),
        Text("description", READ_ONLY),
        Text("picklist_category", READ_ONLY),
        Timestamp("created_at", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(
        Since("since"),
        RefIs("doctor", source="schedule__doctor", to="doctors"),
        Is("payer_id", source="schedule__payer_id"),
        Is("code_type", choices=FEE_CODE_TYPES),
        Is("code"),
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
    scopes=("calendar", "patients"),
    permissions=("Access Scheduling", "Manage Patients"),
    sharing="share_patients",
    owner="doctor",
    fields=(
        Ref("patient", READ_ONLY, to="patients"),
        Ref("appointment", READ_ONLY, to="appointments"),
        Text("cob_level", READ_ONLY, choices=("Primary Insurance", "Secondary Insurance")),
        Text("payer_name", READ_ONLY),
        Labelled("eligibility", READ_ONLY, labels=ELIGIBILITY_TYPES, doc="The label of an X12 EB01 code."),
        Text("request_service_type", READ_ONLY, doc="X12 service type code."),
        Labelled("service_type_description", READ_ONLY, source="request_service_type", labels=SERVICE_TYPES),
        Timestamp("query_date", READ_ONLY),
        Embedded(
            "coverage_subscriber",
            READ_ONLY,
            open=True,
            nullable=False,
            fields=(*(Text(name, READ_ONLY) for name in _SUBSCRIBER), Date("date_of_birth", READ_ONLY)),
            doc="As the clearinghouse brought it, without empty texts.",
        ),
        Embedded(
            "coverage_details",
            READ_ONLY,
            open=True,
            verbose=True,
            nullable=False,
            fields=(
                Embedded(
                    "benefits",
                    READ_ONLY,
                    many=True,
                    open=True,
                    fields=(
                        *(Text(name, READ_ONLY) for name in _BENEFIT),
                        Text("amount", READ_ONLY),
                        Text("percent", READ_ONLY),
                        ListOf("messages", READ_ONLY, item=Text("message")),
                    ),
                ),
            ),
            doc="Benefits by X12 271, without empty texts.",
        ),
        Id("id", addition=True),
        Timestamp("updated_at", READ_ONLY, addition=True),
    ),
    filters=(
        RefIs("patient", to="patients"),
        RefIs("appointment", to="appointments"),
        DateIs("appointment_date", source=VISIT, zone=ZONE),
        DateRange("appointment_date_range", source=VISIT, zone=ZONE),
        UtcDay("query_date", doc="UTC."),
        UtcDays("query_date_range", source="query_date", doc="UTC."),
        AnyOf("service_types", source="request_service_type", codes=SERVICE_TYPES, doc="Codes, by commas."),
        AnyOf("eligibilities", source="eligibility", codes=ELIGIBILITY_TYPES, doc="Codes, by commas."),
        RefIs("doctor", to="doctors", addition=True),
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
