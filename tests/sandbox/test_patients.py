"""The charts of the synthetic practices are consistent, and long ones show what pages are for."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from charthouse.domains.clinical.code_labels import get_icd10_label
from charthouse.sandbox.data.complaints import BY_CODE, COMPLAINTS
from charthouse.sandbox.data.conditions import CONDITIONS
from charthouse.sandbox.data.drugs import DRUGS
from charthouse.sandbox.data.featured_patients import FEATURED_PATIENTS
from charthouse.sandbox.data.lab_panels import A1C_VALUE, HEMOGLOBIN, LDL, THYROID
from tests.sandbox.databases import SandboxDatabase, query

CHRONIC = [condition.code for condition in CONDITIONS]
# What must not be found: name of the rule, statement that finds rows that break it.
RULES = {
    "a medication is for a problem of the patient": """
        select m.id from medications_medication m where not exists (
            select from clinical_problem p where p.patient_id = m.patient_id and p.name = m.indication)""",
    "a problem begins after birth and before it is over": """
        select p.id from clinical_problem p join patients_patient t on t.id = p.patient_id
         where date_onset < date_of_birth or date_onset > abatement_date or date_onset > current_date""",
    "a medication begins after its problem, is prescribed then or later, and ends after that": """
        select m.id from medications_medication m
         where date_prescribed < date_started_taking or date_stopped_taking < date_started_taking or not exists (
            select from clinical_problem p where p.patient_id = m.patient_id and p.name = m.indication
               and date_onset <= date_started_taking)""",
    "nobody comes before birth, before the chart is opened, or after death": """
        select a.id from scheduling_appointment a join patients_patient t on t.id = a.patient_id
         where scheduled_time::date < date_of_birth or scheduled_time > date_of_death + 1
            or scheduled_time < t.created_at - interval '1 day'""",
    "a chronic diagnosis of a visit is on the list of problems, and began by then": """
        select a.id, code from scheduling_appointment a, unnest(icd10_codes) code
         where code = any(array[{chronic}]) and not exists (
            select from clinical_problem p where p.patient_id = a.patient_id and p.icd_code = code
               and p.date_onset <= a.scheduled_time::date + 1)""",
    "the note of a visit assesses nothing but its diagnoses": """
        select v.id, v.value from clinical_clinicalnotefieldvalue v
          join clinical_clinicalnotefieldtype f on f.id = v.clinical_note_field_id and f.name = 'Impression'
          join scheduling_appointment a on a.id = v.appointment_id
         where v.value !~ '^1[.] ' and not exists (
            select from jsonb_each_text('{labels}') l
             where v.value like l.value || '%' and l.key = any(a.icd10_codes))""",
    "a long-lasting problem is on the list once": """
        select patient_id, icd_code from clinical_problem where icd_code = any(array[{chronic}])
         group by 1, 2 having count(*) > 1""",
    "a program for diabetes is for patients with diabetes": """
        select p.id from patients_patienttag p join patients_tag t on t.id = p.tag_id
         where t.name = 'Diabetes program' and not exists (
            select from clinical_problem d where d.patient_id = p.patient_id and d.icd_code like 'E11%')""",
    "hemoglobin A1c is that of diabetes in patients with diabetes alone": """
        select r.id from labs_labresult r join labs_labtest t on t.id = r.lab_test_id
          join labs_laborder o on o.id = t.lab_order_id
         where observation_code = '4548-4' and value::numeric >= 6.5 and not exists (
            select from clinical_problem d where d.patient_id = o.patient_id and d.icd_code like 'E11%')""",
    "PSA is measured in men": """
        select r.id from labs_labresult r join labs_labtest t on t.id = r.lab_test_id
          join labs_laborder o on o.id = t.lab_order_id join patients_patient p on p.id = o.patient_id
         where observation_code = '2857-1' and gender <> 'Male'""",
    "a result comes after its order": """
        select r.id from labs_labresult r join labs_labtest t on t.id = r.lab_test_id
          join labs_laborder o on o.id = t.lab_order_id
         where results_released < o.timestamp or o.reviewed_at < r.updated_at""",
    "an interpreter is for patients of another language": """
        select p.id from patients_patienttag g join patients_tag t on t.id = g.tag_id
          join patients_patient p on p.id = g.patient_id
         where t.name = 'Needs interpreter' and preferred_language in ('eng', 'declined', 'blank')""",
    "a vaccine that lasts is given once": """
        select patient_id, cvx_code from inventory_patientvaccinerecord group by 1, 2 having count(*) > 1""",
    "a note says the blood pressure that was measured": """
        select v.id from clinical_clinicalnotefieldvalue v
          join clinical_clinicalnotefieldtype f on f.id = v.clinical_note_field_id
          join scheduling_vitals m on m.appointment_id = v.appointment_id
         where f.name = 'Blood pressure, sitting' and v.value <> blood_pressure_1 || '/' || blood_pressure_2""",
}


@pytest.fixture(autouse=True)
def open_sandbox(sandbox: SandboxDatabase) -> Iterator[None]:
    """Use the database of the sandbox."""
    with sandbox.open():
        yield


@pytest.mark.parametrize("rule", RULES)
def test_charts_are_consistent(rule: str) -> None:
    chronic = ", ".join(f"'{code}'" for code in CHRONIC)
    coded = query("select distinct unnest(icd10_codes) from scheduling_appointment")
    names = {code: get_icd10_label(code) for (code,) in coded}
    names |= {each.code: each.name for each in (*CONDITIONS, *BY_CODE.values())}
    statement = RULES[rule].replace("{chronic}", chronic).replace("{labels}", json.dumps(names))
    assert query(statement) == []


def test_problems_fit_the_sex_of_the_patient() -> None:
    of_one_sex = {each.code: each.sex for each in (*CONDITIONS, *COMPLAINTS) if each.sex}
    rows = query(
        "select icd_code, gender from clinical_problem p join patients_patient t on t.id = p.patient_id"
    )
    found = [(code, gender) for code, gender in rows if code in of_one_sex]
    assert len(found) > 20
    assert [one for one in found if of_one_sex[one[0]] != one[1]] == []


def test_nobody_takes_what_they_are_allergic_to() -> None:
    forbidden = {drug.name: drug.allergen for drug in DRUGS if drug.allergen}
    rows = query(
        "select m.name, a.description from medications_medication m "
        "join clinical_allergy a on a.patient_id = m.patient_id"
    )
    assert len(rows) > 50
    assert [row for row in rows if forbidden.get(row[0]) == row[1]] == []


def count_by_patient(table: str) -> dict[int, int]:
    statement = f"select patient_id, count(*) from {table} where status = 'active' group by 1"  # noqa: S608
    return dict(query(statement))  # type: ignore[arg-type]


def test_at_least_ten_charts_are_long() -> None:
    problems = count_by_patient("clinical_problem")
    medications = count_by_patient("medications_medication")
    allergies = count_by_patient("clinical_allergy")
    visits = dict(
        (patient, (count, days))
        for patient, count, days in query(
            "select a.patient_id, count(*), extract(day from max(scheduled_time) - min(scheduled_time)) "
            "from scheduling_appointment a join clinical_clinicalnotefieldvalue v on v.appointment_id = a.id "
            "join clinical_clinicalnotefieldtype f on f.id = v.clinical_note_field_id "
            "where f.name = 'Plan' and length(v.value) > 10 group by 1"
        )
    )
    long = [
        patient
        for patient in problems
        if 8 <= problems[patient] <= 15
        and 8 <= medications.get(patient, 0) <= 20
        and allergies.get(patient, 0) >= 2
        and visits.get(patient, (0, 0))[0] >= 5
        and visits[patient][1] > 365
    ]
    assert len(long) >= 10


def list_courses(loinc: str) -> list[tuple[Any, ...]]:
    """List (patient, days since treatment was begun, value) of an observation in patients who are treated for it."""
    codes = [condition.code for condition in CONDITIONS if loinc in condition.trends and condition.dosages]
    of_codes = ", ".join(f"'{code}'" for code in codes)
    return query(
        "select o.patient_id, o.timestamp::date - min(m.date_started_taking), value::float from labs_labresult r "  # noqa: S608
        "join labs_labtest t on t.id = r.lab_test_id join labs_laborder o on o.id = t.lab_order_id "
        f"join clinical_problem p on p.patient_id = o.patient_id and p.icd_code in ({of_codes}) "
        "join medications_medication m on m.patient_id = p.patient_id and m.indication = p.name "
        f"where observation_code = '{loinc}' group by o.patient_id, r.id, r.value, o.timestamp order by 1, 2"
    )


@pytest.mark.parametrize(
    ("loinc", "falls"), [(A1C_VALUE, True), (LDL, True), (THYROID.loinc, True), (HEMOGLOBIN, False)]
)
def test_values_follow_the_treatment(loinc: str, falls: bool) -> None:
    courses: dict[int, tuple[list[float], list[float]]] = {}
    for patient, days, value in list_courses(loinc):
        before, after = courses.setdefault(patient, ([], []))
        if days < 0:
            before.append(value)
        elif days > 100:
            after.append(value)
    changed = [(min(before), max(after)) for before, after in courses.values() if before and after]
    assert changed
    assert all((before > after) == falls for before, after in changed)


def test_children_grow_along_their_curve() -> None:
    rows = query(
        "select a.patient_id, v.height::float from scheduling_vitals v "
        "join scheduling_appointment a on a.id = v.appointment_id join patients_patient p on p.id = a.patient_id "
        "where p.date_of_birth > current_date - interval '14 years' order by a.patient_id, scheduled_time"
    )
    assert len(rows) > 50
    for (patient, height), (other, later) in pairwise(rows):
        assert patient != other or height <= later


def test_featured_patients_are_who_they_are() -> None:
    rows = query(
        "select first_name, last_name, date_of_birth::text, cell_phone, patient_status, email "
        "from patients_patient where practice_id = 1 order by id"
    )[: len(FEATURED_PATIENTS)]
    assert [row[:3] for row in rows] == [
        (one.first_name, one.last_name, one.born) for one in FEATURED_PATIENTS
    ]
    assert all(row[5].isascii() for row in rows)
    names = "".join(row[0] + row[1] for row in rows)
    for character in "'éоل王":
        assert character in names
    twins = [row for row in rows if row[1] == "García Romero" and row[2] == "2024-08-06"]
    assert len(twins) == 2
    same = [row for row in rows if row[1] == "Kowalski"]
    assert len({row[2:4] for row in same}) == 1
    assert [row[4] for row in rows].count("D") == 1


def test_there_is_work_to_do() -> None:
    assert query(
        "select count(*) > 5 from clinical_clinicalnote where locked_at is null and appointment_id is not null"
    ) == [(True,)]
    to_review = "from labs_laborder o where status = 'R' and reviewed_at is null"
    assert query(f"select count(*) between 2 and 60 {to_review}") == [(True,)]
