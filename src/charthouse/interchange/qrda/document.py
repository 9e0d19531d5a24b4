"""The QRDA Category I report of a patient: measures, reporting period and patient data."""

from charthouse.domains.patients.models import Patient
from charthouse.interchange.cda import header
from charthouse.interchange.cda.codes import LOINC
from charthouse.interchange.cda.context import Window, load_context
from charthouse.interchange.cda.header import DocumentType
from charthouse.interchange.cda.writer import Writer
from charthouse.interchange.cda.xml import Concept
from charthouse.interchange.qrda import measures, patient_data

QRDA = DocumentType(
    "QRDA Category I Report",
    Concept("55182-0", LOINC, "Quality Measure Report"),
    (("2.16.840.1.113883.10.20.24.1.1", "2017-08-01"), ("2.16.840.1.113883.10.20.24.1.2", "2021-08-01")),
    signed=True,
)


def render(patient: Patient, period: Window) -> bytes:
    """Render the document in UTF-8."""
    context = load_context(patient, period)
    out = Writer("ClinicalDocument")
    header.write_header(out, QRDA, context)
    out.begin("component")
    out.begin("structuredBody")
    measures.write_measures(out, context)
    measures.write_parameters(out, context)
    patient_data.write_patient_data(out, context)
    out.end()
    out.end()
    return out.finish()
