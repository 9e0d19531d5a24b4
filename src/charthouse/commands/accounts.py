"""Practices and accounts, as an operator makes and mends them. Importing this module sets up Django.

Every function needs a database of this version (``installation.require_migrated``), and raises ``CommandError`` when it
can't do what was requested.
"""

import getpass
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
django.setup()

from django.contrib.auth import password_validation  # noqa: E402
from django.core.exceptions import ValidationError  # noqa: E402
from django.db import DatabaseError  # noqa: E402

from charthouse.datadir import CommandError  # noqa: E402
from charthouse.domains.practice import user_accounts  # noqa: E402
from charthouse.identity import password_links, second_factor  # noqa: E402
from charthouse.identity.models import PERMISSIONS, Practice, User  # noqa: E402


def create_practice(name: str) -> int:
    """Create a practice and return its id."""
    if not name.strip():
        raise CommandError("a practice needs a name.")
    return Practice.objects.using("owner").create(name=name.strip()).pk


def create_user(
    username: str,
    *,
    practice: int,
    role: str,
    primary: bool,
    first_name: str,
    last_name: str,
    email: str,
    timezone: str,
) -> int:
    """Create a user with the record of the doctor or staff member, and return the user's id. Asks for the password.

    A primary user has every permission; the primary user grants the others theirs.
    """
    practice_row = _get_practice(practice)
    if User.objects.using("owner").filter(username=username).exists():
        raise CommandError(f"there is a user {username!r} already.")
    if primary and User.objects.using("owner").filter(practice=practice_row, is_primary=True).exists():
        raise CommandError(f"{practice_row} has a primary user already.")
    user = User(
        username=username,
        practice=practice_row,
        role=role,
        is_primary=primary,
        first_name=first_name,
        last_name=last_name or username,
        email=email,
        permissions=list(PERMISSIONS) if primary else [],
    )
    user.set_password(_new_password(user))
    try:
        user_accounts.create_user(user, timezone, using="owner")
        user_accounts.record_creation(user, None)
    except ValidationError as error:
        raise CommandError("; ".join(error.messages)) from None
    except DatabaseError as error:
        raise CommandError(str(error).splitlines()[0]) from None
    return user.pk


def _get_practice(practice: int) -> Practice:
    """Return a practice by its id. Raises CommandError if it does not exist."""
    found = Practice.objects.using("owner").filter(pk=practice).first()
    if found is None:
        raise CommandError(f"there is no practice {practice}.")
    return found


def make_password_link(username: str) -> str:
    """Return a link with which a user sets a password, once, within a day. Recorded in the audit as an operator's
    act."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"there is no user {username!r}.")
    if user.practice_id is None or not user.is_active:
        raise CommandError(
            f"{username} may not sign in: {'switched off' if user.practice_id else 'no practice'}."
        )
    return password_links.make_link(user)


def reset_otp(username: str) -> str:
    """Remove the second factor of a user who has lost phone and recovery codes. Return a message. Recorded in the audit
    as an operator's act."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"there is no user {username!r}.")
    if not second_factor.is_enabled(user):
        raise CommandError(f"{username} has no second factor.")
    second_factor.disable(user, operator=True)
    return f"{username} signs in with the password alone, until they set up another second factor."


def _new_password(user: User) -> str:
    """Read a new password: asked twice on a terminal, else one line of standard input. Raises CommandError if weak."""
    if sys.stdin.isatty():
        password = getpass.getpass(f"Password for {user.username}: ")
        if getpass.getpass("Once more: ") != password:
            raise CommandError("the two were not the same.")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    return password
