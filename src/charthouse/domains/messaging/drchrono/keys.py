"""Types and filters that the message resources of the DrChrono API share."""

from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.times import Timestamp
from charthouse.files.types import File

EXAMPLE_FILE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)

FILE = File(kinds=("document",), max_size=50 * 1024 * 1024)
OF_DOCTOR = Filter("doctor", Reference("doctors"))
OF_PATIENT = Filter("patient", Reference("patients"))
SINCE_UPDATE = Filter("since", Timestamp(), SINCE, doc="Changed at or after this time.", source="updated_at")
