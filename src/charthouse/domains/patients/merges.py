"""Merging two patients who are one person, and undoing that. docs/decisions/0371-merged-patients.md

The rows of all tables that refer to a patient move to the one who stays, and the other is archived. Which tables
those are the models say. Callers hold a transaction.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Exists, OuterRef, Q

from charthouse import clock
from charthouse.domains.patients import portal_access
from charthouse.domains.patients.deletion import end_access
from charthouse.domains.patients.models import DistinctPatients, MergedRow, Patient, PatientMerge
from charthouse.domains.patients.models.patients import FOLDED
from charthouse.engine.errors import Conflict, NotFound
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.tenancy import Record, RecordKey, list_part_keys

MAX_CHAIN = 20  # patients that were merged one into the next
# Tables that keep the patient they name: the merges themselves, and who is not the same as whom.
KEEPING: frozenset[type[Record]] = frozenset({PatientMerge, DistinctPatients})
PATIENTS = Patient._meta.db_table
# Texts that are each patient's own, or follow from others.
KEPT_COLUMNS = ("chart_id", "status_before_death", *FOLDED)


@dataclass(frozen=True, slots=True)
class PatientReference:
    """A column of a table that names a patient; with ``type``, in rows whose column ``type`` says so."""

    model: type[Record]
    column: str
    type: str = ""

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    def select(self, practice: int, patient: int) -> "models.QuerySet[Any]":
        """Select the rows that name a patient, archived ones included."""
        only = {"type": self.type} if self.type else {}
        return self.model._default_manager.filter(practice=practice, **{self.column: patient}, **only)

    def select_colliding(self, practice: int, kept: int, merged: int) -> "models.QuerySet[Any]":
        """Select the rows of ``merged`` whose like ``kept`` has already, of what a patient has once."""
        collides = Q(pk__in=[])
        for columns, condition in self.list_unique():
            alike = self.select(practice, kept).filter(condition, **{one: OuterRef(one) for one in columns})
            collides |= condition & Q(Exists(alike))
        return self.select(practice, merged).filter(collides)

    def list_unique(self) -> Iterator[tuple[list[str], Q]]:
        """List what a patient has once: the other columns of the constraint, and its condition."""
        name = self.column.removesuffix("_id")
        if self.type:
            owners = [key.attname for key in list_part_keys(self.model)]
            yield owners, Q(archived=False)
        for one in self.model._meta.constraints:
            if isinstance(one, models.UniqueConstraint) and name in one.fields:
                yield [f for f in one.fields if f not in ("practice", name)], one.condition or Q()


@dataclass(frozen=True, slots=True)
class Moving:
    """What a merge does to the rows of a table. ``moves``: ids of rows that go to the patient who stays; ``stays``: of
    those whose like that patient has already, which stay with the other one and leave every list."""

    reference: PatientReference
    moves: list[int]
    stays: list[int]


@cache
def list_references() -> tuple[PatientReference, ...]:
    """List all columns of the record that name a patient and follow a merge."""
    found = []
    for model in apps.get_models():
        if not issubclass(model, Record) or not model._meta.managed or model in KEEPING:
            continue
        found += [
            PatientReference(model, one.attname)
            for one in model._meta.local_fields
            if isinstance(one, RecordKey) and one.related_model is Patient
        ]
        named: Mapping[str, str] = getattr(model, "named_models", {})
        found += [
            PatientReference(model, "value_id", name)
            for name, to in named.items()
            if apps.get_model(to) is Patient
        ]
    return tuple(found)


def find_kept(practice: int, patient: int) -> int | None:
    """Find the patient into whom a patient was merged, through all merges after that; None for one who was not."""
    found = None
    for _ in range(MAX_CHAIN):
        merges = PatientMerge.objects.filter(practice=practice, merged=found or patient, undone_at=None)
        following = merges.values_list("kept", flat=True).first()
        if following is None:
            break
        found = following
    return found


def lock_patients(practice: int, kept: int, merged: int) -> tuple[Patient, Patient]:
    """Lock two patients, so that nothing is written below either, and return them. Raises NotFound, Conflict."""
    if kept == merged:
        raise Conflict("A patient cannot be merged with themselves.")
    rows = Patient.objects.select_for_update(of=("self",)).filter(practice=practice, pk__in=(kept, merged))
    by_id = {row.pk: row for row in rows.order_by("pk")}
    if len(by_id) < 2:
        raise NotFound
    return by_id[kept], by_id[merged]


def count_rows(practice: int, kept: int, merged: int) -> list[tuple[PatientReference, int, int]]:
    """Count the rows that a merge would move, and those that would stay behind, table by table: one query."""
    parts: list[str] = []
    values: list[Any] = []
    for number, reference in enumerate(list_references()):
        every = reference.select(practice, merged)
        kinds = [every, reference.select_colliding(practice, kept, merged)]
        counts = []
        for rows in kinds if any(reference.list_unique()) else kinds[:1]:
            sql, given = rows.filter(archived=False).order_by().values("pk").query.sql_with_params()
            counts.append(f"(select count(*) from ({sql}) counted)")  # noqa: S608 - the ORM's own text
            values += given
        parts.append(f"select {number}, {', '.join(counts)}{', 0' if len(counts) == 1 else ''}")
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(parts), values)
        found = sorted(cursor.fetchall())
    references = list_references()
    return [(references[number], every - stays, stays) for number, every, stays in found if every]


def merge(
    practice: int,
    kept: int,
    merged: int,
    user: int,
    *,
    reason: str = "",
    decided: Collection[str] = (),
) -> PatientMerge:
    """Move all that belongs to ``merged`` to ``kept``, and archive ``merged``. Texts that ``kept`` lacks are taken from
    ``merged``, except those of the columns ``decided``, which the caller sets (``note_values``).

    Raises NotFound, and Conflict where one of them is deleted or merged already.
    """
    stays, goes = lock_patients(practice, kept, merged)
    for one in (stays, goes):
        if one.archived:
            raise Conflict(f"{one.display_name} has been deleted or merged.")
    _prefer_access_in_use(practice, kept, merged, user)
    done = PatientMerge.objects.create(
        practice_id=practice,
        kept_id=kept,
        merged_id=merged,
        merged_by_id=user,
        reason=reason,
    )
    with _Moving():
        plans = [_plan(reference, practice, kept, merged) for reference in list_references()]
        for plan in plans:
            _move(plan, done)
    _fill_empty(done, stays, goes, decided)
    goes.archived = True
    goes.save(update_fields=["archived", "updated_at"])
    stays.save()  # even if nothing of it changes: lists of what changed since a time show the patient
    _emit("patients merged", done, user, {one.reference.table: len(one.moves) for one in plans if one.moves})
    return done


def note_values(done: PatientMerge, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Note what of the patient who stays was set to the other's values, as it was and as it is, by key."""
    done.values_before, done.values_after = before, after
    done.save(update_fields=["values_before", "values_after", "updated_at"])


def undo(practice: int, merge_id: int, user: int) -> PatientMerge:
    """Restore the patient who was merged, and give back the rows that came from them. What was written since stays,
    except what belongs to a row that goes back. The caller sets back the values.

    Raises NotFound, and Conflict where it was undone already or the patient who stayed is deleted or merged.
    """
    done = PatientMerge.objects.select_for_update(of=("self",)).filter(practice=practice, pk=merge_id).first()
    if done is None:
        raise NotFound
    kept, merged = lock_patients(practice, done.kept_id, done.merged_id)
    if done.undone_at is not None:
        raise Conflict("The merge has been undone already.")
    if kept.archived:
        raise Conflict(f"{kept.display_name} was deleted or merged since. Undo that first.")
    done.undone_at, done.undone_by_id = clock.now(), user
    done.save(update_fields=["undone_at", "undone_by", "updated_at"])
    merged.archived = False
    try:
        with transaction.atomic():
            merged.save(update_fields=["archived", "updated_at"])
    except IntegrityError:
        end_access(merged)
        merged.save(update_fields=["archived", "updated_at"])
    kept.save(update_fields=["updated_at"])
    with _Moving():
        moved = _move_back(done)
        _follow(practice, kept.pk, merged.pk, moved)
    _emit("patients unmerged", done, user, {table: len(ids) for table, ids in moved.items()})
    return done


def _list_models() -> list[type[Record]]:
    return [Patient, *(one.model for one in list_references())]


# -- rows -------------------------------------------------------------------------------------------------------


class _Moving:
    """Within it, triggers leave alone what follows a visit whose patient changes: its rows are moved themselves, signed
    notes included."""

    _SET: ClassVar = "select set_config('charthouse.merging', %s, true)"

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(self._SET, ["on"])

    def __exit__(self, kind: Any, *raised: Any) -> None:
        if kind is None:  # else the transaction ends
            with connection.cursor() as cursor:
                cursor.execute(self._SET, ["off"])


def _plan(reference: PatientReference, practice: int, kept: int, merged: int) -> Moving:
    ids = list(reference.select(practice, merged).order_by("pk").values_list("pk", flat=True))
    stays = (
        set(reference.select_colliding(practice, kept, merged).values_list("pk", flat=True)) if ids else ()
    )
    return Moving(reference, [pk for pk in ids if pk not in stays], sorted(stays))


def _move(plan: Moving, done: PatientMerge) -> None:
    reference, practice = plan.reference, done.practice_id
    if (name := getattr(reference.model, "joined_when_merged", "")) and plan.stays:
        _join_texts(plan, done, name)
    if plan.moves:
        rows = reference.select(practice, done.merged_id).filter(pk__in=plan.moves)
        rows.update(**{reference.column: done.kept_id}, updated_at=clock.now())
        MergedRow.objects.bulk_create(
            [
                MergedRow(
                    practice_id=practice,
                    merge=done,
                    table_name=reference.table,
                    row_id=pk,
                    column=reference.column,
                )
                for pk in plan.moves
            ],
            batch_size=500,
        )


def _fill_empty(done: PatientMerge, stays: Patient, goes: Patient, decided: Collection[str]) -> None:
    """Take the texts that the patient who stays lacks from the other one."""
    for one in Patient._meta.concrete_fields:
        if not isinstance(one, models.CharField | models.TextField) or one.attname in (
            *decided,
            *KEPT_COLUMNS,
        ):
            continue
        if getattr(stays, one.attname) == "" and (text := getattr(goes, one.attname)):
            setattr(stays, one.attname, text)
            _note_text(done, PATIENTS, stays.pk, one.attname, "", text)


def _note_text(done: PatientMerge, table: str, row: int, column: str, before: str, after: str) -> None:
    MergedRow.objects.create(
        practice_id=done.practice_id,
        merge=done,
        table_name=table,
        row_id=row,
        column=column,
        text_before=before,
        text_after=after,
    )


def _join_texts(plan: Moving, done: PatientMerge, name: str) -> None:
    """Add the texts of rows that stay behind to those of the patient who stays."""
    reference = plan.reference
    ((columns, condition),) = reference.list_unique()
    for theirs in reference.model._default_manager.filter(practice=done.practice_id, pk__in=plan.stays):
        like = {column: getattr(theirs, column) for column in columns}
        own = reference.select(done.practice_id, done.kept_id).filter(condition, **like).first()
        before, added = getattr(own, name), getattr(theirs, name)
        if own is None or not added.strip() or added.strip() in before:
            continue
        after = f"{before.rstrip()}\n\n{added}" if before.strip() else added
        setattr(own, name, after)
        own.save(update_fields=[name, "updated_at"])
        _note_text(done, reference.table, own.pk, name, before, after)


def _move_back(done: PatientMerge) -> dict[str, list[int]]:
    """Give back the rows that are still with the patient who stayed, and return their ids by table. A joined text is
    put back where nobody changed it since."""
    noted: dict[tuple[str, str], list[int]] = {}
    for row in MergedRow.objects.filter(practice=done.practice_id, merge=done):
        if row.text_after is None:
            noted.setdefault((row.table_name, row.column), []).append(row.row_id)
            continue
        model = next(one for one in _list_models() if one._meta.db_table == row.table_name)
        texts = model._default_manager.filter(
            practice=done.practice_id, pk=row.row_id, **{row.column: row.text_after}
        )
        texts.update(**{row.column: row.text_before}, updated_at=clock.now())
    moved: dict[str, list[int]] = {}
    for reference in list_references():
        ids = noted.get((reference.table, reference.column))
        rows = reference.select(done.practice_id, done.kept_id).filter(pk__in=ids or [])
        found = list(rows.values_list("pk", flat=True)) if ids else []
        if found:
            rows.filter(pk__in=found).update(**{reference.column: done.merged_id}, updated_at=clock.now())
            moved.setdefault(reference.table, []).extend(found)
    return moved


def _follow(practice: int, kept: int, merged: int, moved: dict[str, list[int]]) -> None:
    """Move what was written since below rows that went back, as the charges of a visit."""
    changed = True
    while changed:
        changed = False
        for reference in list_references():
            for key in list_part_keys(reference.model) if not reference.type else ():
                owners = moved.get(key.related_model._meta.db_table)
                if key.attname == reference.column or not owners:
                    continue
                rows = reference.select(practice, kept).filter(**{f"{key.attname}__in": owners})
                found = list(rows.values_list("pk", flat=True))
                if found:
                    rows.filter(pk__in=found).update(**{reference.column: merged}, updated_at=clock.now())
                    moved.setdefault(reference.table, []).extend(found)
                    changed = True


def _prefer_access_in_use(practice: int, kept: int, merged: int, user: int) -> None:
    """Withdraw an invitation of the patient who stays, where the other one signs in to the portal already."""
    open_access = portal_access.select_not_disabled(practice)
    if open_access.filter(patient=merged, activated_on__isnull=False).exists():
        for invitation in open_access.filter(patient=kept, activated_on=None):
            portal_access.disable(invitation, user)


def _emit(what: str, done: PatientMerge, user: int, rows: dict[str, int]) -> None:
    """Add the act to the audit; the ids of the rows are in the feed of changes, with those of ``MergedRow``."""
    emit_audit_event(
        what,
        practice_id=done.practice_id,
        user_id=user,
        patient_id=done.kept_id,
        details={"merge": done.pk, "kept": done.kept_id, "merged": done.merged_id, "rows": rows},
    )


__all__ = [
    "PatientReference",
    "count_rows",
    "find_kept",
    "list_references",
    "lock_patients",
    "merge",
    "note_values",
    "undo",
]
