"""The secret key of this server, and the database that was set up with it.

The database has the key's fingerprint: a server with another key would find nothing but broken secrets and signatures,
so it does not start. ``rotate`` changes the key: everything that is sealed with it is sealed with the next one, and the
former key is stored, sealed as well, for what can only be verified (seals of the audit, secrets of API users).
docs/decisions/0322-secret-keys.md
"""

import hmac
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection, models, transaction

from charthouse import clock
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import SecretKey
from charthouse.identity.sealed_secrets import SealedField, UnsealError, reseal, seal_with, unseal

OWNER = "owner"  # the database alias


class WrongSecretKey(Exception):
    """The database was set up with another secret key."""


def compute_fingerprint(key: str) -> str:
    """Return the fingerprint of a secret key, which does not reveal it."""
    return hmac.new(key.encode(), b"charthouse.fingerprint", sha256).hexdigest()[:16]


def check_secret_key() -> None:
    """Check that this server has the key that the database was set up with; the first one is noted. Raises
    WrongSecretKey."""
    here, known = compute_fingerprint(settings.SECRET_KEY), get_fingerprint()
    if known is None:
        try:
            SecretKey.objects.using(OWNER).create(fingerprint=here, is_current=True, since=clock.now())
        except IntegrityError:
            known = get_fingerprint()
    if known not in (None, here):
        raise WrongSecretKey(
            f"The secret key is not the one that this database was set up with: its fingerprint is {here}, that of "
            f"the database's {known}."
        )


def get_fingerprint() -> str | None:
    """Return the fingerprint of the key that the database is set up with, None if none has been noted."""
    current = SecretKey.objects.using(OWNER).filter(is_current=True)
    return current.values_list("fingerprint", flat=True).first()


def rotate(old: str, new: str) -> tuple[int, int]:
    """Seal everything with the key ``new`` instead of ``old``, in one transaction. Return how many secrets were sealed
    again, and how many could not be, because they were sealed with neither ``old`` nor a former key."""
    done = lost = 0
    with transaction.atomic(using=OWNER):
        SecretKey.objects.using(OWNER).select_for_update().get(is_current=True)
        for model, name in list_sealed_fields():
            rows = model._default_manager.using(OWNER).exclude(**{name: ""}).select_for_update()
            for row in rows.order_by("pk").only("pk", name).iterator(500):
                try:
                    sealed = reseal(getattr(row, name), new, old)
                except UnsealError:
                    lost += 1
                    continue
                model._default_manager.using(OWNER).filter(pk=row.pk).update(**{name: sealed})
                done += 1
        _replace_current(new, seal_with(old, new))
    return done, lost


def abandon(new: str) -> None:
    """Note ``new`` as the key, without the former one, which is lost. What was sealed with it stays unreadable."""
    with transaction.atomic(using=OWNER):
        _replace_current(new, "")


def list_sealed_fields() -> Iterator[tuple[type[models.Model], str]]:
    """List the columns with secrets that are sealed with the secret key."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SealedField):
                yield model, field.name


def list_retired_keys() -> tuple[str, ...]:
    """Return the keys that this database had before, the latest first."""
    return _load_retired_keys(settings.SECRET_KEY, str(connection.settings_dict["NAME"]))


@lru_cache(maxsize=4)
def _load_retired_keys(current: str, database: str) -> tuple[str, ...]:
    found = []
    for retired in SecretKey.objects.filter(is_current=False).exclude(sealed_key="").order_by("-retired_at"):
        try:
            found.append(unseal(retired.sealed_key))
        except UnsealError:  # it was lost with the key after it
            continue
    return tuple(found)


def _replace_current(new: str, sealed_former: str) -> None:
    rows: Any = SecretKey.objects.using(OWNER)
    rows.filter(is_current=True).update(is_current=False, retired_at=clock.now(), sealed_key=sealed_former)
    values = {"is_current": True, "since": clock.now(), "retired_at": None, "sealed_key": ""}
    rows.update_or_create(fingerprint=compute_fingerprint(new), defaults=values)
    emit_audit_event("secret key changed", details={"by": "operator", "lost": not sealed_former})
