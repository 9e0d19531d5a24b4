"""Changing the secret key: ``charthouse rotatekeys``. Used by ``installation``, with Django set up.

The next key of an instance that stores its key itself is written to ``secret_key.next`` first, the database is changed
in one transaction, and then the file takes the place of ``secret_key``. Killed at any moment, the command is run again.
"""

import os
import secrets

from django.conf import settings
from django.db import connections

from charthouse import durable
from charthouse.datadir import CommandError
from charthouse.identity import secret_keys
from charthouse.identity.secret_keys import compute_fingerprint

NEXT_KEY_FILE = settings.SECRET_KEY_FILE.with_name("secret_key.next")


def rotate_keys() -> str:
    """Change the secret key. Return a message. Raises CommandError."""
    _refuse_while_running()
    known, here = secret_keys.get_fingerprint(), settings.SECRET_KEY
    if known is None or known == compute_fingerprint(here):
        secret_keys.check_secret_key()
        return _rotate_to_next()
    former = [key for key in settings.SECRET_KEY_FALLBACKS if compute_fingerprint(key) == known]
    if former:
        return _rotate(former[0], here)
    if _read_next() and compute_fingerprint(_read_next()) == known:
        durable.rename(NEXT_KEY_FILE, settings.SECRET_KEY_FILE)
        return "The change of the key, which had been interrupted, is complete."
    raise CommandError(f"The present key ({known}) is needed to change it. {explain()}")


def abandon_key() -> str:
    """Go on with this server's key, because the one of the database is lost. Return a message. Raises CommandError."""
    _refuse_while_running()
    if secret_keys.get_fingerprint() == compute_fingerprint(settings.SECRET_KEY):
        raise CommandError("The secret key is not lost: this database was set up with it.")
    secret_keys.abandon(settings.SECRET_KEY)
    return (
        "This database goes on with another secret key. API users, webhooks and embedded apps need new secrets, "
        "and the seals of the audit that were made before can't be verified any more."
    )


def explain() -> str:
    """Say what to do about a wrong secret key."""
    if _read_next() and compute_fingerprint(_read_next()) == secret_keys.get_fingerprint():
        return "A change of the key was interrupted. Run: charthouse rotatekeys"
    return (
        f"Put the right one back, from a backup of {settings.SECRET_KEY_FILE} or as CHARTHOUSE_SECRET_KEY. To change "
        "it on purpose, name the present one in CHARTHOUSE_FORMER_KEYS and run: charthouse rotatekeys. If it is lost "
        "for good: charthouse rotatekeys --lost"
    )


def _rotate_to_next() -> str:
    if "CHARTHOUSE_SECRET_KEY" in os.environ:
        raise CommandError(
            "The key is set by CHARTHOUSE_SECRET_KEY: set the next one there, name the present one in "
            "CHARTHOUSE_FORMER_KEYS, and run this again."
        )
    new = durable.read_or_create(NEXT_KEY_FILE, secrets.token_urlsafe(50)).strip()
    message = _rotate(settings.SECRET_KEY, new)
    durable.rename(NEXT_KEY_FILE, settings.SECRET_KEY_FILE)
    return message


def _rotate(old: str, new: str) -> str:
    done, lost = secret_keys.rotate(old, new)
    unreadable = f" {lost} secrets could not be read before either, and were left." if lost else ""
    return f"The secret key has been changed, and {done} secrets were sealed with it.{unreadable}"


def _read_next() -> str:
    return NEXT_KEY_FILE.read_text().strip() if NEXT_KEY_FILE.exists() else ""


def _refuse_while_running() -> None:
    """Raise CommandError while web servers or workers, which have the former key, use the database."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and application_name = %s",
            [settings.APPLICATION_NAME],
        )
        (running,) = cursor.fetchone()
    if running:
        raise CommandError("Stop the web server and the worker first: they have the present key.")
