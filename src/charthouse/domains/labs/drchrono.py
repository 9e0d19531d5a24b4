"""Labs as DrChrono shows them. Facts: reference drchrono/resources.yaml, enums.yaml, behaviour.md (Labs)."""

from collections.abc import Mapping
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
from charthouse.engine.declaration.composites import Converted, List
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Measurement, Text, Type
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.files.types import File

SHARED = "share_patients"


def _allow_laboratories(owner: str) -> Policy:
    """Laboratories write, with a right of their own."""
    return Policy(scopes=("labs",), permissions=(), right="labs:vendor", sharing=SHARED, owner=owner)


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


def _make_coded(words: Mapping[str, str]) -> Type:
    """A word of a table by the one-letter code that the hosted API has for it, which is accepted as well."""

    def parse(inner: Type, value: Any) -> Any:
        return inner.parse(words.get(value, value) if isinstance(value, str) else value)

    return Converted(Text(choices=tuple(words.values())), parse_with=parse)


sublabs = Resource(
    path="sublabs",
    model=Sublab,
    doc="Laboratories that orders go to.",
    methods="GET POST PUT PATCH DELETE",
    policy=_allow_laboratories("doctor"),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("name", Text(), REQUIRED),
        Key("facility_code", Text(), REQUIRED, doc="What orders and results call it."),
        Key("vendor_name", Text(), READ_ONLY, addition=True, doc="The app that set it up."),
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


def _documents_of_order(**options: Any) -> Key:
    ids = List(Reference("lab_documents"))
    return Key("documents", ids, READ_ONLY, source=Expression(_documents), nullable=False, **options)


def _requisition_id(**options: Any) -> Key:
    return Key(
        "requisition_id",
        Text(),
        READ_ONLY,
        source=Expression(lambda: Cast(F("id"), models.TextField())),
        **options,
    )


def _codes(access: Any, **options: Any) -> Key:
    return Key(
        "icd10_codes",
        List(
            Object(
                (
                    Key("code", Text(), REQUIRED, example="E11.9"),
                    Key("description", Text(), READ_ONLY, doc="The code's official text."),
                )
            )
        ),
        access,
        **options,
    )


lab_orders = Resource(
    path="lab_orders",
    model=LabOrder,
    doc="Orders to laboratories.",
    methods="GET POST PUT PATCH DELETE",
    policy=_allow_laboratories("doctor"),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("sublab", Reference("sublabs"), REQUIRED),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("patient", Reference("patients"), REQUIRED),
        _documents_of_order(),
        Key(
            "timestamp",
            Timestamp(),
            default=actions.this_second,
            keep_on_put=True,
            doc="Submitted when; now if left out.",
        ),
        Key(
            "status",
            Text(choices=ORDER_STATUSES),
            default="N",
            doc="N not sent, Q queued, A ABN required, S sent, R results received, E error. R once all tests that "
            "aren't canceled are final or corrected; S again when one of them is not.",
        ),
        _codes(OPTIONAL, doc="Diagnoses, ICD-10-CM."),
        _requisition_id(doc="The id of the order."),
        Key("accession_number", Text()),
        Key("notes", Text()),
        Key("priority", _make_coded(PRIORITIES), default="NORMAL"),
        Key("external_requisition_id", Text(), keep_on_put=True, addition=True),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("since", Timestamp(), SINCE, source="created_at", doc="Created at or after."),
    ),
    checks=(actions.describe_codes,),
    after=(actions.order_written,),
    events=plain_events("LAB_ORDER_CREATE", "LAB_ORDER_MODIFY", "LAB_ORDER_DELETE"),
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
    policy=Policy(
        scopes=("clinical",), permissions=("Access Clinical Notes",), sharing=ALWAYS, owner="doctor"
    ),
    rows=Q(archived=False),
    keys=(
        Key("accession_number", Text(), READ_ONLY),
        Key("appointment", Reference("appointments"), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("lab", Text(), READ_ONLY, source="sublab__name", doc="The name of the laboratory."),
        Key("notes", Text(), READ_ONLY),
        Key("origin", Text(), READ_ONLY, doc="Which door it came through: API, or Chart."),
        Key("patient", Reference("patients"), READ_ONLY),
        Key(
            "priority",
            Text(choices=("N", "S")),
            READ_ONLY,
            source=Expression(
                lambda: Case(
                    When(priority="STAT", then=Value("S")),
                    default=Value("N"),
                    output_field=models.TextField(),
                )
            ),
            doc="N normal, S at once.",
        ),
        Key("status", Text(choices=ORDER_STATUSES), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
        _documents_of_order(addition=True),
        Key("timestamp", Timestamp(), READ_ONLY, addition=True),
        _requisition_id(addition=True),
        Key("external_requisition_id", Text(), READ_ONLY, addition=True),
        _codes(READ_ONLY, addition=True),
        Key("sublab", Reference("sublabs"), READ_ONLY, addition=True),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("patient", Reference("patients")),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
    ),
    example={"lab": "Front Range Reference Laboratory", "priority": "N", "status": "R", "origin": "Chart"},
)

lab_tests = Resource(
    path="lab_tests",
    model=LabTest,
    doc="The tests of orders.",
    methods="GET POST PUT PATCH DELETE",
    policy=_allow_laboratories("lab_order__doctor"),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("lab_order", Reference("lab_orders"), REQUIRED),
        Key("code", Text(), doc="The laboratory's code of the test, or LOINC's."),
        Key("name", Text()),
        Key("description", Text()),
        Key("collection_date", Timestamp()),
        Key("internal_notes", Text()),
        Key("report_notes", Text()),
        Key(
            "status",
            _make_coded(TEST_STATUSES),
            default="preliminary",
            doc="A final or corrected result makes its test so. P, I, C, F and X are taken as well.",
        ),
        Key("specimen_source", Text()),
        Key("specimen_condition", Text()),
        Key("specimen_total_volume", Measurement(places=4), doc="Millilitres."),
    ),
    filters=(
        Filter("order", Reference("lab_orders"), source="lab_order"),
        Filter("doctor", Reference("doctors"), source="lab_order__doctor", addition=True),
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
    policy=_allow_laboratories("lab_order__doctor"),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("lab_order", Reference("lab_orders"), REQUIRED),
        Key(
            "document",
            File(kinds=("document",)),
            REQUIRED,
            example=_PDF,
            doc="A PDF or an image; reads as a link.",
            keep_on_put=True,
        ),
        Key(
            "type",
            Text(choices=("REQ", "ABN", "R-A", "RES")),
            REQUIRED,
            doc="REQ requisition, ABN Advance Beneficiary Notice, R-A both, RES results.",
        ),
        Key("timestamp", Timestamp(), READ_ONLY, source="created_at", doc="When it was uploaded."),
        Key("hl7", Text(), keep_on_put=True, addition=True, doc="The message that came with it."),
    ),
    filters=(
        Filter("doctor", Reference("doctors"), source="lab_order__doctor"),
        Filter("since", Timestamp(), SINCE, source="created_at", doc="Uploaded at or after."),
    ),
    checks=(actions.stays_with_results, actions.document_goes),
    example={"lab_order": 40, "document": _PDF, "type": "RES"},
)

lab_results = Resource(
    path="lab_results",
    model=LabResult,
    doc="The results of tests, one for each observation.",
    methods="GET POST PUT PATCH DELETE",
    policy=_allow_laboratories("lab_test__lab_order__doctor"),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("lab_order", Reference("lab_orders"), READ_ONLY, source="lab_test__lab_order"),
        Key("document", Reference("lab_documents"), REQUIRED, doc="Of the same order as the test."),
        Key("lab_test", Reference("lab_tests"), REQUIRED),
        Key("specimen_received", Timestamp(), REQUIRED),
        Key("results_released", Timestamp(), REQUIRED),
        Key("test_performed", Timestamp(), REQUIRED),
        Key("status", Text(choices=("P", "I", "C", "F", "X")), REQUIRED),
        Key("value", Text(), REQUIRED, example="6.1", doc="Text or number; reads as text."),
        Key(
            "abnormal_status",
            Text(choices=FLAGS),
            doc="Left out of a number with a range: L, H or N, by where it lies.",
        ),
        Key("is_abnormal", Boolean(), doc="Left out: whether abnormal_status says so."),
        Key(
            "normal_range",
            Text(),
            example="4.0 5.6",
            doc="Lower and upper, a space between, when value_is_numeric; else any text.",
        ),
        Key("observation_code", Text(), doc="LOINC."),
        Key("observation_description", Text()),
        Key("group_code", Text()),
        Key("unit", Text()),
        Key("value_is_numeric", Boolean(), default=False),
        Key("comments", Text()),
    ),
    filters=(
        Filter("doctor", Reference("doctors"), source="lab_test__lab_order__doctor"),
        Filter("order", Reference("lab_orders"), source="lab_test__lab_order"),
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
        Key("doctor_comments", Text()),
        Key("date_test_performed", Date()),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("lab_result_value", Text()),
        Key(
            "lab_result_value_as_float",
            Measurement(digits=18, places=6),
            doc="Left out: the value, if it is a number.",
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
