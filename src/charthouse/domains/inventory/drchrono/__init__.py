"""Inventory and vaccine records in the DrChrono API."""

from charthouse.domains.inventory.drchrono.categories import inventory_categories
from charthouse.domains.inventory.drchrono.vaccine_lots import inventory_vaccines
from charthouse.domains.inventory.drchrono.vaccine_records import patient_vaccine_records

RESOURCES = [inventory_categories, inventory_vaccines, patient_vaccine_records]
