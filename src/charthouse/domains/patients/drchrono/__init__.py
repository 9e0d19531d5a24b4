"""Resources and operations of patients in DrChrono's API."""

from charthouse.domains.patients.drchrono import (
    custom_demographics,
    insurances,
    patient_flag_types,
    patients,
    portal_access,
)

RESOURCES = [
    patients.patients,
    patients.patients_summary,
    patient_flag_types.patient_flag_types,
    custom_demographics.custom_demographics,
    insurances.insurances,
    insurances.custom_insurance_plan_names,
]
OPERATIONS = [*portal_access.OPERATIONS]
