"""Vaccine records of patients in the DrChrono API. Source: reference drchrono/resources.yaml, enums.yaml."""

from charthouse.domains.inventory import vaccine_records
from charthouse.domains.inventory.codes import FUNDING_ELIGIBILITIES, RECORD_SOURCES, ROUTES, SITES
from charthouse.domains.inventory.drchrono.policy import PERMISSIONS, SCOPES, SHARED
from charthouse.domains.inventory.models import (
    PatientVaccineRecord,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Decimal, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.identity.models import TRIAL_PLAN

patient_vaccine_records = Resource(
    path="patient_vaccine_records",
    model=PatientVaccineRecord,
    doc="Vaccines that patients were given or refused.",
    methods="GET POST PUT PATCH",
    policy=Policy(
        scopes=SCOPES,
        permissions=PERMISSIONS,
        sharing=SHARED,
        excluded_plans=(TRIAL_PLAN,),
        owner="ordering_doctor",
    ),
    keys=(
        Key("administered_at", Reference("offices"), OPTIONAL),
        Key("administered_by", Reference("users"), OPTIONAL),
        Key("administered_start", Timestamp(past=True)),
        Key("amount", Decimal(minimum=0)),
        Key(
            "completion_status",
            Text(choices=("", "CP", "RE", "NA", "PA")),
            doc="CP complete, RE refused, NA not administered, PA partially administered.",
        ),
        Key("comments", Text(multiline=True)),
        Key("consent_form", Reference("consent_forms"), OPTIONAL),
        Key("cpt_code", Text()),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("cvx_code", Text(), REQUIRED, doc="CVX code of the vaccine."),
        Key("doses", List(Integer(minimum=1)), doc="Ids of doses from the signed consent."),
        Key("entered_by", Reference("users"), READ_ONLY),
        Key(
            "funding_eligibility",
            Text(choices=FUNDING_ELIGIBILITIES),
            doc="V01 not eligible; V02 to V07 eligible, by basis.",
        ),
        Key("id", Id(), READ_ONLY),
        Key(
            "name",
            Text(),
            doc=(
                "If a new record omits it, the lot's value is used; the same applies to lot_number and "
                "manufacturer."
            ),
        ),
        Key("next_dose_date", Date()),
        Key(
            "observed_immunity",
            Integer(minimum=1),
            example=14189004,
            doc="SNOMED CT code of the patient's immunity.",
        ),
        Key("ordering_doctor", Reference("doctors"), REQUIRED),
        Key("patient", Reference("patients"), REQUIRED),
        Key(
            "record_source",
            Text(choices=RECORD_SOURCES),
            doc="00 new, 01 to 08 historical, by source (CDC NIP001).",
        ),
        Key("route", Text(choices=ROUTES), doc="HL7 table 0162."),
        Key("site", Text(choices=SITES), doc="HL7 table 0163."),
        Key("units", Text()),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key(
            "vaccine_inventory",
            Reference("inventory_vaccines"),
            REQUIRED,
            doc="The lot; its quantity decreases by one dose.",
        ),
        Key("vis", Integer(), READ_ONLY, doc="Vaccine information statement."),
        Key("lot_number", Text(), keep_on_put=True, addition=True),
        Key("manufacturer", Text(), keep_on_put=True, addition=True),
    ),
    filters=(
        Filter("doctor", Reference("doctors"), source="ordering_doctor"),
        Filter("patient", Reference("patients")),
        Filter("cvx_code"),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
    ),
    checks=(vaccine_records.check_next_dose, vaccine_records.complete_record),
    events=plain_events("VACCINE_ADMINISTERED"),
    example={
        "patient": 12,
        "ordering_doctor": 1,
        "vaccine_inventory": 5,
        "cvx_code": "158",
        "administered_start": "2026-10-05T09:20:00",
        "amount": "0.5",
        "units": "mL",
        "route": "IM",
        "site": "LD",
        "completion_status": "CP",
    },
)

RESOURCES = [patient_vaccine_records]
