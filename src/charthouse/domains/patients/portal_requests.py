"""Portal requests: putting them into the queue, and accepting them into the chart or dismissing them.

The domain that the requested thing belongs to says how a type of request is accepted, in ``ACCEPT`` of its package
``cerbo``. Domains above this one are found through the list of installed apps, since this one may not import them.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.module_loading import module_has_submodule

from charthouse import clock
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.engine.declaration.keys import Key
from charthouse.engine.errors import Conflict, Invalid, NotFound
from charthouse.engine.execution import parsing
from charthouse.engine.execution.writing import in_transaction

Accept = Callable[[PortalRequest, int | None], Any]


@lru_cache(maxsize=1)
def load_acceptors() -> dict[str, Accept]:
    """Map each type of request to the function that makes the row of the chart:
    ``accept(request, user)`` returns it."""
    found: dict[str, Accept] = {}
    for app in apps.get_app_configs():
        if app.name.startswith("charthouse.domains.") and module_has_submodule(app.module, "cerbo"):
            found |= getattr(import_module(f"{app.name}.cerbo"), "ACCEPT", {})
    return found


def settle(request: PortalRequest, user: int, accept: bool) -> Any:
    """Accept an open request into the chart, or dismiss it; return the row of the chart that was made, or None.

    ``user``: the id of who does it; the caller has checked the right to. Of two who settle one request at the same
    time, one succeeds. Raises NotFound for a request that doesn't exist, Conflict for one that is settled already or
    whose patient or product was deleted, Invalid for one that the record refuses.
    """

    def settle_locked() -> Any:
        rows = PortalRequest.objects.select_for_update(of=("self",), no_key=True)
        row = rows.filter(practice=request.practice_id, pk=request.pk).first()
        if row is None:
            raise NotFound()
        if row.status != "open":
            raise Conflict(f"This request was {row.status} already.")
        if accept:
            return accept_request(row, user)
        _set_status(row, "dismissed", user)
        return None

    return in_transaction({}, settle_locked)


def accept_request(request: PortalRequest, user: int | None) -> Any:
    """Accept an open request into the chart within the caller's transaction, which has made or locked it; return the
    row of the chart that was made. Locks the patient's row against a deletion at the same time. Raises Conflict and
    Invalid as ``settle`` does."""
    row = _make_chart_row(request, user)
    _set_status(request, "accepted", user)
    return row


def _set_status(request: PortalRequest, status: str, user: int | None) -> None:
    """Save the status of a request, with who settled it and when."""
    request.status, request.settled_at, request.settled_by_id = status, clock.now(), user
    request.save(update_fields=["status", "settled_at", "settled_by", "updated_at"])


def _make_chart_row(request: PortalRequest, user: int | None) -> Any:
    """Lock the patient and make the row of the chart. Raises Conflict where something was deleted meanwhile."""
    patients = Patient.objects.select_for_update(of=("self",), no_key=True)
    if not patients.filter(practice=request.practice_id, pk=request.patient_id, archived=False).exists():
        raise Conflict("The patient was deleted.")
    try:
        return load_acceptors()[request.request_type](request, user)
    except ObjectDoesNotExist:
        raise Conflict("What was requested no longer exists.") from None


def enqueue(patient: Any, request_type: str, *, api_user: int | None = None, **values: Any) -> PortalRequest:
    """Put a request into the queue of a patient, for staff to settle. ``values``: columns of the request."""
    return PortalRequest.objects.create(
        practice_id=patient.practice_id,
        patient_id=patient.pk,
        request_type=request_type,
        api_user_id=api_user,
        **values,
    )


def describe_request(request: PortalRequest) -> dict[str, Any]:
    """Return the answer to whoever submitted the request."""
    return {
        "result": True,
        "message": "The request waits in the portal queue for review.",
        "portal_queue_id": request.pk,
    }


def parse_submission(keys: Iterable[Key], given: Mapping[str, Any]) -> dict[str, Any]:
    """Parse what a patient submits in the portal by the keys that an API user would send. References are not looked
    up. Raises Invalid with an error for every wrong key."""
    request = parsing.parse_keys(keys, models.Model, given, "ask")
    if request.errors:
        raise Invalid(dict(request.errors))
    return dict(request.values)
