"""Billing in the DrChrono API."""

from charthouse.domains.billing.drchrono.authorizations import patient_authorizations
from charthouse.domains.billing.drchrono.billing_profiles import billing_profiles
from charthouse.domains.billing.drchrono.claim_notes import claim_billing_notes
from charthouse.domains.billing.drchrono.day_sheet_totals import day_sheet_totals
from charthouse.domains.billing.drchrono.day_sheets import (
    day_sheet_charges,
    day_sheet_credits,
    day_sheet_patient_payments,
)
from charthouse.domains.billing.drchrono.eligibility_checks import eligibility_checks
from charthouse.domains.billing.drchrono.fee_schedules import fee_schedules, fee_schedules_v2
from charthouse.domains.billing.drchrono.line_items import line_item_deletions, line_items
from charthouse.domains.billing.drchrono.patient_payments import patient_payment_log, patient_payments
from charthouse.domains.billing.drchrono.remittances import eobs
from charthouse.domains.billing.drchrono.transactions import transactions

RESOURCES = [
    line_items,
    transactions,
    patient_payments,
    patient_payment_log,
    billing_profiles,
    fee_schedules,
    eligibility_checks,
    eobs,
    claim_billing_notes,
    line_item_deletions,
    patient_authorizations,
    fee_schedules_v2,
    day_sheet_charges,
    day_sheet_credits,
    day_sheet_patient_payments,
]
OPERATIONS = [day_sheet_totals]
