"""What staff do with a request of the portal's queue: take it into the chart, or dismiss it.

How a type is taken in is said by the room that the thing belongs to, in ``ACCEPT`` of its ``cerbo.py``; later rooms
are found through the list of installed apps, since this one may not know them.
"""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.utils.module_loading import module_has_submodule

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.queue import PortalRequest
from charthouse.engine.errors import Conflict, NotFound
from charthouse.engine.execution.writing import in_transaction

Accept = Callable[[PortalRequest, int | None], Any]


@lru_cache(maxsize=1)
def acceptors() -> dict[str, Accept]:
    """What takes a request into the chart, by its type: ``accept(request, user)`` → the row that was made."""
    found: dict[str, Accept] = {}
    for app in apps.get_app_configs():
        if app.name.startswith("charthouse.domains.") and module_has_submodule(app.module, "cerbo"):
            found |= getattr(import_module(f"{app.name}.cerbo"), "ACCEPT", {})
    return found


def settle(request: PortalRequest, user: int, accept: bool) -> Any:
    """Take an open request into the chart, or dismiss it; the row that was made of it, or None. ``user``: who does,
    and may: that is the caller's to ask. Of two who settle one request, the first does.

    Raises NotFound for a request that isn't there, Conflict for one that is settled already, or whose patient or
    product is gone, Invalid for one that the record refuses.
    """

    def work() -> Any:
        rows = PortalRequest.objects.select_for_update(of=("self",), no_key=True)
        row = rows.filter(practice=request.practice_id, pk=request.pk).first()
        if row is None:
            raise NotFound()
        if row.status != "open":
            raise Conflict(f"This request was {row.status} already.")
        if accept:
            return take_in(row, user)
        _mark(row, "dismissed", user)
        return None

    return in_transaction({}, work)


def take_in(request: PortalRequest, user: int | None) -> Any:
    """Take an open request into the chart, within the caller's transaction, which has made or holds it; the row that
    was made of it. The patient's row is held, so that nobody deletes the patient meanwhile. Raises Conflict and
    Invalid as ``settle`` does."""
    made = _row_of_chart(request, user)
    _mark(request, "accepted", user)
    return made


def _mark(request: PortalRequest, status: str, user: int | None) -> None:
    request.status, request.settled_at, request.settled_by_id = status, clock.now(), user
    request.save(update_fields=["status", "settled_at", "settled_by", "updated_at"])


def _row_of_chart(request: PortalRequest, user: int | None) -> Any:
    patients = Patient.objects.select_for_update(of=("self",), no_key=True)
    if not patients.filter(practice=request.practice_id, pk=request.patient_id, archived=False).exists():
        raise Conflict("The patient was deleted.")
    try:
        return acceptors()[request.request_type](request, user)
    except ObjectDoesNotExist:
        raise Conflict("What was asked for is no longer there.") from None
