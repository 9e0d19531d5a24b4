"""Running the recipe of an event. Nothing is written where anything is refused."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Func, TextField

from charthouse.changes.event_catalog import load_catalog
from charthouse.console.kit.actor import build_actor
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.errors import Conflict, Invalid, NotFound
from charthouse.engine.execution import writing
from charthouse.identity.models import User
from charthouse.sandbox.triggers.recipes import Recipe, list_plain_recipes
from charthouse.sandbox.triggers.rows import Run
from charthouse.sandbox.triggers.special_recipes import list_special_recipes

FIELD = "override.{}"  # how an error names a field that was given


@dataclass(frozen=True)
class EventRecipe:
    """The recipe of an event, and the resource whose rows the event is about."""

    recipe: Recipe
    resource: Resource


@lru_cache(maxsize=1)
def load_recipes() -> dict[str, EventRecipe]:
    """The recipe of every event of the catalog, by event. Built once a process."""
    recipes = {**list_plain_recipes(), **list_special_recipes()}
    bindings = (binding for each in load_catalog().bindings.values() for binding in each)
    return {
        binding.event.name: EventRecipe(recipes[binding.event.name], binding.resource) for binding in bindings
    }


def run_recipe(
    event: str, user: User, override: Mapping[str, Any], row: int | None
) -> tuple[int, list[tuple[str, int]]]:
    """Cause an event in the name of a user, who is the tenant's caller. ``row``: the id of the row that is changed or
    deleted; None: one is made. Returns the id of the row that the event is about, and (path of the resource, id) of
    each row that was made. Raises RequestError; errors of fields are those of ``override.<field>``."""
    found = load_recipes().get(event)
    if found is None:
        near = difflib.get_close_matches(event.upper(), load_recipes(), 1) or ["APPOINTMENT_CREATE"]
        raise Invalid(
            {"event": [f"There is no event {event[:50]!r}. events.list has all of them, as {near[0]}."]}
        )
    _check_given(found.recipe, override, row)
    run = Run(build_actor(user), override)
    try:
        if row is not None and not _select(found.resource, row).exists():
            raise NotFound
        if found.recipe.make is not None and row is None:
            row = writing.in_transaction({}, lambda: _make_and_rehearse(found, run))
        return writing.in_transaction({}, _in_turn(found, run, row or 0)), run.made
    except NotFound:
        raise Invalid({"row": [f"There is no such row {row} for this event."]}) from None
    except Invalid as error:
        raise Invalid(_name_fields(error.errors, override)) from None


def _check_given(recipe: Recipe, override: Mapping[str, Any], row: int | None) -> None:
    """Raises Invalid."""
    errors = {
        FIELD.format(name[:100]): ["This event has no such field."]
        for name in override
        if name not in recipe.fields
    }
    if row is not None and recipe.make is None:
        errors["row"] = ["This event is about a new row."]
    elif row is not None and recipe.fields_of_made and override:
        errors["override"] = ["This event changes no field of a row that exists."]
    if errors:
        raise Invalid(errors)


def _make_and_rehearse(found: EventRecipe, run: Run) -> int:
    """Make the row that the event changes, and try the change: what is refused leaves no row either."""
    assert found.recipe.make is not None
    run.made.clear()
    row = found.recipe.make(run)
    made = list(run.made)
    with transaction.atomic():
        _act(found, run, row)
        transaction.set_rollback(True)
    run.made[:] = made
    return row


def _in_turn(found: EventRecipe, run: Run, row: int) -> Callable[[], int]:
    """The write, which begins again with the rows that were made before it."""
    before = list(run.made)

    def act() -> int:
        run.made[:] = before
        return _act(found, run, row)

    return act


def _act(found: EventRecipe, run: Run, row: int) -> int:
    """Write. Raises Conflict where that changes nothing, as there would be no event."""
    if found.recipe.make is None:
        return found.recipe.act(run, row)
    before = _read_version(found.resource, row)
    written = found.recipe.act(run, row)
    if before == _read_version(found.resource, row):
        raise Conflict("Nothing would change: the row is like that already.")
    return written


def _select(resource: Resource, row: int) -> Any:
    """The row as a query set, which is empty where the event can't be about it."""
    return resource.model._default_manager.filter(resource.rows, pk=row)


def _read_version(resource: Resource, row: int) -> Any:
    """Return what differs after each write of a row, also while the clock stands still."""
    rows = resource.model._default_manager.filter(pk=row)
    place = Func(template="ctid::text", output_field=TextField())
    return rows.annotate(place=place).values_list("place", flat=True).first()


def _name_fields(errors: Any, override: Mapping[str, Any]) -> dict[str, list[str]]:
    """Errors by parameter: those of fields that were given are named as such."""
    named = errors if isinstance(errors, dict) else {"non_field_errors": errors}
    return {
        FIELD.format(name) if name in override else name: _flatten(texts) for name, texts in named.items()
    }


def _flatten(texts: Any) -> list[str]:
    """The messages of a field, with the names of members before theirs."""
    if isinstance(texts, dict):
        return [f"{name}: {text}" for name, inner in texts.items() for text in _flatten(inner)]
    if isinstance(texts, list | tuple):
        return [text for inner in texts for text in _flatten(inner)]
    return [str(texts)]
