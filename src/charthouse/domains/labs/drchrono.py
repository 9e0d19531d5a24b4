"""Labs as DrChrono shows them. Facts: reference drchrono/resources.yaml, enums.yaml, behaviour.md (Labs)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Value, When
from django.db.models.functions import Cast

from charthouse.domains.labs import actions
from charthouse.domains.labs.models import (
    LabDocument,
    LabOrder,
    LabResult,
    LabTest,
    PatientLabResult,
    Sublab,
)
from charthouse.files.fields import File
from charthouse.resource.declare import ALWAYS, Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    Boolean,
    Field,
    Id,
    ListOf,
    Measure,
    Ref,
    Text,
)
from charthouse.resource.filters import RefIs, Since
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Date, Timestamp

SHARED = "share_patients"
# Who may: laboratories write, with a right of their own.
LABORATORY: dict[str, Any] = {
    "scopes": ("labs",),
    "permissions": (),
    "write_right": "labs:vendor",
    "sharing": SHARED,
}
ORDER_STATUSES = ("N", "Q", "A", "S", "R", "E")
TEST_STATUSES = {"P": "preliminary", "I": "pending", "C": "correction", "F": "final", "X": "canceled"}
PRIORITIES = {"N": "NORMAL", "S": "STAT"}
FLAGS = ("L", "LL", "H", "HH", "<", ">", "A", "AA", "S", "R", "I", "NEG", "POS", "N", "")
HL7_FLAGS = (
    "",
    "L",
    "H",
    "LL",
    "HH",
    "<",
    ">",
    "N",
    "A",
    "AA",
    "null",
    "U",
    "D",
    "B",
    "W",
    "S",
    "R",
    "I",
    "MS",
    "VS",
)
_PDF = (
    "data:application/pdf;base64,JVBERi0xLjQKMSAwIG9iajw8L1R5cGUvQ2F0YWxvZy9QYWdlcyAyIDAgUj4+ZW5kb2JqCjIgMCBvYmo8PC9U"
    "eXBlL1BhZ2VzL0tpZHNbXS9Db3VudCAwPj5lbmRvYmoKdHJhaWxlcjw8L1Jvb3QgMSAwIFI+Pg=="
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Word(Text):
    """A word of a table; the one-letter code that the hosted API has for it is taken as well."""

    codes: Mapping[str, str] = field(default_factory=dict)

    def parse(self, value: Any) -> str:
        return super().parse(self.codes.get(value, value) if isinstance(value, str) else value)


sublabs = Resource(
    path="sublabs",
    model=Sublab,
    doc="Laboratories that orders go to.",
    methods="GET POST PUT PATCH DELETE",
    **LABORATORY,
    owner="doctor",
    rows=Q(archived=False),
    fields=(
        Id("id"),
        Text("name", REQUIRED),
        Text("facility_code", REQUIRED, doc="What orders and results call it."),
        Text("vendor_name", READ_ONLY, addition=True, doc="The app that set it up."),
    ),
    checks=(actions.set_up,),
    example={"name": "Front Range Reference Laboratory", "facility_code": "FRR"},
)

# -- orders -----------------------------------------------------------------------------------------------------


def _documents() -> Any:
    rows = LabDocument.objects.filter(
        practice=OuterRef("practice_id"), lab_order=OuterRef("pk"), archived=False
    )
    return ArraySubquery(rows.order_by("id").values_list("id"))


def _documents_of_order(**options: Any) -> Field:
    item = Ref("document", READ_ONLY, to="lab_documents")
    return ListOf("documents", READ_ONLY, item=item, computed=_documents, nullable=False, **options)


def _requisition_id(**options: Any) -> Field:
    return Text("requisition_id", READ_ONLY, computed=lambda: Cast(F("id"), models.TextField()), **options)


def _codes(access: Any, **options: Any) -> Field:
    return Embedded(
        "icd10_codes",
        access,
        many=True,
        fields=(
            Text("code", REQUIRED, example="E11.9"),
            Text("description", READ_ONLY, doc="The code's official text."),
        ),
        **options,
    )


lab_orders = Resource(
    path="lab_orders",
    model=LabOrder,
    doc="Orders to laboratories.",
    methods="GET POST PUT PATCH DELETE",
    **LABORATORY,
    owner="doctor",
    rows=Q(archived=False),
    fields=(
        Id("id"),
        Ref("sublab", REQUIRED, to="sublabs"),
        Ref("doctor", REQUIRED, to="doctors"),
        Ref("patient", REQUIRED, to="patients"),
        _documents_of_order(),
        Timestamp(
            "timestamp", default=actions.this_second, kept=True, doc="Submitted when; now if left out."
        ),
        Text(
            "status",
            choices=ORDER_STATUSES,
            default="N",
            doc="N not sent, Q queued, A ABN required, S sent, R results received, E error. R once all tests that "
            "aren't canceled are final or corrected; S again when one of them is not.",
        ),
        _codes(OPTIONAL, doc="Diagnoses, ICD-10-CM."),
        _requisition_id(doc="The id of the order."),
        Text("accession_number"),
        Text("notes"),
        Word("priority", choices=tuple(PRIORITIES.values()), default="NORMAL", codes=PRIORITIES),
        Text("external_requisition_id", kept=True, addition=True),
    ),
    filters=(
        RefIs("doctor", to="doctors"),
        Since("since", source="created_at", doc="Created at or after."),
    ),
    checks=(actions.describe_codes,),
    after=(actions.order_written,),
    events=plain("LAB_ORDER_CREATE", "LAB_ORDER_MODIFY", "LAB_ORDER_DELETE"),
    example={
        "sublab": 1,
        "doctor": 1,
        "patient": 12,
        "icd10_codes": [{"code": "E11.9"}],
        "notes": "Fasting.",
    },
)

lab_orders_summary = Resource(
    path="lab_orders_summary",
    model=LabOrder,
    doc="Orders to laboratories, for apps that only read the chart.",
    methods="GET",
    scopes=("clinical",),
    permissions=("Access Clinical Notes",),
    sharing=ALWAYS,
    owner="doctor",
    rows=Q(archived=False),
    fields=(
        Text("accession_number", READ_ONLY),
        Ref("appointment", READ_ONLY, to="appointments"),
        Timestamp("created_at", READ_ONLY),
        Ref("doctor", READ_ONLY, to="doctors"),
        Id("id"),
        Text("lab", READ_ONLY, source="sublab__name", doc="The name of the laboratory."),
        Text("notes", READ_ONLY),
        Text("origin", READ_ONLY, doc="Which door it came through: API, or Chart."),
        Ref("patient", READ_ONLY, to="patients"),
        Text(
            "priority",
            READ_ONLY,
            choices=("N", "S"),
            computed=lambda: Case(
                When(priority="STAT", then=Value("S")), default=Value("N"), output_field=models.TextField()
            ),
            doc="N normal, S at once.",
        ),
        Text("status", READ_ONLY, choices=ORDER_STATUSES),
        Timestamp("updated_at", READ_ONLY),
        _documents_of_order(addition=True),
        Timestamp("timestamp", READ_ONLY, addition=True),
        _requisition_id(addition=True),
        Text("external_requisition_id", READ_ONLY, addition=True),
        _codes(READ_ONLY, addition=True),
        Ref("sublab", READ_ONLY, to="sublabs", addition=True),
    ),
    filters=(RefIs("doctor", to="doctors"), RefIs("patient", to="patients"), Since("since")),
    example={"lab": "Front Range Reference Laboratory", "priority": "N", "status": "R", "origin": "Chart"},
)

lab_tests = Resource(
    path="lab_tests",
    model=LabTest,
    doc="The tests of orders.",
    methods="GET POST PUT PATCH DELETE",
    **LABORATORY,
    owner="lab_order__doctor",
    rows=Q(archived=False),
    fields=(
        Id("id"),
        Ref("lab_order", REQUIRED, to="lab_orders"),
        Text("code", doc="The laboratory's code of the test, or LOINC's."),
        Text("name"),
        Text("description"),
        Timestamp("collection_date"),
        Text("internal_notes"),
        Text("report_notes"),
        Word(
            "status",
            choices=tuple(TEST_STATUSES.values()),
            default="preliminary",
            codes=TEST_STATUSES,
            doc="A final or corrected result makes its test so. P, I, C, F and X are taken as well.",
        ),
        Text("specimen_source"),
        Text("specimen_condition"),
        Measure("specimen_total_volume", places=4, doc="Millilitres."),
    ),
    filters=(
        RefIs("order", source="lab_order", to="lab_orders"),
        RefIs("doctor", source="lab_order__doctor", to="doctors", addition=True),
    ),
    checks=(actions.stays_with_results,),
    after=(actions.test_written,),
    example={"lab_order": 40, "code": "4548-4", "name": "Hemoglobin A1c", "specimen_source": "Blood"},
)

lab_documents = Resource(
    path="lab_documents",
    model=LabDocument,
    doc="Requisitions, Advance Beneficiary Notices and reports of orders, as files.",
    methods="GET POST PUT PATCH DELETE",
    **LABORATORY,
    owner="lab_order__doctor",
    rows=Q(archived=False),
    fields=(
        Id("id"),
        Ref("lab_order", REQUIRED, to="lab_orders"),
        File(
            "document", REQUIRED, kinds=("document",), example=_PDF, doc="A PDF or an image; reads as a link."
        ),
        Text(
            "type",
            REQUIRED,
            choices=("REQ", "ABN", "R-A", "RES"),
            doc="REQ requisition, ABN Advance Beneficiary Notice, R-A both, RES results.",
        ),
        Timestamp("timestamp", READ_ONLY, source="created_at", doc="When it was uploaded."),
        Text("hl7", kept=True, addition=True, doc="The message that came with it."),
    ),
    filters=(
        RefIs("doctor", source="lab_order__doctor", to="doctors"),
        Since("since", source="created_at", doc="Uploaded at or after."),
    ),
    checks=(actions.stays_with_results, actions.document_goes),
    example={"lab_order": 40, "document": _PDF, "type": "RES"},
)

lab_results = Resource(
    path="lab_results",
    model=LabResult,
    doc="The results of tests, one for each observation.",
    methods="GET POST PUT PATCH DELETE",
    **LABORATORY,
    owner="lab_test__lab_order__doctor",
    rows=Q(archived=False),
    fields=(
        Id("id"),
        Ref("lab_order", READ_ONLY, source="lab_test__lab_order", to="lab_orders"),
        Ref("document", REQUIRED, to="lab_documents", doc="Of the same order as the test."),
        Ref("lab_test", REQUIRED, to="lab_tests"),
        Timestamp("specimen_received", REQUIRED),
        Timestamp("results_released", REQUIRED),
        Timestamp("test_performed", REQUIRED),
        Text("status", REQUIRED, choices=("P", "I", "C", "F", "X")),
        Text("value", REQUIRED, example="6.1", doc="Text or number; reads as text."),
        Text(
            "abnormal_status",
            choices=FLAGS,
            doc="Left out of a number with a range: L, H or N, by where it lies.",
        ),
        Boolean("is_abnormal", doc="Left out: whether abnormal_status says so."),
        Text(
            "normal_range",
            example="4.0 5.6",
            doc="Lower and upper, a space between, when value_is_numeric; else any text.",
        ),
        Text("observation_code", doc="LOINC."),
        Text("observation_description"),
        Text("group_code"),
        Text("unit"),
        Boolean("value_is_numeric", default=False),
        Text("comments"),
    ),
    filters=(
        RefIs("doctor", source="lab_test__lab_order__doctor", to="doctors"),
        RefIs("order", source="lab_test__lab_order", to="lab_orders"),
    ),
    checks=(actions.result_fits,),
    after=(actions.result_written,),
    example={
        "document": 7,
        "lab_test": 90,
        "specimen_received": "2026-03-02T16:10:00",
        "results_released": "2026-03-03T09:00:00",
        "test_performed": "2026-03-02T20:30:00",
        "status": "F",
        "value": "6.1",
        "value_is_numeric": True,
        "normal_range": "4.0 5.6",
        "unit": "%",
        "observation_code": "4548-4",
        "observation_description": "Hemoglobin A1c",
    },
)

patient_lab_results = Resource(
    path="patient_lab_results",
    model=PatientLabResult,
    doc="Results that the practice entered by hand or brought along; not those of lab_results.",
    methods="GET POST PUT PATCH DELETE",
    scopes=("labs", "patients"),
    permissions=("Manage Patients",),
    sharing=SHARED,
    owner="ordering_doctor",
    rows=Q(archived=False),
    addition=True,
    fields=(
        Boolean("doctor_signoff", default=False),
        Text("loinc_code"),
        Ref("patient", REQUIRED, to="patients", in_query=True),
        Ref("ordering_doctor", REQUIRED, to="doctors", in_query=True),
        Text("lab_abnormal_flag", choices=HL7_FLAGS, doc="HL7 table 0078."),
        Text("lab_normal_range_units"),
        Timestamp("created_at", READ_ONLY),
        Text("lab_normal_range"),
        Text("doctor_comments"),
        Date("date_test_performed"),
        Timestamp("updated_at", READ_ONLY),
        Text("lab_result_value"),
        Measure(
            "lab_result_value_as_float", digits=18, places=6, doc="Left out: the value, if it is a number."
        ),
        File("scanned_in_result", READ_ONLY, kinds=("document",)),
        Text("title"),
        Text(
            "lab_order_status",
            choices=(
                "",
                "Order Entered",
                "Discontinued",
                "In Progress",
                "Results Received",
                "Results Reviewed with Patient",
                "Paper Order",
            ),
        ),
        Text("lab_imported_from_ccr", READ_ONLY),
        Id("id"),
        Text("lab_result_value_units"),
    ),
    filters=(
        RefIs("ordering_doctor", to="doctors"),
        Since("since"),
        RefIs("patient", to="patients"),
        RefIs("doctor", source="ordering_doctor", to="doctors"),
    ),
    checks=(actions.read_number,),
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

RESOURCES = [
    sublabs,
    lab_orders,
    lab_orders_summary,
    lab_documents,
    lab_tests,
    lab_results,
    patient_lab_results,
]
