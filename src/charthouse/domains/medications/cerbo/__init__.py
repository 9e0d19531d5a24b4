"""Supplements, drugs and prescriptions in the Cerbo API."""

from charthouse.domains.medications.cerbo.drugs import drugs, found_drugs, frequencies
from charthouse.domains.medications.cerbo.patient_supplements import patient_supplements, queue_supplement
from charthouse.domains.medications.cerbo.prescriptions import (
    discontinue,
    prescriptions,
    queue_prescription,
    refill,
)
from charthouse.domains.medications.cerbo.supplements import found_supplements, supplements
from charthouse.domains.medications.prescriptions import accept_drug, accept_refill
from charthouse.domains.medications.supplements import accept_supplement

RESOURCES = [supplements, found_supplements, patient_supplements, drugs, found_drugs, prescriptions]
OPERATIONS = [queue_supplement, frequencies, queue_prescription, refill, discontinue]
# How staff accept a portal request into the chart, by its type.
ACCEPT = {
    "supplement": accept_supplement,
    "rx": accept_drug,
    "rx_refill": accept_refill,
}
