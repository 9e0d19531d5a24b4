"""What the laboratory resources of the Cerbo API share."""

from charthouse.domains.labs.codes import ORDER_STATUSES
from charthouse.engine.declaration.composites import MappedChoice
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.values import READ_ONLY

ORDERS = "patients/{patient_id}/orders"


def make_order_status() -> Key:
    return Key("status", MappedChoice({words: code for code, words in ORDER_STATUSES.items()}), READ_ONLY)
