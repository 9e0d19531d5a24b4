"""Charges, estimates, invoices and subscriptions in the Cerbo API."""

from charthouse.domains.billing.cerbo.charge_definitions import charge_definitions
from charthouse.domains.billing.cerbo.charges import charges, encounter_charges, patient_charges
from charthouse.domains.billing.cerbo.estimates import encounter_estimates, estimates
from charthouse.domains.billing.cerbo.invoices import invoices, patient_invoices
from charthouse.domains.billing.cerbo.subscriptions import patient_subscriptions, subscriptions

RESOURCES = [
    charge_definitions,
    charges,
    patient_charges,
    encounter_charges,
    estimates,
    encounter_estimates,
    invoices,
    patient_invoices,
    subscriptions,
    patient_subscriptions,
]
