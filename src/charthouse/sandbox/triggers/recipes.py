"""The recipe of each event: what is made for it, and the write that it follows from."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from charthouse.console.resources.registry import get_registry as get_console_registry
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.execution import writing
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo_registry
from charthouse.sandbox.triggers.rows import Run, make_row


@dataclass(frozen=True)
class Recipe:
    """How an event is caused.

    act             writes; returns the id of the row that the event is about
    make            makes the row that ``act`` changes, in a transaction before, and returns its id; None: ``act`` makes
                    the row
    fields          names of the fields that may be given
    fields_of_made  whether they are those of the row that is made, and not of the change
    """

    act: Callable[[Run, int], int]
    make: Callable[[Run], int] | None = None
    fields: tuple[str, ...] = ()
    fields_of_made: bool = False


# -- plain rows -------------------------------------------------------------------------------------------------


def _list_fields(resource: Resource) -> tuple[str, ...]:
    return tuple(key.name for key in resource.writable)


def make_create(resource: Resource) -> Recipe:
    """The recipe of an event of new rows."""
    return Recipe(
        lambda run, _: make_row(run, resource, run.override),
        fields=_list_fields(resource),
    )


def make_modify(resource: Resource, change: Mapping[str, Any]) -> Recipe:
    """The recipe of an event of changed rows. ``change``: by default."""

    def act(run: Run, row: int) -> int:
        writing.update(resource, run.actor, "modify", row, dict(run.override or change))
        return row

    return Recipe(act, lambda run: make_row(run, resource, {}), _list_fields(resource))


def make_delete(resource: Resource) -> Recipe:
    """The recipe of an event of deleted rows."""

    def act(run: Run, row: int) -> int:
        writing.delete(resource, run.actor, row)
        return row

    return Recipe(
        act, lambda run: make_row(run, resource, run.override), _list_fields(resource), fields_of_made=True
    )


# -- events -----------------------------------------------------------------------------------------------------

# Of DrChrono's events: the beginning of the name → path of the resource, a change, which of the three are plain.
_DRCHRONO: dict[str, tuple[str, dict[str, Any], str]] = {
    "APPOINTMENT": ("appointments", {"notes": "Bring the cuff."}, "CREATE MODIFY DELETE"),
    "PATIENT": ("patients", {"nick_name": "Addy"}, "CREATE MODIFY DELETE"),
    "PATIENT_ALLERGY": ("allergies", {"notes": "Since childhood."}, "CREATE MODIFY DELETE"),
    "PATIENT_PROBLEM": ("problems", {"notes": "Improving."}, "CREATE MODIFY DELETE"),
    "PATIENT_MEDICATION": ("medications", {"notes": "With food."}, "CREATE MODIFY DELETE"),
    "LAB_ORDER": ("lab_orders", {"notes": "Not fasting."}, "CREATE MODIFY DELETE"),
    "LINE_ITEM": ("line_items", {"price": "150.00"}, "CREATE MODIFY DELETE"),
    "TASK": ("tasks", {"title": "Call again"}, "CREATE MODIFY DELETE"),
    "DOCUMENT": ("documents", {"description": "Radiology report"}, "CREATE MODIFY DELETE"),
    "MESSAGE": ("messages", {"title": "Second fax"}, "CREATE MODIFY DELETE"),
    "CASH_PAYMENT": ("patient_payments", {}, "CREATE"),
}
# Of Cerbo's events: the same, by Cerbo's resource where it has one that writes, else by that of the record.
_CERBO: dict[str, tuple[str, dict[str, Any]]] = {
    "patient": ("patients", {"nicknames": "Addy"}),
    "schedule": ("appointments", {"appointment_note": "Bring the cuff."}),
    "encounter": ("encounters", {"title": "Second call"}),
    "task": ("task", {"subject": "Call again"}),
    "tag": ("tags", {"description": "Calls go to the nurse."}),
}
_RECORD: dict[str, tuple[str, dict[str, Any]]] = {
    "document": ("documents", {"description": "Radiology report"}),
    "rx": ("medications", {"notes": "With food."}),
    "order": ("lab_orders", {"notes": "Not fasting."}),
    "supplement": ("supplements_taken", {"dose": "3 capsules"}),
    "charge": ("account_charges", {"notes": "Sent by mail."}),
    "patient_tag": ("tags_of_patients", {}),
}


@lru_cache(maxsize=1)
def list_plain_recipes() -> dict[str, Recipe]:
    """The recipes of the events of plain rows, by event. Built once a process."""
    return dict(_list_drchrono()) | dict(_list_cerbo())


def _list_drchrono() -> Iterable[tuple[str, Recipe]]:
    for name, (path, change, verbs) in _DRCHRONO.items():
        resource = get_console_registry()[path]
        for verb, recipe in _make_three(resource, change).items():
            if verb.upper() in verbs.split():
                yield f"{name}_{verb.upper()}", recipe
    yield "VACCINE_ADMINISTERED", make_create(get_console_registry()["patient_vaccine_records"])


def _list_cerbo() -> Iterable[tuple[str, Recipe]]:
    words = {"create": "created", "modify": "modified", "delete": "deleted"}
    for registry, groups in ((get_cerbo_registry(), _CERBO), (get_console_registry(), _RECORD)):
        for group, (path, change) in groups.items():
            for verb, recipe in _make_three(registry[path], change).items():
                if verb != "modify" or change:
                    yield f"{group}.{words[verb]}", recipe


def _make_three(resource: Resource, change: Mapping[str, Any]) -> dict[str, Recipe]:
    return {
        "create": make_create(resource),
        "modify": make_modify(resource, change),
        "delete": make_delete(resource),
    }
