"""Permissions as the roles of a practice have them."""

from collections.abc import Iterable

from charthouse.identity.models import PERMISSIONS

PRESETS: dict[str, tuple[str, ...]] = {
    "Front desk": (
        "Access Message Center",
        "Access Patients Payments",
        "Access Scheduling",
        "Manage Patients",
    ),
    "Nurse": ("Access Clinical Notes", "Access Message Center", "Access Scheduling", "Manage Patients"),
    "Biller": (
        "Access Billing",
        "Access Patients Payments",
        "Access Scheduling",
        "Manage Patients",
        "Show Billing Tab",
    ),
    "Physician": tuple(name for name in PERMISSIONS if name != "Settings"),
    "Manager": PERMISSIONS,
}


def find_preset(permissions: Iterable[str]) -> str:
    """Return the role that has exactly these permissions, or ""."""
    given = set(permissions)
    return next((role for role, names in PRESETS.items() if set(names) == given), "")
