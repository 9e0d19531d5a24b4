"""Filters that the clinical resources of the DrChrono API share."""

from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.references import Reference

OF_DOCTOR = Filter("doctor", Reference("doctors"))
OF_DOCTOR_ADDITION = Filter("doctor", Reference("doctors"), addition=True)
OF_PATIENT = Filter("patient", Reference("patients"))
