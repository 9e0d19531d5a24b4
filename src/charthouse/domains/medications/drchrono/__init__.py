"""Medications in the DrChrono API."""

from charthouse.domains.medications.drchrono.medications import medications
from charthouse.domains.medications.drchrono.prescription_messages import prescription_messages

RESOURCES = [medications, prescription_messages]
