"""Controls of events: listing and causing them."""

from collections.abc import Callable
from typing import Any

from charthouse.changes.event_catalog import load_catalog
from charthouse.changes.models import Delivery
from charthouse.engine.errors import Invalid
from charthouse.identity.models import User
from charthouse.sandbox.control import settling
from charthouse.sandbox.control.handlers.access import acting_as, find_practice
from charthouse.sandbox.control.handlers.webhooks import describe_delivery
from charthouse.sandbox.triggers.running import load_recipes, run_recipe
from charthouse.toolkit.controls import events
from charthouse.toolkit.controls.clock import NoParameters


def list_events(parameters: NoParameters) -> events.Events:
    recipes = load_recipes()
    return events.Events(
        [
            events.Event(name, kind, own, list(recipe.fields), recipe.make is not None)
            for kind, names in load_catalog().events.items()
            for name, own in names.items()
            for recipe in (recipes[name].recipe,)
        ]
    )


def trigger(parameters: events.TriggerParameters) -> events.Triggered:
    practice = find_practice(parameters.practice)
    user = User.objects.filter(practice=practice, is_primary=True).first()
    if user is None:
        raise Invalid({"practice": [f"Practice {practice.pk} has no primary user."]})
    deliveries = Delivery.objects.using("owner").order_by("-pk")
    newest = deliveries.values_list("pk", flat=True).first() or 0
    with acting_as(user):
        row, made = run_recipe(parameters.event, user, parameters.override, parameters.row)
    settled = settling.wait(parameters.wait)
    caused = deliveries.filter(pk__gt=newest, practice_id=practice.pk, event=parameters.event, row_id=row)
    return events.Triggered(
        event=parameters.event,
        practice=practice.pk,
        row=row,
        made=[events.MadeRow(path, number) for path, number in made],
        deliveries=[describe_delivery(each) for each in reversed(caused)],
        settled=settled,
    )


HANDLERS: dict[str, Callable[[Any], Any]] = {
    "events.list": list_events,
    "events.trigger": trigger,
}
