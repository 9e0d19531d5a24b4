"""Usernames and passwords of patients in the portal."""

from django.contrib.auth.hashers import check_password
from django.db import connection

from charthouse.domains.patients.models import PortalAccess
from charthouse.identity import tenancy

MAX_PRACTICES = 5  # practices of one server in which a username is looked up
NO_PRACTICE = 0  # where a name that nobody has is looked up, so that it takes as long as any other
# A hash that no password has; checking it takes as long as checking any other.
UNUSABLE_PASSWORD = "!"  # noqa: S105


def normalize_username(username: str) -> str:
    """Return a username as it is stored: stripped and in lower case, since many are e-mail addresses."""
    return username.strip().lower()


def authenticate(practice: int, username: str, password: str) -> PortalAccess | None:
    """Return the access of a username and password in a practice that the caller has entered, or None. Takes as long
    for an unknown username."""
    row = find_active_access(practice, normalize_username(username))
    right = check_password(password, row.password if row and row.password else UNUSABLE_PASSWORD)
    return row if right else None


def authenticate_anywhere(username: str, password: str, only: int | None = None) -> list[PortalAccess]:
    """List the access of a username and password in all practices of this server, or in ``only`` one. Nearly always one
    row, or none."""
    found = []
    for practice in find_practices(username, only) or [NO_PRACTICE]:
        with tenancy.within(practice):
            if row := authenticate(practice, username, password):
                found.append(row)
    return found


def find_practices(username: str, only: int | None = None) -> list[int]:
    """List the ids of the practices in whose portal this username exists; ``only`` that one, where it is given."""
    name = normalize_username(username)
    if not name or "\0" in name:
        return []
    if only is not None:
        return [only]
    with connection.cursor() as cursor:
        cursor.execute("select practice from portal_practices(%s, %s)", [name, MAX_PRACTICES])
        return [practice for (practice,) in cursor.fetchall()]


def find_active_access(practice: int, username: str, *, lock: bool = False) -> PortalAccess | None:
    """Return the access of a normalized username, with its patient, or None."""
    if not username or "\0" in username:
        return None
    rows = PortalAccess.select_open()
    if lock:
        rows = rows.select_for_update(of=("self",))
    return rows.filter(practice=practice, username=username, activated_on__isnull=False).first()
