"""Laboratories in the DrChrono API."""

from charthouse.domains.labs.drchrono.documents import lab_documents
from charthouse.domains.labs.drchrono.laboratories import sublabs
from charthouse.domains.labs.drchrono.manual_results import patient_lab_results
from charthouse.domains.labs.drchrono.orders import lab_orders, lab_orders_summary
from charthouse.domains.labs.drchrono.results import lab_results
from charthouse.domains.labs.drchrono.tests import lab_tests

RESOURCES = [
    sublabs,
    lab_orders,
    lab_orders_summary,
    lab_documents,
    lab_tests,
    lab_results,
    patient_lab_results,
]
