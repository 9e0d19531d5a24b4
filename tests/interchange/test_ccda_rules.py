"""The Continuity of Care Document follows HL7's rules, whatever a chart lacks."""

from datetime import date
from itertools import zip_longest

from charthouse.domains.clinical.models import Allergy, Problem
from charthouse.domains.medications.models import Medication
from charthouse.domains.practice.models import Doctor
from charthouse.identity import tenancy
from charthouse.interchange.ccda import sections
from charthouse.interchange.ccda.results import build_reference_range
from charthouse.interchange.cda import codes
from charthouse.interchange.cda.section import SectionType
from tests.cases import each_case
from tests.interchange import sparse
from tests.interchange.chart import VITALS, Record
from tests.interchange.documents import XSI_TYPE
from tests.interchange.rules import find_errors, find_foreign_codes

SECTIONS = {name: kind for name, kind in vars(sections).items() if isinstance(kind, SectionType)}


def test_sections_with_and_without_entries(record: Record) -> None:
    empty = record.document()
    sparse.add_rows(record)
    sparse.fill_header(record)
    full, nothing = record.document(), record.document(date="1950-01-01")
    for name, kind in SECTIONS.items():
        assert full.entries(kind.code.code), name
        assert name == "CARE_TEAM" or empty.section(kind.code.code).get("nullFlavor") == "NI", name
    assert find_errors(empty.root) == []
    assert find_errors(nothing.root) == []
    assert find_errors(full.root) == []
    assert find_foreign_codes(full.root) == []


def test_rows_that_lack_values(record: Record) -> None:
    sparse.add_rows(record)
    sparse.fill_header(record)
    assert sparse.spread(record) > 400
    document = record.document()
    assert len(document.all("//h:tbody/h:tr")) > 400
    assert find_errors(document.root) == []
    assert find_foreign_codes(document.root) == []


def test_charts_that_lack_values_of_which_they_have_one(record: Record) -> None:
    """A round changes one row of each table, or two and more where their changes can be shared out."""
    record.visit(vitals=VITALS)
    sparse.fill_header(record)
    changes = []
    with tenancy.within(record.clinic.id):
        for model in sparse.SINGLE:
            rows = list(model.objects.filter(practice=record.clinic.practice).order_by("pk"))
            for number, row in enumerate(rows):
                changes.append(
                    [(row, values) for values in list(sparse.list_changes(row))[number :: len(rows)]]
                )
    rounds = list(zip_longest(*changes))
    assert sum(map(len, changes)) > 100
    failed = {}
    for round_of_changes in rounds:
        some = [change for change in round_of_changes if change]
        with sparse.change_rows(some, record.clinic.id):
            if errors := find_errors(record.document().root):
                failed[str([(type(row).__name__, values) for row, values in some])] = errors
    assert failed == {}


def test_first_template_is_the_most_specific() -> None:
    for name, kind in SECTIONS.items():
        roots = [root for root, _ in kind.templates]
        assert roots == sorted(roots, key=len, reverse=True), name


@each_case(
    ("text", "low", "high"),
    [
        ("70 99", "70", "99"),
        ("70-99", "70", "99"),
        ("-2.5 2.5", "-2.5", "2.5"),
        ("70 to 99 mg/dL", "70", "99"),
        ("<5.7", None, "5.7"),
        (">= 60 mg/dL", "60", None),
        ("negative", None, None),
        ("70 99 110", None, None),
    ],
)
def test_reference_range(text: str, low: str | None, high: str | None) -> None:
    made = build_reference_range(text, "mg/dL", numeric=True)
    value = made.find("observationRange/value")
    assert made.findtext("observationRange/text") == text
    assert [
        value.find(tag).get("value") if value.find(tag) is not None else None for tag in ("low", "high")
    ] == [
        low,
        high,
    ]
    assert value.get(XSI_TYPE) == ("IVL_PQ" if low or high else "ST")
    assert low or high or value.text == text


def test_what_is_no_national_provider_identifier_is_the_practices_own(record: Record) -> None:
    path = "//h:documentationOf//h:performer//h:id"
    for npi, is_national in (("1234567893", True), ("1234567890", False), ("none yet", False), ("", False)):
        with tenancy.within(record.clinic.id):
            Doctor.objects.filter(pk=record.doctor.pk).update(npi_number=npi)
        found = record.document().one(path)
        assert (found.get("root") == codes.NPI) == is_national, npi
        assert found.get("extension") == (npi if is_national else str(record.doctor.pk))


def test_person_with_one_name(record: Record) -> None:
    record.rewrite(first_name="", middle_name="", last_name="Sukarno")
    name = record.document().one("//h:recordTarget//h:patient/h:name[@use='L']")
    assert [(part.tag.split("}")[1], part.get("nullFlavor"), part.text) for part in name] == [
        ("given", "UNK", None),
        ("family", None, "Sukarno"),
    ]


# -- severity of allergies --------------------------------------------------------------------------------------


def test_the_severity_of_a_reaction_is_observed(record: Record) -> None:
    for name, severity in (
        ("Penicillin", "severe"),
        ("Latex", "mild"),
        ("Codeine", ""),
        ("Bees", "moderate"),
    ):
        reaction = "" if name == "Bees" else "Hives"
        record.own(Allergy, description=name, reaction=reaction, severity=severity, status="active")
    document = record.document()
    path = ".//h:observation[h:code/@code='SEV']/h:value"
    found = [
        [value.get("code") for value in document.all(path, entry)]
        for entry in document.entries(sections.ALLERGIES.code.code)
    ]
    assert found == [["24484000"], ["255604002"], [], []]
    assert "moderate" in document.content.decode(), "in the narrative, without a reaction"
    assert find_errors(document.root) == []
    assert find_foreign_codes(document.root) == []


# -- none known -------------------------------------------------------------------------------------------------

ALLERGIES, PROBLEMS = sections.ALLERGIES.code.code, sections.PROBLEMS.code.code
MEDICATIONS = sections.MEDICATIONS.code.code
DENIED = ".//h:observation[@negationInd='true']/h:value"
NO_ALLERGY = {"description": "No known allergies", "snomed_code": "716186003", "status": "active"}
NO_PROBLEM = {"name": "No known problems", "snomed_ct_code": "160245001", "status": "active"}


def test_none_known_is_a_negated_observation(record: Record) -> None:
    record.own(Allergy, **NO_ALLERGY)
    record.own(Allergy, description="No known food allergy", snomed_code="429625007")
    record.own(Problem, **NO_PROBLEM)
    for document in (record.document(), record.document(date="2026-03-02")):
        found = document.entries(ALLERGIES)
        assert [value.get("code") for entry in found for value in document.all(DENIED, entry)] == [
            "419199007",
            "414285001",
        ]
        assert {code.get("nullFlavor") for code in document.all("//h:playingEntity/h:code", found[0])} == {
            "NA"
        }
        (problem,) = document.entries(PROBLEMS)
        assert document.one(DENIED, problem).get("code") == "55607006"
        assert "No known allergies" in document.content.decode()
        assert find_errors(document.root) == []
        assert find_foreign_codes(document.root) == []
    report = record.document("qrda1", start_date="2026-01-01", end_date="2026-12-31")
    assert report.all(f"{DENIED}[@code='419199007' or @code='55607006']") == []


def test_no_known_medications_is_a_negated_administration(record: Record) -> None:
    record.own(Medication, name="No known medications", status="active")
    for document in (record.document(), record.document(date="2026-03-02")):
        (entry,) = document.entries(MEDICATIONS)
        assert (entry.tag.split("}")[1], entry.get("negationInd")) == ("substanceAdministration", "true")
        denied = document.one(".//h:manufacturedMaterial/h:code/h:translation", entry)
        assert denied.get("code") == "410942007"
        assert find_errors(document.root) == []
        assert find_foreign_codes(document.root) == []
    report = record.document("qrda1", start_date="2026-01-01", end_date="2026-12-31")
    assert report.all("//h:substanceAdministration") == []
    record.own(Medication, name="Lisinopril", status="active", date_started_taking=date(2026, 3, 20))
    for document in (record.document(), record.document(date="2026-03-02")):
        assert document.all(".//h:substanceAdministration[@negationInd]") == []
        assert "No known" not in document.content.decode()


def test_a_statement_that_holds_no_more_is_left_out(record: Record) -> None:
    record.own(Allergy, **NO_ALLERGY)
    record.own(Allergy, description="Latex", status="active")
    record.own(Allergy, description="NKDA", status="inactive")
    record.own(Problem, **NO_PROBLEM)
    record.own(Problem, icd_code="I10", status="active", date_onset=date(2026, 3, 5))
    for document in (record.document(), record.document(date="2026-03-02")):
        assert len(document.entries(ALLERGIES)) == 1
        assert document.all(DENIED) == []
        assert "No known" not in document.content.decode()
    assert record.document(date="2026-03-02").section(PROBLEMS).get("nullFlavor") == "NI"
