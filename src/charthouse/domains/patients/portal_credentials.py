"""The portal's log-ins: whose name and password these are."""

from django.contrib.auth.hashers import check_password
from django.db import connection

from charthouse.domains.patients.models import PortalAccess
from charthouse.identity import tenancy

MOST = 5  # practices of one server that one name is looked for in
NOBODY = "!"  # a hash that no password has; to check it takes as long as any


def usual(username: str) -> str:
    """A name as it is kept: patients write their e-mail address as it comes."""
    return username.strip().lower()


def of_practice(practice: int, username: str, password: str) -> PortalAccess | None:
    """Whose these are in a practice that is established. Takes as long for a name that nobody has."""
    row = active(practice, usual(username))
    right = check_password(password, row.password if row and row.password else NOBODY)
    return row if right else None


def anywhere(username: str, password: str, only: int | None = None) -> list[PortalAccess]:
    """Whose these are, in all practices of this server, or in ``only`` one. Nearly always one row, or none."""
    practices = practices_of(username, only)
    if not practices:
        check_password(password, NOBODY)
    found = []
    for practice in practices:
        with tenancy.within(practice):
            if row := of_practice(practice, username, password):
                found.append(row)
    return found


def practices_of(username: str, only: int | None = None) -> list[int]:
    """The practices in whose portal somebody signs in with this name; of ``only`` one, where it is given."""
    name = usual(username)
    if not name or "\0" in name:
        return []
    if only is not None:
        with tenancy.within(only):
            return [only] if active(only, name) else []
    with connection.cursor() as cursor:
        cursor.execute("select practice from portal_practices(%s, %s)", [name, MOST])
        return [practice for (practice,) in cursor.fetchall()]


def active(practice: int, username: str, *, lock: bool = False) -> PortalAccess | None:
    """The access of a name, as it is kept, with its patient."""
    if not username or "\0" in username:
        return None
    rows = PortalAccess.objects.select_for_update(of=("self",)) if lock else PortalAccess.objects.all()
    return (
        rows.select_related("patient")
        .filter(
            practice=practice,
            username=username,
            activated_on__isnull=False,
            disabled_on=None,
            archived=False,
            patient__archived=False,
        )
        .first()
    )
