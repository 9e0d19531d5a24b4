"""Money as a front desk takes it: payments and invoices without the permissions of billing."""

from dataclasses import replace

from charthouse.console.resources import billing
from charthouse.domains.billing.drchrono.patient_payments import patient_payments
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.resources import Resource

PAYMENTS = ("Access Patients Payments",)

desk_payments = replace(
    patient_payments,
    path="desk_payments",
    doc="Payments for those who take them at the front desk.",
    policy=Policy(
        scopes=("billing:patient-payment",), permissions=PAYMENTS, sharing="share_patients", owner="doctor"
    ),
    events=(),
)
_invoices = next(one for one in billing.RESOURCES if one.path == "account_invoices")
desk_invoices: Resource = replace(
    _invoices,
    path="desk_invoices",
    doc="Invoices for those who take payments at the front desk.",
    policy=Policy(scopes=("settings",), permissions=PAYMENTS, sharing=ALWAYS, owner=None),
)
RESOURCES = (desk_payments, desk_invoices)
