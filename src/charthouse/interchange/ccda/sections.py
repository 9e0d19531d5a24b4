"""Section types of the Continuity of Care Document, in document order. Sources of template ids and releases: HL7 C-CDA
R2.1, and its companion guide for care teams. The template that requires entries comes before the one that does not:
readers look at the first."""

from charthouse.interchange.cda.codes import LOINC
from charthouse.interchange.cda.header import DocumentType
from charthouse.interchange.cda.section import define_section
from charthouse.interchange.cda.xml import Concept

_ROOT = "2.16.840.1.113883.10.20.22.2."

CCD = DocumentType(
    "Continuity of Care Document",
    Concept("34133-9", LOINC, "Summarization of Episode Note"),
    (("2.16.840.1.113883.10.20.22.1.2", "2015-08-01"),),
)

ALLERGIES = define_section(
    "Allergies and Intolerances", "48765-2", "Allergies and adverse reactions Document",
    (f"{_ROOT}6.1", "2015-08-01"), (f"{_ROOT}6", "2015-08-01"),
)  # fmt: skip
MEDICATIONS = define_section(
    "Medications", "10160-0", "History of Medication use Narrative",
    (f"{_ROOT}1.1", "2014-06-09"), (f"{_ROOT}1", "2014-06-09"),
)  # fmt: skip
PROBLEMS = define_section(
    "Problems", "11450-4", "Problem list - Reported",
    (f"{_ROOT}5.1", "2015-08-01"), (f"{_ROOT}5", "2015-08-01"),
)  # fmt: skip
PROCEDURES = define_section(
    "Procedures", "47519-4", "History of Procedures Document",
    (f"{_ROOT}7.1", "2014-06-09"), (f"{_ROOT}7", "2014-06-09"),
)  # fmt: skip
RESULTS = define_section(
    "Results", "30954-2", "Relevant diagnostic tests/laboratory data Narrative",
    (f"{_ROOT}3.1", "2015-08-01"), (f"{_ROOT}3", "2015-08-01"),
)  # fmt: skip
ENCOUNTERS = define_section(
    "Encounters", "46240-8", "History of Hospitalizations+Outpatient visits Narrative",
    (f"{_ROOT}22.1", "2015-08-01"), (f"{_ROOT}22", "2015-08-01"),
)  # fmt: skip
IMMUNIZATIONS = define_section(
    "Immunizations", "11369-6", "History of Immunization Narrative",
    (f"{_ROOT}2.1", "2015-08-01"), (f"{_ROOT}2", "2015-08-01"),
)  # fmt: skip
VITALS = define_section(
    "Vital Signs", "8716-3", "Vital signs",
    (f"{_ROOT}4.1", "2015-08-01"), (f"{_ROOT}4", "2015-08-01"),
)  # fmt: skip
SOCIAL = define_section("Social History", "29762-2", "Social history Narrative", (f"{_ROOT}17", "2015-08-01"))
PLAN = define_section("Plan of Treatment", "18776-5", "Plan of care note", (f"{_ROOT}10", "2014-06-09"))
GOALS = define_section("Goals", "61146-7", "Goals Narrative", (f"{_ROOT}60", ""))
CONCERNS = define_section(
    "Health Concerns", "75310-3", "Health concerns Document", (f"{_ROOT}58", "2015-08-01")
)
DEVICES = define_section(
    "Medical Equipment", "46264-8", "History of medical device use", (f"{_ROOT}23", "2014-06-09")
)
PAYERS = define_section("Payers", "48768-6", "Payment sources Document", (f"{_ROOT}18", "2015-08-01"))
CARE_TEAM = define_section(
    "Care Team", "85847-2", "Patient Care team information", (f"{_ROOT}500", "2022-06-01")
)
NOTES = define_section("Progress Notes", "11506-3", "Progress note", (f"{_ROOT}65", "2016-11-01"))
