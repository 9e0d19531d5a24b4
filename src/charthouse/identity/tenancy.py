"""The practice group is the tenant: the base of every record table, and who is the tenant of this request."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.db import DEFAULT_DB_ALIAS, connections, models

from charthouse import clock
from charthouse.engine.actor import Actor
from charthouse.identity.database.base import DatabaseWrapper


def database() -> DatabaseWrapper:
    """This thread's connection as the web role."""
    return cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS])


def enter(practice_id: int, *, user: int | None = None, request: str = "") -> None:
    """From here to the end of the request, only rows of this practice exist. ``user`` and ``request`` (a UUID) go into
    the change feed with whatever is written. (A call of an API says it in its first statement; see ``bearer``.)"""
    wrapper = database()
    wrapper.tenant = practice_id
    wrapper.caller = f"{user or ''},,,{request},{seconds_ahead()}"


def seconds_ahead() -> str:
    """The last part of a caller: how far the clock is moved."""
    return format(clock.get_offset().total_seconds(), ".6f").rstrip("0").rstrip(".")


def leave() -> None:
    """No practice and no caller: record tables look empty. Called at the start of every request."""
    wrapper = database()
    wrapper.tenant, wrapper.caller = None, ""


@contextmanager
def within(practice_id: int | None) -> Iterator[None]:
    """A block that sees one practice (None: no record, but people of all), then what was before. Who calls stays the
    same."""
    wrapper = database()
    before, wrapper.tenant = wrapper.tenant, practice_id
    try:
        yield
    finally:
        wrapper.tenant = before


class RecordKey(models.ForeignKey):  # type: ignore[type-arg]
    """A reference from one record row to another of the same practice.

    The constraint carries ``practice_id`` along and is made by ``identity.rowsecurity``, with an index on
    ``(practice_id, column, id)`` unless ``indexed`` is off. Rows are only ever soft-deleted, so nothing cascades.
    """

    def __init__(self, to: Any, *, indexed: bool = True, **options: Any) -> None:
        self.indexed = indexed
        options.setdefault("related_name", "+")
        options |= {"on_delete": models.DO_NOTHING, "db_constraint": False, "db_index": False}
        super().__init__(to, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        for made_here in ("on_delete", "db_constraint", "db_index"):
            options.pop(made_here, None)
        if not self.indexed:
            options["indexed"] = False
        return name, path, args, options


class UpdatedAt(models.DateTimeField):  # type: ignore[type-arg]
    """Set at every save, from the project's clock (``auto_now`` would ask the system's)."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = clock.now()
        setattr(model_instance, self.attname, value)
        return value


class Record(models.Model):
    """A row of a practice's record. In the database its primary key is ``(practice_id, id)``; see ``rowsecurity``.

    ``archived`` is the soft delete: the only one there is. Its changes are written to the change feed, unless
    ``followed`` is off; columns in ``unfollowed`` are left out of it.
    """

    followed = True
    unfollowed: frozenset[str] = frozenset()

    id = models.BigAutoField(primary_key=True)
    practice = models.ForeignKey(
        "identity.Practice",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    archived = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = UpdatedAt()

    class Meta:
        abstract = True


class Signed(models.Model):
    """A row that keeps who made it and who wrote it last: people, or null for a program that calls in its own name.
    The engine signs what it writes."""

    added_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    updated_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        abstract = True

    def sign(self, actor: Actor) -> list[str]:
        if self._state.adding:
            self.added_by_id = actor.user
        self.updated_by_id = actor.user
        return ["updated_by"]
