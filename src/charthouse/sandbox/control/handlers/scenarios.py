"""Controls of scenarios."""

from collections.abc import Callable
from typing import Any

from django.conf import settings

from charthouse.engine.errors import Invalid
from charthouse.engine.execution import writing
from charthouse.identity.models import Practice, User
from charthouse.sandbox import description
from charthouse.sandbox.control import practices
from charthouse.sandbox.control.handlers import access
from charthouse.sandbox.control.handlers.access import acting_as, find_practice
from charthouse.sandbox.scenarios import recipes, stored_scenarios, tasks
from charthouse.toolkit.controls import scenarios
from charthouse.toolkit.controls.access import ApiUserParameters, PracticeParameters, TokenParameters
from charthouse.toolkit.controls.clock import NoParameters

assert tasks  # its tasks are deferred by name


def list_scenarios(parameters: NoParameters) -> scenarios.Scenarios:
    known = [scenarios.KnownScenario(name, text) for name, text in scenarios.SCENARIOS.items()]
    return scenarios.Scenarios(known, stored_scenarios.list_all())


def add(parameters: scenarios.ScenarioParameters) -> scenarios.Scenario:
    if parameters.name == "shares-nothing":
        practice, ids = _add_shares_nothing()
    else:
        found = find_practice(parameters.practice)
        user = User.objects.filter(practice=found, is_primary=True).first()
        if user is None:
            raise Invalid({"practice": [f"Practice {found.pk} has no primary user."]})
        practice, ids = found.pk, _add(parameters.name, found, user)
    added = stored_scenarios.add(parameters.name, practice, ids)
    description.update_scenarios(settings.DATA / "sandbox.json")
    return added


def _add(name: str, practice: Practice, user: User) -> dict[str, Any]:
    if name == "expired-token":
        return _add_expired_token(user)
    with acting_as(user):
        world = recipes.World.find(practice, user)
        return writing.in_transaction({}, lambda: recipes.RECIPES[name](world))


def _add_expired_token(user: User) -> dict[str, Any]:
    """An app of its own, whose access token has expired."""
    token = access.mint_token(TokenParameters(user=user.username, state="expired"))
    names = ("client_id", "client_secret", "access_token", "refresh_token", "expires_at", "user")
    return {name: getattr(token, name) for name in names}


def _add_shares_nothing() -> tuple[int, dict[str, Any]]:
    """A practice with all sharing switched off, and two doctors with patients of their own."""
    made = access.create_practice(PracticeParameters(name="Shares nothing", patients=2, sharing=[]))
    practice = find_practice(made.id)
    other, _ = practices.add_user(practice, User.Role.DOCTOR, None)
    assert other.doctor_id is not None
    patients = practices.add_patients(other, other.doctor_id, 2)
    token = access.mint_token(TokenParameters(user=other.username))
    api_user = access.create_api_user(ApiUserParameters(practice=made.id))
    return made.id, {
        "doctor": made.doctor.id,
        "patients": [each.id for each in made.patients],
        "access_token": made.token.access_token,
        "other_doctor": other.doctor_id,
        "other_patients": [each["id"] for each in patients],
        "other_access_token": token.access_token,
        "api_user": {"username": api_user.username, "secret": api_user.secret},
    }


HANDLERS: dict[str, Callable[[Any], Any]] = {
    "scenarios.list": list_scenarios,
    "scenarios.add": add,
}
