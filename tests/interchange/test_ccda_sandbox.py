"""Documents of the synthetic practice's patients have content, are valid, and can be read by an independent reader."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from charthouse.interchange.ccda import document
from charthouse.interchange.cda.context import Window
from charthouse.interchange.qrda import document as report
from tests.interchange.documents import Document
from tests.sandbox.databases import SandboxDatabase

KINDS = {
    "AllergyIntolerance", "Condition", "Coverage", "DocumentReference", "Encounter", "Immunization", "Location",
    "MedicationStatement", "Observation", "Patient", "Procedure", "DiagnosticReport", "Appointment",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(database: None, tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    built = SandboxDatabase("documents", tmp_path_factory.mktemp("documents"), 7, 40)
    with built.open(), tenancy.within(1):
        return [Document(document.render(patient)) for patient in Patient.objects.order_by("id")[:60]]


def test_documents_have_content(made: list[Document]) -> None:
    found = Counter(resource["resourceType"] for each in made for resource in each.read)
    assert set(found) >= KINDS
    assert max(len(each.read) for each in made) > 50


def test_documents_differ(made: list[Document]) -> None:
    ids = {each.one("/h:ClinicalDocument/h:id").get("root") for each in made}
    assert len(ids) == len(made)
    patients = {each.all("//h:patientRole/h:id/@extension")[0] for each in made}
    assert len(patients) == len(made)


def test_yearly_reports_have_content(database: None, tmp_path: Path) -> None:
    built = SandboxDatabase("reports", tmp_path, 7, 20)
    today = clock.now().date()
    year = Window(today - timedelta(days=365), today)
    with built.open(), tenancy.within(1):
        reports = [Document(report.render(patient, year)) for patient in Patient.objects.order_by("id")[:40]]
    elements = Counter(found for each in reports for found in each.all("//h:entry/*/h:templateId/@root"))
    assert all(
        elements[f"2.16.840.1.113883.10.20.24.3.{number}"] for number in (23, 38, 41, 55, 59, 64, 137, 144)
    )


def test_row_identifiers_are_stable(database: None, tmp_path: Path) -> None:
    built = SandboxDatabase("twice", tmp_path, 7, 5)
    with built.open(), tenancy.within(1):
        patient = Patient.objects.order_by("id").first()
        assert patient is not None
        first, second = (Document(document.render(patient)) for _ in range(2))
    path = "//h:structuredBody//h:id/@root"
    assert first.all(path) == second.all(path)
