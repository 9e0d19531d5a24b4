"""Running the recipe of an event. Nothing is written where anything is refused."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from django.db import transaction

from charthouse.changes.event_catalog import load_catalog
from charthouse.console.kit.actor import build_actor
from charthouse.engine.errors import Invalid, NotFound
from charthouse.engine.execution import writing
from charthouse.identity.models import User
from charthouse.sandbox.triggers.recipes import Recipe, list_plain_recipes
from charthouse.sandbox.triggers.rows import Run
from charthouse.sandbox.triggers.special import list_special_recipes

FIELD = "override.{}"  # how an error names a field that was given


@lru_cache(maxsize=1)
def load_recipes() -> dict[str, Recipe]:
    """The recipe of every event of the catalog, by event. Built once a process."""
    found = {**list_plain_recipes(), **list_special_recipes()}
    return {event: found[event] for events in load_catalog().events.values() for event in events}


def run_recipe(
    event: str, user: User, override: Mapping[str, Any], row: int | None
) -> tuple[int, list[tuple[str, int]]]:
    """Cause an event in the name of a user, who is the tenant's caller. ``row``: the id of the row that is changed or
    deleted; None: one is made. Returns the id of the row that the event is about, and (path of the resource, id) of
    each row that was made. Raises RequestError; errors of fields are those of ``override.<field>``."""
    recipe = load_recipes().get(event)
    if recipe is None:
        raise Invalid({"event": [f"There is no event {event[:50]!r}."]})
    _check_given(recipe, override, row)
    run = Run(build_actor(user), override)
    try:
        if recipe.make is not None and row is None:
            row = writing.in_transaction({}, lambda: _make_and_rehearse(recipe, run))
        return writing.in_transaction({}, _in_turn(recipe, run, row or 0)), run.made
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


def _make_and_rehearse(recipe: Recipe, run: Run) -> int:
    """Make the row that the event changes, and try the change: what is refused leaves no row either."""
    assert recipe.make is not None
    run.made.clear()
    row = recipe.make(run)
    made = list(run.made)
    with transaction.atomic():
        recipe.act(run, row)
        transaction.set_rollback(True)
    run.made[:] = made
    return row


def _in_turn(recipe: Recipe, run: Run, row: int) -> Callable[[], int]:
    """The write, which begins anew with the rows that were made before it."""
    before = list(run.made)

    def act() -> int:
        run.made[:] = before
        return recipe.act(run, row)

    return act


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
