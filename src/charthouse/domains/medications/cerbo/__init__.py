"""Supplements, drugs and prescriptions in the Cerbo API."""

from charthouse.domains.medications.prescriptions import accept_drug, accept_refill
from charthouse.domains.medications.supplements import accept_supplement

# How staff accept a portal request into the chart, by its type.
ACCEPT = {
    "supplement": accept_supplement,
    "rx": accept_drug,
    "rx_refill": accept_refill,
}
