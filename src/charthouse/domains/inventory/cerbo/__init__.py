"""Vaccines and the inventory in the Cerbo API."""

from charthouse.domains.inventory.cerbo.stock import inventory
from charthouse.domains.inventory.cerbo.vaccines import vaccines

RESOURCES = [vaccines, inventory]
