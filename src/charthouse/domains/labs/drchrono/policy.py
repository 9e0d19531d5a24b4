"""Who may use the resources of laboratories in the DrChrono API."""

from charthouse.engine.declaration.policy import Policy

SHARED = "share_patients"


def allow_laboratories(owner: str) -> Policy:
    """Return a policy under which laboratories write with a right of their own. ``owner``: path to the
    doctor."""
    return Policy(scopes=("labs",), permissions=(), right="labs:vendor", sharing=SHARED, owner=owner)
