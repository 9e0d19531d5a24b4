"""Resources and operations of patients in Cerbo's API."""

from charthouse.domains.patients.cerbo import (
    emails,
    facilities,
    patients,
    portal_access,
    portal_requests,
    tags,
)

RESOURCES = [
    facilities.laboratories,
    facilities.specialists,
    facilities.patient_laboratories,
    facilities.patient_specialists,
    patients.patients,
    patients.found_patients,
    tags.tags,
    tags.patient_tags,
    portal_requests.portal_queue,
]
OPERATIONS = [
    facilities.patient_pharmacies,
    *portal_access.OPERATIONS,
    tags.attach_tags_operation,
    tags.detach_tag_operation,
    emails.send_email,
]
