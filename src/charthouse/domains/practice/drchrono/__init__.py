"""Resources and operations of the practice in DrChrono's API."""

from charthouse.domains.practice.drchrono import doctors, iframe_integration, offices, users, work_schedules

RESOURCES = [
    doctors.doctors,
    users.users,
    users.user_groups,
    offices.offices,
    users.staff,
    doctors.doctor_options,
    work_schedules.doctor_work_schedule,
    work_schedules.office_work_schedule,
]
OPERATIONS = [*iframe_integration.OPERATIONS]
