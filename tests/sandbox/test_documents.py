"""Documents of the synthetic practice's patients have content, are valid, and can be read by an independent reader."""

import os
from collections import Counter
from datetime import timedelta
from pathlib import Path
from zlib import crc32

import pytest

import charthouse
from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from charthouse.identity.models import Practice
from charthouse.interchange.ccda import document
from charthouse.interchange.cda.context import Window
from charthouse.interchange.qrda import document as report
from tests import figures
from tests.interchange.documents import Document
from tests.interchange.rules import find_errors, find_foreign_codes
from tests.sandbox.databases import SandboxDatabase

RESOURCES = {
    "AllergyIntolerance", "Condition", "Coverage", "DocumentReference", "Encounter", "Immunization", "Location",
    "MedicationStatement", "Observation", "Patient", "Procedure", "DiagnosticReport", "Appointment",
}  # fmt: skip
REPORTS = 40
# Patients of each practice that are checked; `make test-deep` checks all.
CHECKED = int(os.environ.get("CHECKED_DOCUMENTS", "8"))


@pytest.fixture(scope="module")
def documents(sandbox: SandboxDatabase) -> list[Document]:
    with sandbox.open(), tenancy.within(1):
        return [Document(document.render(patient)) for patient in Patient.objects.order_by("id")[:REPORTS]]


def test_documents_have_content(documents: list[Document]) -> None:
    found = Counter(resource["resourceType"] for each in documents for resource in each.read)
    assert set(found) >= RESOURCES
    assert max(len(each.read) for each in documents) > 50


def test_documents_follow_the_rules(sandbox: SandboxDatabase) -> None:
    errors, checked = Counter[str](), 0
    with sandbox.open():
        for practice in Practice.objects.values_list("id", flat=True):
            with tenancy.within(practice):
                for patient in choose_patients():
                    root = Document(document.render(patient)).root
                    errors.update(find_errors(root) + find_foreign_codes(root))
                    checked += 1
    figures.record(documents=checked)
    assert not errors
    assert checked > 15  # of more than one practice


def choose_patients() -> list[Patient]:
    """Choose CHECKED patients of the practice, evenly among all: others whenever what makes documents or charts
    changes, the same in each run of one commit."""
    ids = list(Patient.objects.order_by("id").values_list("id", flat=True))
    step = max(1, len(ids) // CHECKED)
    source = Path(charthouse.__file__).parent
    modules = [*source.glob("interchange/c*/*.py"), *source.glob("sandbox/**/*.py")]
    start = crc32(b"".join(path.read_bytes() for path in sorted(modules))) % step
    return list(Patient.objects.filter(pk__in=ids[start::step][:CHECKED]).order_by("id"))


def test_documents_differ(documents: list[Document]) -> None:
    ids = {each.one("/h:ClinicalDocument/h:id").get("root") for each in documents}
    assert len(ids) == len(documents)
    patients = {each.all("//h:patientRole/h:id/@extension")[0] for each in documents}
    assert len(patients) == len(documents)


def test_yearly_reports_have_content(sandbox: SandboxDatabase) -> None:
    today = clock.now().date()
    year = Window(today - timedelta(days=365), today)
    with sandbox.open(), tenancy.within(1):
        patients = Patient.objects.order_by("id")[:REPORTS]
        reports = [Document(report.render(patient, year)) for patient in patients]
    elements = Counter(found for each in reports for found in each.all("//h:entry/*/h:templateId/@root"))
    assert all(
        elements[f"2.16.840.1.113883.10.20.24.3.{number}"] for number in (23, 38, 41, 55, 59, 64, 137, 144)
    )


def test_row_identifiers_are_stable(sandbox: SandboxDatabase, documents: list[Document]) -> None:
    with sandbox.open(), tenancy.within(1):
        patient = Patient.objects.order_by("id").first()
        assert patient is not None
        again = Document(document.render(patient))
    path = "//h:structuredBody//h:id/@root"
    assert documents[0].all(path)
    assert again.all(path) == documents[0].all(path)
