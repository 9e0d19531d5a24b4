"""Multitenancy: the practice is the tenant. Base classes of record tables, and the tenant of the current request."""

import threading
from asyncio import events
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from typing import Any, Self, cast

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.functions import Coalesce

from charthouse import clock
from charthouse.engine.actor import Actor
from charthouse.identity import loaded_rows
from charthouse.identity.database.base import DatabaseWrapper


class _ThreadConnection(threading.local):
    """The connection of a thread. Django's own look-up takes several microseconds."""

    def __init__(self) -> None:
        self.wrapper = cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS])


_thread = _ThreadConnection()


def get_connection() -> DatabaseWrapper:
    """Return this thread's database connection as the web role.

    In a thread with a running event loop Django has a connection for each context.
    """
    if events._get_running_loop() is None:
        return _thread.wrapper
    return cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS])


def set_tenant(practice_id: int, *, user_id: int | None = None, request_id: str = "") -> None:
    """Set the tenant of the connection until the end of the request: only rows of this practice are visible.

    ``user_id`` and ``request_id`` (a UUID) are written to the change feed with each change. An API call sets them in
    its first statement instead; see ``bearer_tokens``.
    """
    wrapper = get_connection()
    wrapper.tenant = practice_id
    wrapper.caller = f"{user_id or ''},,,{request_id},{format_clock_offset()}"


def format_clock_offset() -> str:
    """Return how far the clock is ahead of the system clock, in seconds, as the last part of a caller."""
    return _format_seconds(clock.get_offset())


@lru_cache(maxsize=16)
def _format_seconds(offset: timedelta) -> str:
    return format(offset.total_seconds(), ".6f").rstrip("0").rstrip(".")


def get_request_id() -> str:
    """Return the id of the request that is written to the change feed, "" where there is none."""
    parts = get_connection().caller.split(",")
    return parts[3] if len(parts) > 3 else ""


def clear_tenant() -> None:
    """Reset tenant and caller: record tables appear empty. Called at the start of every request."""
    wrapper = get_connection()
    wrapper.tenant, wrapper.caller = None, ""


@contextmanager
def within(practice_id: int | None) -> Iterator[None]:
    """Set the tenant for a block, and restore the former one afterwards; the caller is unchanged.

    With None no record is visible, but users of all practices are.
    """
    wrapper = get_connection()
    before, wrapper.tenant = wrapper.tenant, practice_id
    try:
        yield
    finally:
        wrapper.tenant = before


class RecordKey(models.ForeignKey):  # type: ignore[type-arg]
    """A foreign key between two record rows of the same practice.

    Its constraint includes ``practice_id`` and is created by ``identity.rowsecurity``, with an index on ``(practice_id,
    column, id)`` unless ``indexed`` is off. Records are archived and never deleted, so no deletion cascades.

    ``part_of``: the row belongs to the row it refers to, and is archived and restored with it (see ``parts``). Default:
    where it must refer to one, and the model referred to has ``has_parts``.
    """

    def __init__(self, to: Any, *, indexed: bool = True, part_of: bool | None = None, **options: Any) -> None:
        self.indexed = indexed
        self._part_of = part_of
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

    @property
    def is_part_of(self) -> bool:
        """Whether the row belongs to the row that it refers to."""
        if self._part_of is not None:
            return self._part_of
        return not self.null and bool(getattr(self.remote_field.model, "has_parts", False))


class UpdatedAt(models.DateTimeField):  # type: ignore[type-arg]
    """A timestamp set at every save, from the project's clock (``auto_now`` uses the system clock)."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = clock.now()
        setattr(model_instance, self.attname, value)
        return value


class Record(models.Model):
    """Base of all rows of a practice's record. The primary key in the database is ``(practice_id, id)``; see
    ``rowsecurity``.

    ``archived`` is the soft delete; rows are not deleted otherwise. Changes are written to the change feed unless
    ``followed`` is off; columns in ``unfollowed`` are left out of it.

    has_parts       rows that must refer to a row of this model belong to it (see ``RecordKey``)
    archives_parts  to archive a row archives its parts; off where ``archived`` only puts a row away
    withdraws_parts while a row is archived, nothing shows its parts, not even a list of what is archived
    """

    followed = True
    unfollowed: frozenset[str] = frozenset()
    has_parts = False
    archives_parts = True
    withdraws_parts = False

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

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any
    ) -> Self:
        """Make the row that was loaded, and note it for the audit of pages."""
        row = super().from_db(db, field_names, values, **options)
        loaded_rows.note(cls._meta.db_table, (row.pk,))
        return row

    @classmethod
    def find_orphaned(cls, *, withdrawn_only: bool) -> "models.Q | None":
        """Return the condition of rows that are archived because a row that they belong to is; None where they belong
        to none. ``withdrawn_only``: only those that are below a row whose model has ``withdraws_parts``.
        """
        conditions = models.Q()
        for key in list_part_keys(cls):
            owner = cast("type[Record]", key.remote_field.model)
            found = models.Q(archived=True)
            if withdrawn_only or not owner.archives_parts:
                deeper = owner.find_orphaned(withdrawn_only=True)
                if not owner.withdraws_parts:
                    if deeper is None:
                        continue
                    found = deeper
                elif deeper is not None:
                    found |= deeper
            rows = owner._default_manager.filter(
                found, practice=models.OuterRef("practice_id"), pk=models.OuterRef(key.attname)
            )
            # A scalar subquery, not EXISTS: PostgreSQL would read all archived owners into a hash table.
            found_archived = models.Subquery(rows.order_by().values("archived")[:1])
            conditions |= models.Q(Coalesce(found_archived, False, output_field=models.BooleanField()))
        return conditions or None


@lru_cache(maxsize=1000)  # asked for each pair of models when the schema is checked
def list_part_keys(model: type[models.Model]) -> tuple[RecordKey, ...]:
    """List the references of a model to the rows that its own belong to."""
    return tuple(
        field for field in model._meta.concrete_fields if isinstance(field, RecordKey) and field.is_part_of
    )


class Authored(models.Model):
    """A row with the users who created and last updated it; null for an API user.

    The engine sets them in the rows that it writes.
    """

    added_by = RecordKey("identity.User", null=True, blank=True, indexed=False)
    updated_by = RecordKey("identity.User", null=True, blank=True, indexed=False)

    class Meta:
        abstract = True

    def set_authors(self, actor: Actor) -> list[str]:
        """Set the users from the actor. Return the names of the fields to update."""
        if self._state.adding:
            self.added_by_id = actor.user
        self.updated_by_id = actor.user
        return ["updated_by"]
