"""The values that laboratories find: normal, or as the conditions of the patient and their treatment make them.

Each follows from patient, observation and day. Values that depend on each other are computed: total cholesterol from
its parts (Friedewald, 1972), creatinine from the filtration rate (CKD-EPI, 2021), hematocrit as three times hemoglobin.
"""

from collections.abc import Mapping
from datetime import date
from random import Random

from charthouse.sandbox.data.lab_panels import (
    CHOLESTEROL,
    CREATININE,
    FILTRATION,
    HDL,
    HEMATOCRIT,
    HEMOGLOBIN,
    LDL,
    TRIGLYCERIDE,
    Observation,
    Panel,
)
from charthouse.sandbox.loader import Row
from charthouse.sandbox.patients.record import PatientRecord, is_child

UNUSUAL_SHARE = 0.05  # of values without a condition that are slightly out of range
NOISE = 0.03  # standard deviation of a value around its course
OF_CHILDREN = {
    HEMOGLOBIN: (11.5, 15.5),
    HEMATOCRIT: (34, 46),
}  # 12 g/dL at two years, rising to that of adults


def get_range(observation: Observation, patient: PatientRecord) -> tuple[float, float]:
    """Return the normal range of an observation for a patient."""
    if is_child(patient.row):
        return OF_CHILDREN.get(observation.loinc, (observation.low, observation.high))
    return observation.get_range(patient.row["gender"])


def draw_values(patient: PatientRecord, panel: Panel, day: date) -> dict[str, Row]:
    """Draw the columns of the values of a panel on a day, by LOINC code."""
    values: dict[str, float] = {}
    found: dict[str, Row] = {}
    for observation in sorted(
        panel.observations, key=lambda each: each.loinc in (CHOLESTEROL, CREATININE, HEMATOCRIT)
    ):
        code = observation.loinc
        if observation.choices:
            found[code] = _draw_choice(patient, observation, day)
            continue
        values[code] = value = round(_draw_number(patient, observation, day, values), observation.decimals)
        found[code] = _describe_number(value, observation, get_range(observation, patient))
    return {observation.loinc: found[observation.loinc] for observation in panel.observations}


def _draw_choice(patient: PatientRecord, observation: Observation, day: date) -> Row:
    is_normal = _get_random(patient, observation.loinc, day).random() < 0.7
    normal, *abnormal = observation.choices
    return {
        "value": normal if is_normal else abnormal[0],
        "abnormal_status": "NEG" if is_normal else "POS",
        "is_abnormal": not is_normal,
    }


def _describe_number(value: float, observation: Observation, limits: tuple[float, float]) -> Row:
    low, high = limits
    flag = "L" if value < low else "H" if value > high else "N"
    decimals = observation.decimals
    return {
        "value": f"{value:.{decimals}f}",
        "value_is_numeric": True,
        "normal_range": f"{low:.{decimals}f} {high:.{decimals}f}",
        "abnormal_status": flag,
        "is_abnormal": flag != "N",
    }


def _draw_number(
    patient: PatientRecord, observation: Observation, day: date, values: Mapping[str, float]
) -> float:
    code = observation.loinc
    if code == CHOLESTEROL:
        return values[LDL] + values[HDL] + values[TRIGLYCERIDE] / 5
    if code == HEMATOCRIT:
        return values[HEMOGLOBIN] * 3
    if code == CREATININE:
        return _compute_creatinine(patient.row, values[FILTRATION], day)
    random = _get_random(patient, code, day)
    course = patient.get_course(code, day)
    if course is not None:
        return course * random.gauss(1, NOISE)
    low, high = get_range(observation, patient)
    if code == FILTRATION:
        low, high = low + 5, max(low + 15, high - 0.45 * patient.get_age(day))
    usual = low + (high - low) * (0.2 + 0.6 * _get_random(patient, code).random())
    if random.random() < UNUSUAL_SHARE and code != FILTRATION:
        return high + (high - low) * (0.03 + 0.12 * random.random())
    return min(max(usual * random.gauss(1, NOISE), low), high)


def _compute_creatinine(patient: Row, rate: float, day: date) -> float:
    """Compute the creatinine (mg/dL) at a filtration rate (mL/min/1.73 m²) by the CKD-EPI equation of 2021."""
    age = day.year - int(patient["date_of_birth"][:4])
    kappa, alpha, factor = (0.9, -0.302, 1.0) if patient["gender"] == "Male" else (0.7, -0.241, 1.012)
    ratio: float = rate / (142 * 0.9938**age * factor)
    scaled: float = ratio ** (1 / alpha) if ratio >= 1 else ratio ** (-1 / 1.2)
    return kappa * scaled


def _get_random(patient: PatientRecord, code: str, day: date | None = None) -> Random:
    """The generator of a patient's value of a day, or of what it is usually."""
    return Random(f"{patient.row['id']}/{code}/{day.toordinal() if day else ''}")  # noqa: S311
