"""Laboratories in the Cerbo API."""

from charthouse.domains.labs.cerbo.orders import orders
from charthouse.domains.labs.cerbo.partner_orders import (
    partner_orders,
    partner_orders_of_patient,
    requisition_content,
)
from charthouse.domains.labs.cerbo.results import lab_results

RESOURCES = [lab_results, orders, partner_orders, partner_orders_of_patient]
OPERATIONS = [requisition_content]
