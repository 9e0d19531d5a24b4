"""The text of a visit's note, from its reason and the conditions that the patient has by then."""

from random import Random

from charthouse.domains.clinical.code_labels import get_icd10_label
from charthouse.sandbox.calendar import Visit
from charthouse.sandbox.clinical.conditions import PatientCondition
from charthouse.sandbox.data.complaints import BY_CODE, NURSE_VISITS
from charthouse.sandbox.data.conditions.condition import Complaint
from charthouse.sandbox.patients.record import PatientRecord
from charthouse.sandbox.scheduling.visit_reasons import NEW_PATIENT, list_topics

Texts = dict[str, dict[str, str]]
WELL = "Feels well otherwise."
COME_BACK = {60: "In three months", 30: "In three months", 20: "As needed", 15: "As needed"}  # by minutes


def write_note(random: Random, visit: Visit, patient: PatientRecord, *, is_first: bool) -> Texts:
    """Write the text of each field, by template and name. ``is_first``: whether it is the patient's first visit."""
    reason = visit.row["reason"]
    texts = _write_soap(visit, patient)
    texts["Subjective"] |= {
        "Chief complaint": reason,
        "Pain": random.choice(("None", "None", "Mild", "Moderate")),
    }
    texts["Objective"] |= {"Appears well": "True", "Lungs clear": "2"}
    if "blood_pressure_1" in visit.vitals:
        vitals = visit.vitals
        texts["Objective"]["Blood pressure, sitting"] = (
            f"{vitals['blood_pressure_1']}/{vitals['blood_pressure_2']}"
        )
    if is_first:
        texts["Social history"] = _write_social_history(random, patient.get_age(visit.date))
    if random.random() < 0.3:
        texts["Before the visit"] = {"What brings you in": reason}
    return texts


def _write_social_history(random: Random, age: float) -> dict[str, str]:
    lives_with = "Family" if age < 20 else random.choice(("Alone", "Family"))
    return {"Lives with": lives_with, "Exercises": random.choice("012")}


def _write_soap(visit: Visit, patient: PatientRecord) -> Texts:
    day = visit.date.toordinal()
    codes = list_topics(patient, visit)
    complaint = BY_CODE.get(codes[0])
    by_code = {each.condition.code: each for each in patient.conditions}
    conditions = [by_code[code] for code in codes if code in by_code]
    history, findings = _write_findings(complaint, conditions, day)
    if visit.row["reason"] in NURSE_VISITS:
        history.insert(0, NURSE_VISITS[visit.row["reason"]][1])
    if visit.row["reason"] == NEW_PATIENT:
        history.insert(0, "New to the practice; records of the former doctor were asked for.")
    return {
        "Subjective": {"History of present illness": "\n".join(history or [WELL])},
        "Objective": {"Findings": " ".join(dict.fromkeys(findings)) or "No findings beyond the vitals."},
        "Assessment": {"Impression": _number([_assess(code, conditions, day) for code in codes])},
        "Plan": {
            "Plan": _number(_write_plans(complaint, conditions, day) or ["Continue as before."]),
            "Come back": COME_BACK[visit.slot.minutes],
        },
    }


def _write_findings(
    complaint: Complaint | None, conditions: list[PatientCondition], day: int
) -> tuple[list[str], list[str]]:
    history = [complaint.history] if complaint else []
    findings = [complaint.finding] if complaint else []
    for each in conditions:
        text = each.condition.histories[each.is_treated(day)]
        history.append(f"{each.condition.name}: {text}" if complaint or len(conditions) > 1 else text)
        findings.append(each.condition.finding)
    return history, findings


def _assess(code: str, conditions: list[PatientCondition], day: int) -> str:
    """Assess a diagnosis: whether a condition that is treated has got better."""
    found = next((each for each in conditions if each.condition.code == code), None)
    if found is None:
        complaint = BY_CODE.get(code)
        return complaint.name if complaint else get_icd10_label(code)
    name = found.condition.name
    if found.condition.histories[0] == found.condition.histories[1]:
        return name
    return f"{name}: {'controlled' if found.is_treated(day) else 'not controlled yet'}"


def _write_plans(complaint: Complaint | None, conditions: list[PatientCondition], day: int) -> list[str]:
    plans = [complaint.plan] if complaint else []
    return [*plans, *(each.condition.plans[each.is_treated(day)] for each in conditions)]


def _number(lines: list[str]) -> str:
    """Number the lines, where there are several."""
    return (
        lines[0] if len(lines) == 1 else "\n".join(f"{index}. {line}" for index, line in enumerate(lines, 1))
    )
