"""Tasks of scenarios, in the worker of a sandbox alone."""

from procrastinate.contrib.django import app

from charthouse.identity import tenancy
from charthouse.identity.models import Practice, User
from charthouse.sandbox.scenarios import recipes


@app.task(name=recipes.RESULTS_TASK)
def release_results(practice: int, user: int, order: int, test: int) -> None:
    """Add the results that were due."""
    tenancy.set_tenant(practice, user_id=user)
    try:
        world = recipes.World.find(Practice.objects.get(pk=practice), User.objects.get(pk=user))
        recipes.release_results(world, order, test)
    finally:
        tenancy.clear_tenant()
