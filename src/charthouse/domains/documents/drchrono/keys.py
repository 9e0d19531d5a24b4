"""What documents and consent forms have in common in DrChrono's API: the policy and the key of the file."""

from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.values import REQUIRED
from charthouse.files.types import File

EXAMPLE_IMAGE = (  # of one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def make_policy(sharing: str, owner: str) -> Policy:
    """Make the policy of a resource. ``sharing``: name of the switch; ``owner``: lookup path of the doctor."""
    return Policy(scopes=("patients",), permissions=("Manage Patients",), sharing=sharing, owner=owner)


def make_file_key(name: str) -> Key:
    """Make the key of an uploaded file."""
    return Key(
        name,
        File(kinds=("document",), max_size=250 * 1024 * 1024),
        REQUIRED,
        keep_on_put=True,
        example=EXAMPLE_IMAGE,
        doc=("A file up to 250 MB, or an image up to 50 MB; returned as a link that is valid for an hour."),
    )
