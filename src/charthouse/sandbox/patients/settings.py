"""What each doctor has set up for patients: flags, custom demographics, names of insurance plans."""

from collections.abc import Sequence
from dataclasses import dataclass

from charthouse.domains.patients.models import CustomDemographic, CustomInsurancePlanName, FlagType
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.data.places import PHARMACIES

# Name, color, priority.
FALL_RISK, INTERPRETER = "Fall risk", "Needs interpreter"
FLAGS = ((FALL_RISK, "#d9480f", 1), (INTERPRETER, "#1c7ed6", 2), ("Balance due", "#c92a2a", 3))
# Name, name in templates, allowed values; where any text is allowed, PHARMACIES are the values.
DEMOGRAPHICS = (
    ("Preferred contact time", "contact_time", ("Morning", "Afternoon", "Evening")),
    ("Preferred pharmacy", "pharmacy", ()),
    ("Advance directive on file", "advance_directive", ("Yes", "No")),
)
INSURANCE_PLANS = ("County employees PPO", "Ski patrol group plan")


@dataclass(frozen=True)
class PatientSettings:
    """A doctor's settings: ids of flag types, and of custom demographics with the values that patients have."""

    doctor: int
    flag_types: Sequence[int] = ()
    demographics: Sequence[tuple[int, Sequence[str]]] = ()


def add_patient_settings(
    context: PracticeContext, doctors: Sequence[int], plan_owner: int | None
) -> list[PatientSettings]:
    """Add the settings of these doctors; names of insurance plans only where there is a user to own them."""
    return [_add_settings(context, doctor, plan_owner) for doctor in doctors]


def _add_settings(context: PracticeContext, doctor: int, plan_owner: int | None) -> PatientSettings:
    flags = [
        {"doctor_id": doctor, "name": name, "color": color, "priority": priority}
        for name, color, priority in FLAGS
    ]
    flag_types = context.copy(FlagType, flags)
    fields = [
        {"doctor_id": doctor, "name": name, "template_name": template, "allowed_values": list(values)}
        for name, template, values in DEMOGRAPHICS
    ]
    ids = context.copy(CustomDemographic, fields)
    values = [values or PHARMACIES for _, _, values in DEMOGRAPHICS]
    if plan_owner is not None:
        plans = [
            {"doctor_id": doctor, "user_id": plan_owner, "insurance_plan_name": name}
            for name in INSURANCE_PLANS
        ]
        context.copy(CustomInsurancePlanName, plans)
    return PatientSettings(doctor, flag_types, tuple(zip(ids, values, strict=True)))
