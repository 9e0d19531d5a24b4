"""Results entered by the practice in the DrChrono API. Source: reference drchrono/resources.yaml."""

from django.db.models import Q

from charthouse.domains.labs import hooks
from charthouse.domains.labs.codes import HL7_FLAGS
from charthouse.domains.labs.drchrono.policy import SHARED
from charthouse.domains.labs.models import (
    PatientLabResult,
)
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Measurement, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.files.types import File

patient_lab_results = Resource(
    path="patient_lab_results",
    model=PatientLabResult,
    doc="Results entered or imported by the practice; excludes lab_results.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("labs", "patients"), permissions=("Manage Patients",), sharing=SHARED, owner="ordering_doctor"
    ),
    rows=Q(archived=False),
    addition=True,
    keys=(
        Key("doctor_signoff", Boolean(), default=False),
        Key("loinc_code", Text()),
        Key("patient", Reference("patients"), REQUIRED, in_query=True),
        Key("ordering_doctor", Reference("doctors"), REQUIRED, in_query=True),
        Key("lab_abnormal_flag", Text(choices=HL7_FLAGS), doc="HL7 table 0078."),
        Key("lab_normal_range_units", Text()),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("lab_normal_range", Text()),
        Key("doctor_comments", Text(multiline=True)),
        Key("date_test_performed", Date(past=True)),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("lab_result_value", Text()),
        Key(
            "lab_result_value_as_float",
            Measurement(digits=18, places=6),
            doc="Default: the value, if it is a number.",
        ),
        Key("scanned_in_result", File(kinds=("document",)), READ_ONLY, keep_on_put=True),
        Key("title", Text()),
        Key(
            "lab_order_status",
            Text(
                choices=(
                    "",
                    "Order Entered",
                    "Discontinued",
                    "In Progress",
                    "Results Received",
                    "Results Reviewed with Patient",
                    "Paper Order",
                )
            ),
        ),
        Key("lab_imported_from_ccr", Text(), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("lab_result_value_units", Text()),
    ),
    filters=(
        Filter("ordering_doctor", Reference("doctors")),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        Filter("patient", Reference("patients")),
        Filter("doctor", Reference("doctors"), source="ordering_doctor"),
    ),
    checks=(hooks.check_manual_result,),
    example={
        "patient": 12,
        "ordering_doctor": 1,
        "title": "LDL cholesterol",
        "loinc_code": "13457-7",
        "lab_result_value": "128",
        "lab_result_value_units": "mg/dL",
        "date_test_performed": "2026-02-11",
    },
)

RESOURCES = [patient_lab_results]
