"""The Continuity of Care Document: authorization, contents of the sections, and date windows."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from charthouse import clock
from charthouse.domains.clinical import notes
from charthouse.domains.clinical.models import ClinicalNote, Problem
from charthouse.domains.medications.models import Medication
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Vitals
from charthouse.identity import tenancy
from charthouse.interchange.ccda import sections
from charthouse.interchange.ccda.document import render
from charthouse.interchange.cda.context import PatientBatch
from charthouse.interchange.cda.section import SectionType
from tests.domains.caller import Caller
from tests.interchange.chart import DAY, Record
from tests.interchange.documents import XSI_TYPE, Document, list_codes
from tests.support import make_api_user

LOINC = {name: kind.code.code for name, kind in vars(sections).items() if isinstance(kind, SectionType)}
ROOT = "2.16.840.1.113883.10.20.22."


@pytest.fixture(scope="module")
def document(filled: Record) -> Document:
    return filled.document()


# -- the header -------------------------------------------------------------------------------------------------


def test_document_type(document: Document) -> None:
    templates = [
        (t.get("root"), t.get("extension")) for t in document.all("/h:ClinicalDocument/h:templateId")
    ]
    assert templates == [
        (f"{ROOT}1.1", "2015-08-01"),
        (f"{ROOT}1.1", None),
        (f"{ROOT}1.2", "2015-08-01"),
        (f"{ROOT}1.2", None),
    ]
    assert document.one("/h:ClinicalDocument/h:code").get("code") == "34133-9"
    assert document.one("/h:ClinicalDocument/h:realmCode").get("code") == "US"
    assert document.one("/h:ClinicalDocument/h:confidentialityCode").get("code") == "N"
    made = document.one("/h:ClinicalDocument/h:effectiveTime").get("value")
    assert len(made) == len("20260302090000-0500")


def test_record_target(document: Document, filled: Record) -> None:
    role = document.one("//h:recordTarget/h:patientRole")
    assert str(filled.patient_id) in document.all("h:id/@extension", role)
    assert document.all("h:patient/h:name/h:given/text()", role) == ["Ada", "King"]
    assert document.one("h:patient/h:name/h:family", role).text == "Lovelace"
    assert document.one("h:patient/h:birthTime", role).get("value") == "19870412"
    assert document.one("h:patient/h:administrativeGenderCode", role).get("code") == "F"
    assert document.one("h:patient/h:raceCode", role).get("code") == "2028-9"
    assert document.one("h:patient/h:ethnicGroupCode", role).get("code") == "2186-5"
    assert document.one("h:patient//h:languageCode", role).get("code") == "es"
    assert document.one("h:addr/h:streetAddressLine", role).text == "1 Elm Street"
    assert "tel:3035550101" in document.all("h:telecom/@value", role)
    assert "mailto:ada@example.com" in document.all("h:telecom/@value", role)


def test_custodian_and_performers(document: Document, filled: Record) -> None:
    assert document.one("//h:custodian//h:name").text == filled.clinic.practice.name
    assert document.one("//h:documentationOf//h:performer//h:family").text == filled.doctor.last_name
    assert document.one("//h:documentationOf//h:performer//h:id").get("extension") == "1234567893"
    assert document.one("//h:documentationOf//h:low").get("value") == "19870412"
    assert document.one("//h:participant[@typeCode='IND']//h:associatedPerson/h:name").text == "Byron"
    assert document.one("/h:ClinicalDocument/h:author//h:softwareName").text == "Charthouse"


@pytest.mark.parametrize(("said", "flavor"), [("declined", "ASKU"), ("blank", "UNK"), ("other", None)])
def test_race_outside_of_the_value_set(record: Record, said: str, flavor: str | None) -> None:
    record.rewrite(race=said, date_of_death=date(2026, 1, 2), gender="Other")
    patient = record.document().one("//h:patientRole/h:patient")
    race, deceased = patient.find("{*}raceCode"), patient.find("{*}deceasedTime")
    assert race.get("nullFlavor") == flavor
    assert (race.get("code") == "2131-1") == (said == "other")
    assert deceased.get("value") == "20260102"
    assert patient.find("{*}administrativeGenderCode").get("code") == "UN"


# -- sections ---------------------------------------------------------------------------------------------------


def test_death_on_an_unknown_day(record: Record) -> None:
    assert record.document().all("//sdtc:deceasedInd") == []
    record.rewrite(patient_status="D")
    patient = record.document().one("//h:patientRole/h:patient")
    assert patient.find("{*}deceasedInd").get("value") == "true"
    assert patient.find("{*}deceasedTime").get("nullFlavor") == "UNK"


def test_sections_of_an_empty_chart_have_no_information(record: Record) -> None:
    document = record.document()
    for name, loinc in LOINC.items():
        section = document.section(loinc)
        if name == "CARE_TEAM":
            continue  # there is always a primary provider
        assert section.get("nullFlavor") == "NI", name
        assert document.read_text(loinc) == "No information."
        assert not document.entries(loinc)


def test_all_sections_of_a_full_chart_have_content(document: Document) -> None:
    for name, loinc in LOINC.items():
        section = document.section(loinc)
        assert section.get("nullFlavor") is None, name
        assert document.entries(loinc), name
        assert document.all("h:text/h:table/h:tbody/h:tr", section), name


def test_section_templates(document: Document) -> None:
    for kind in vars(sections).values():
        if isinstance(kind, SectionType):
            section = document.section(kind.code.code)
            found = {(t.get("root"), t.get("extension") or "") for t in document.all("h:templateId", section)}
            assert set(kind.templates) <= found
            assert document.one("h:title", section).text == kind.title


def test_problems(document: Document) -> None:
    acts = document.entries(LOINC["PROBLEMS"])
    assert [act.find("{*}statusCode").get("code") for act in acts] == ["active", "completed"]
    hypertension, throat = (
        document.one(".//h:observation[h:templateId/@root='" + ROOT + "4.4']", a) for a in acts
    )
    value = hypertension.find("{*}value")
    assert (value.get(XSI_TYPE), value.get("code"), value.get("codeSystem")) == (
        "CD",
        "I10",
        "2.16.840.1.113883.6.90",
    )
    assert document.one("h:effectiveTime/h:low", hypertension).get("value") == "20200501"
    assert document.one("h:effectiveTime/h:high", throat).get("value") == "20240201"
    assert list_codes([throat], ".//h:observation/h:value") == ["413322009"]


def test_problem_with_snomed_code_translates_to_icd(record: Record) -> None:
    record.of_patient("problems", icd_code="I10", snomed_ct_code="59621000", status="active")
    record.of_patient("problems", icd_code="E78.5", status="active", verification_status="refuted")
    record.of_patient("problems", icd_code="K21.9", status="active", verification_status="entered-in-error")
    document = record.document()
    assert list_codes(
        document.entries(LOINC["PROBLEMS"]), ".//h:entryRelationship/h:observation/h:value"
    ) == [
        "59621000",
        "55561003",
        "E78.5",
        "55561003",
    ]
    assert list_codes(document.entries(LOINC["PROBLEMS"]), ".//h:value/h:translation") == ["I10"]
    assert document.all("//h:observation[@negationInd='true']/h:value/@code") == ["E78.5"]
    assert "K21.9" not in document.content.decode()


def test_allergies(document: Document) -> None:
    (act,) = document.entries(LOINC["ALLERGIES"])
    assert list_codes([act], ".//h:playingEntity/h:code") == ["7980"]
    assert list_codes([act], ".//h:observation/h:value") == ["416098002", "247472004"]


def test_an_allergy_that_is_no_longer_active_is_completed(record: Record) -> None:
    for status in ("active", "inactive"):
        record.of_patient("allergies", description="Penicillin G", rxnorm="7980", status=status)
    acts = record.document().entries(LOINC["ALLERGIES"])
    assert sorted(act.find("{*}statusCode").get("code") for act in acts) == ["active", "completed"]


def test_medications(document: Document) -> None:
    (given,) = document.entries(LOINC["MEDICATIONS"])
    assert list_codes([given], "h:consumable//h:code") == ["314076"]
    assert list_codes([given], "h:routeCode") == ["C38288"]
    dose, period = document.one("h:doseQuantity", given), document.one("h:effectiveTime/h:period", given)
    assert (dose.get("value"), dose.get("unit")) == ("1", "{tablet}")
    assert (period.get("value"), period.get("unit")) == ("24", "h")
    supply = document.one(".//h:supply", given)
    assert document.one("h:repeatNumber", supply).get("value") == "3"
    assert document.one("h:quantity", supply).get("value") == "90"


def test_immunizations(document: Document) -> None:
    given, refused = document.entries(LOINC["IMMUNIZATIONS"])
    assert list_codes([given, refused], ".//h:manufacturedMaterial/h:code") == ["03", "03"]
    assert (given.get("negationInd"), refused.get("negationInd")) == ("false", "true")
    assert list_codes([refused], ".//h:entryRelationship/h:observation/h:code") == ["PATOBJ"]
    assert document.one(".//h:lotNumberText", given).text == "L1"


def test_results(document: Document) -> None:
    panel, by_hand = document.entries(LOINC["RESULTS"])
    assert list_codes([panel, by_hand]) == ["24323-8", "10368-9"]
    glucose, strep = document.all("h:component/h:observation", panel)
    value = document.one("h:value", glucose)
    assert (value.get(XSI_TYPE), value.get("value"), value.get("unit")) == ("PQ", "130", "mg/dL")
    assert list_codes([glucose], "h:interpretationCode") == ["H"]
    limits = document.one("h:referenceRange//h:value", glucose)
    assert (document.one("h:low", limits).get("value"), document.one("h:high", limits).get("value")) == (
        "70",
        "99",
    )
    assert (document.one("h:value", strep).get(XSI_TYPE), document.one("h:value", strep).text) == (
        "ST",
        "Negative",
    )


def test_vital_signs(document: Document) -> None:
    (taken,) = document.entries(LOINC["VITALS"])
    found = {
        observation.find("{*}code").get("code"): (
            observation.find("{*}value").get("value"),
            observation.find("{*}value").get("unit"),
        )
        for observation in document.all("h:component/h:observation", taken)
    }
    assert found == {
        "8302-2": ("64", "[in_i]"),
        "29463-7": ("140", "[lb_av]"),
        "39156-5": ("24", "kg/m2"),
        "8480-6": ("121", "mm[Hg]"),
        "8462-4": ("79", "mm[Hg]"),
        "8867-4": ("71", "/min"),
        "9279-1": ("14", "/min"),
        "8310-5": ("98.6", "[degF]"),
        "59408-5": ("98", "%"),
        "72514-3": ("2", "{score}"),
    }


def test_encounters_and_diagnoses(document: Document, filled: Record) -> None:
    (visit,) = document.entries(LOINC["ENCOUNTERS"])
    assert document.one("h:effectiveTime/h:low", visit).get("value") == "20260302090000-0500"
    assert document.one("h:effectiveTime/h:high", visit).get("value") == "20260302093000-0500"
    assert list_codes([visit], ".//h:observation/h:value") == ["J06.9"]
    assert document.one(".//h:participant//h:playingEntity/h:name", visit).text == "Main Street"
    assert "Acute upper respiratory infection" in document.read_text(LOINC["ENCOUNTERS"])


@pytest.mark.parametrize("status", ["Cancelled", "No Show", "Rescheduled"])
def test_missed_visit_is_no_encounter(record: Record, status: str) -> None:
    record.visit(DAY, status=status)
    record.visit("2036-03-03", status=status)
    document = record.document()
    assert not document.entries(LOINC["ENCOUNTERS"])
    assert not document.entries(LOINC["PLAN"])


def test_encounter_has_its_billed_code(record: Record) -> None:
    visit = record.visit(DAY, status="Complete")
    for code in ("36415", "99214"):
        charge = {"code": code, "procedure_type": "C", "price": "90.00", "quantity": "1"}
        record.new(
            "line_items",
            appointment=visit,
            diagnosis_pointers=[1, 0, 0, 0],
            modifiers=["", "", "", ""],
            **charge,
        )
    (entry,) = record.document().entries(LOINC["ENCOUNTERS"])
    assert list_codes([entry]) == ["99214"]
    assert list_codes([entry], "h:code/h:translation") == ["AMB"]


def test_procedures(document: Document) -> None:
    procedure, exam = document.entries(LOINC["PROCEDURES"])
    assert list_codes([procedure, exam]) == ["99213", "5880005"]
    assert procedure.find("{*}code").get("codeSystem") == "2.16.840.1.113883.6.12"
    assert list_codes([exam], "h:value") == ["17621005"]


def test_plan_of_treatment(document: Document) -> None:
    planned = document.entries(LOINC["PLAN"])
    assert [entry.get("moodCode") for entry in planned] == ["APT", "RQO", "INT", "INT", "INT", "RQO"]
    assert list_codes(document.entries(LOINC["GOALS"])) == []
    assert (
        document.one("h:entry/h:observation/h:value", document.section(LOINC["GOALS"])).text == "Walk daily"
    )
    assert "Falls" in document.read_text(LOINC["CONCERNS"])
    assert "Cardiologist" in document.read_text(LOINC["PLAN"])


def test_smoking_status_latest_first(record: Record) -> None:
    for day, status in (("2026-03-02", "8517006"), ("2026-03-03", "8517006"), ("2026-03-04", "449868002")):
        record.visit(day, status="Complete", vitals={"smoking_status": status})
    found = record.document().entries(LOINC["SOCIAL"])
    assert list_codes(found, "h:value") == ["449868002", "8517006"]
    assert [entry.find("{*}effectiveTime").get("value")[:8] for entry in found] == ["20260304", "20260302"]


def test_vital_signs_measured_outside_of_visits(record: Record) -> None:
    """Ordered by time, in the doctor's time zone, without deleted rows and those of other patients."""
    record.visit("2026-03-03", status="Complete", vitals={"pulse": 71})
    other = record.new(first_name="Grace", last_name="Hopper")["id"]
    at = {"practice": record.clinic.practice, "taken_at": "2026-03-03T02:30:00Z"}
    with tenancy.within(record.clinic.id):
        home = Vitals.objects.create(patient_id=record.patient_id, blood_pressure_1=117, **at)
        Vitals.objects.create(patient_id=record.patient_id, pulse=44, archived=True, **at)
        Vitals.objects.create(patient_id=other, pulse=45, **at)
    document = record.document()
    found = document.entries(LOINC["VITALS"])
    assert [entry.find("{*}effectiveTime").get("value")[:8] for entry in found] == ["20260302", "20260303"]
    assert document.all("h:component/h:observation/h:value/@value", found[0]) == ["117"]
    assert document.all("h:component/h:observation/h:value/@value", found[1]) == ["71"]
    assert document.one(f"//h:*[@ID='vitals-{home.pk}']") is not None


def test_remaining_sections(document: Document) -> None:
    assert document.all(".//h:participantRole/h:id/@extension", document.section(LOINC["DEVICES"])) == [
        "(01)00000000000017(21)SN1"
    ]
    assert "Aetna" in document.read_text(LOINC["PAYERS"])
    assert "Cold, not flu." in document.read_text(LOINC["NOTES"])
    assert "Doris Doctor" in document.read_text(LOINC["CARE_TEAM"])


def test_signed_notes_without_a_visit(record: Record) -> None:
    """The signer is the author; unsigned and deleted notes and those of other patients are excluded."""
    program = make_api_user(record.clinic.practice).client()
    other = record.new(first_name="Grace", last_name="Hopper")["id"]

    def write(title: str, patient: int = record.patient_id) -> int:
        body = {"pt_id": patient, "title": title, "content": "Better <b>now</b>.", "date_of_service": DAY}
        return int(program.post("/api/v1/encounters", json=body).json()["id"])

    told, theirs, gone = write("Call"), write("Theirs", other), write("Gone")
    write("Still open")
    with tenancy.within(record.clinic.id):
        type(record.user).objects.filter(pk=record.user.pk).update(first_name="Ines", last_name="Signer")
        for note in (told, theirs, gone):
            notes.lock(record.clinic.id, note, record.user.pk)
        ClinicalNote.objects.filter(pk=gone).update(archived=True)
    document = record.document()
    (entry,) = document.entries(LOINC["NOTES"])
    assert entry.find("{*}effectiveTime").get("value") == DAY.replace("-", "")
    assert document.one("h:author//h:family", entry).text == "Signer"
    said = document.read_text(LOINC["NOTES"])
    assert "Call. Better <b>now</b>." in said
    assert "Ines Signer" in said
    for hidden in ("Still open", "Theirs", "Gone"):
        assert hidden not in said
    assert len(document.resources("DocumentReference")) == 1


def test_unsigned_notes_are_excluded(record: Record) -> None:
    visit = record.visit(DAY, status="Complete")
    record.write(visit, "Not yet sure.")
    assert b"Not yet sure." not in record.document().content


def test_deleted_rows_are_excluded(record: Record) -> None:
    row = record.of_patient("medications", name="Lisinopril")
    visit = record.visit(DAY, status="Complete", vitals={"pulse": 71}, reason="Cough")
    with tenancy.within(record.clinic.id):
        Medication.objects.filter(pk=row["id"]).update(archived=True)
    record.http.delete(f"/api/appointments/{visit}")
    document = record.document()
    for name in ("MEDICATIONS", "VITALS", "ENCOUNTERS"):
        assert document.section(LOINC[name]).get("nullFlavor") == "NI"


def test_rows_of_other_patients_are_excluded(record: Record) -> None:
    other = record.new(first_name="Grace", last_name="Hopper")["id"]
    record.new("problems", patient=other, icd_code="I10", status="active")
    assert not record.document().entries(LOINC["PROBLEMS"])


# -- independent reader -----------------------------------------------------------------------------------------


def test_independent_reader_finds_the_entries(document: Document) -> None:
    (patient,) = document.resources("Patient")
    assert patient["name"][0]["family"] == "Lovelace"
    assert patient["birthDate"] == "1987-04-12"

    def found(kind: str, path: str = "code") -> set[Any]:
        return {
            coding.get("code")
            for resource in document.resources(kind)
            for coding in resource.get(path, {}).get("coding", ())
        }

    assert {"I10", "J02.9", "J06.9"} <= found("Condition")
    assert found("AllergyIntolerance") == {"7980"}
    assert found("MedicationStatement", "medicationCodeableConcept") == {"314076"}
    assert "03" in found("Immunization", "vaccineCode")
    assert "99213" in found("Procedure")
    assert {"2345-7", "10368-9", "29463-7", "72166-2"} <= found("Observation")
    assert len(document.resources("Encounter")) == len(document.resources("Appointment")) == 1
    assert len(document.resources("Goal")) == len(document.resources("ServiceRequest")) == 1
    assert len(document.resources("Coverage")) == len(document.resources("DocumentReference")) == 1
    statuses = {resource["status"] for resource in document.resources("Immunization")}
    assert statuses == {"completed", "not-done"}


# -- days -------------------------------------------------------------------------------------------------------


def test_day_and_range_of_days(filled: Record) -> None:
    dated = ("RESULTS", "VITALS", "PROCEDURES", "IMMUNIZATIONS", "ENCOUNTERS", "SOCIAL", "NOTES", "GOALS")
    lasting = ("PROBLEMS", "MEDICATIONS", "ALLERGIES", "DEVICES", "PAYERS")
    for asked in ({"date": DAY}, {"date_range": f"2026-03-01/{DAY}"}, {"date_range": f"{DAY}/2040-01-01"}):
        document = filled.document(**asked)
        for name in (*dated, *lasting):
            assert document.entries(LOINC[name]), (name, asked)
    for asked in ({"date": "2026-03-03"}, {"date_range": "2025-01-01/2026-03-01"}):
        document = filled.document(**asked)
        for name in dated:
            assert not document.entries(LOINC[name]), (name, asked)
        for name in lasting:
            assert document.entries(LOINC[name]), (name, asked)


def test_window_includes_overlapping_periods(record: Record) -> None:
    record.own(Problem, icd_code="J02.9", date_onset=date(2024, 1, 5), abatement_date=date(2024, 2, 1))
    for day, found in (("2024-01-04", 0), ("2024-01-05", 1), ("2024-02-01", 1), ("2024-02-02", 0)):
        assert len(record.document(date=day).entries(LOINC["PROBLEMS"])) == found, day


def test_service_event_covers_the_window(record: Record) -> None:
    document = record.document(date_range="2025-02-01/2025-03-31")
    times = document.one("//h:serviceEvent/h:effectiveTime")
    assert (times[0].get("value"), times[1].get("value")) == ("20250201", "20250331")


def test_days_follow_the_doctors_time_zone(record: Record) -> None:
    record.book("2026-03-02T23:30:00", status="Complete", allow_overlapping=True)  # the 3rd in UTC
    assert record.document(date="2026-03-02").entries(LOINC["ENCOUNTERS"])
    assert not record.document(date="2026-03-03").entries(LOINC["ENCOUNTERS"])


@pytest.mark.parametrize(
    "asked",
    [
        {"date": "yesterday"},
        {"date_range": "2026-03-02"},
        {"date_range": "2026-03-02/2026-03-01"},
        {"doctor": "x"},
    ],
)
def test_invalid_parameters_are_reported(record: Record, asked: dict[str, str]) -> None:
    answer = record.http.get(f"/api/patients/{record.patient_id}/ccda", params=asked)
    assert answer.status_code == 400
    assert set(answer.json()) == set(asked)


@pytest.mark.parametrize(
    ("asked", "status"),
    [("0001-01-01/9999-12-31", 400), ("0001-01-02/9999-12-29", 200), ("0001-01-02/0001-01-02", 200)],
)
def test_days_at_the_limits_of_the_calendar(record: Record, asked: str, status: int) -> None:
    """The parameter accepts only days that exist in every time zone."""
    record.visit(DAY, status="Complete")
    for kind in ("ccda", "ccda_async"):
        url = f"/api/patients/{record.patient_id}/{kind}"
        assert record.http.get(url, params={"date_range": asked}).status_code == status
    first, last = asked.split("/")
    url = f"/api/patients/{record.patient_id}/qrda1"
    assert record.http.get(url, params={"start_date": first, "end_date": last}).status_code == status
    assert record.http.get("/api/mu_2015_report", params={"date_range": asked}).status_code == status


# -- authorization ----------------------------------------------------------------------------------------------


def test_requires_the_scope_but_no_permission(record: Record) -> None:
    url = f"/api/patients/{record.patient_id}/ccda"
    assert Caller(record.clinic, permissions=()).http.get(url).status_code == 200
    assert Caller(record.clinic, scopes=("clinical",)).http.get(url).status_code == 403
    assert Caller().http.get(url).status_code == 404
    assert record.http.get("/api/patients/999999999/ccda").status_code == 404
    assert record.http.post(url, json={}).status_code == 405


def test_patient_filters_apply(record: Record) -> None:
    for asked, found in (
        ({"first_name": "ad", "gender": "Female", "doctor": record.doctor.pk}, True),
        ({"race": "asian", "email": "ada@example.com", "date_of_birth": "1987-04-12"}, True),
        ({"first_name": "Grace"}, False),
        ({"since": "2050-01-01"}, False),
        ({"doctor": 999999999}, False),
    ):
        answer = record.http.get(f"/api/patients/{record.patient_id}/ccda", params=asked)
        assert (answer.status_code == 200) == found, asked


def test_number_of_queries_is_constant(record: Record, filled: Record) -> None:
    def queries(of: Record) -> int:
        with CaptureQueriesContext(connection) as seen:
            of.document()
        return len(seen)

    empty = queries(record)
    assert queries(filled) <= empty + 1  # identifiers of the care team's doctors
    for number in range(5):
        record.of_patient("problems", icd_code="I10", status="active", name=f"Problem {number}")
        record.visit(f"2026-03-{number + 2:02d}", status="Complete", vitals={"pulse": 71})
    assert queries(record) == empty
    assert empty < 40


def test_documents_of_a_batch_are_those_of_each_alone(filled: Record) -> None:
    """Of patients whose documents are made together, one with all kinds of rows and one with none."""
    practice, (many, none) = (
        filled.clinic.id,
        (filled.patient_id, filled.make(Patient, doctor=filled.doctor, first_name="Grace").pk),
    )
    made = {"now": clock.now(), "document_id": str(uuid4())}
    with tenancy.within(practice):
        patients = [Patient.objects.get(pk=pk) for pk in (many, none)]
        alone = [render(patient, **made) for patient in patients]
        batch = PatientBatch(practice, [many, none])
        assert render(patients[0], **made, batch=batch) == alone[0]
        with CaptureQueriesContext(connection) as seen:
            assert render(patients[1], **made, batch=batch) == alone[1]
    assert seen.captured_queries == []
