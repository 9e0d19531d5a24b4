"""Settling a request of the portal: one of two people who do it at once is told that it was settled."""

from functools import lru_cache
from importlib import import_module
from typing import Any

from charthouse import clock
from charthouse.dialects.cerbo.registry import ROOMS
from charthouse.domains.patients.queue import PortalRequest
from charthouse.resource.errors import Conflict, NotFound
from charthouse.resource.write import in_transaction


@lru_cache(maxsize=1)
def _accepting() -> dict[str, Any]:
    """What takes a request into the chart, by its type, as the rooms say."""
    rooms = [import_module(f"charthouse.domains.{room}.cerbo") for room in ROOMS]
    return {name: function for room in rooms for name, function in getattr(room, "ACCEPT", {}).items()}


def settle(request: PortalRequest, user: int, *, accept: bool) -> None:
    """Take a request into the chart, or dismiss it, in one transaction. Raises Conflict for one that was settled or
    deleted meanwhile, or that nothing takes into the chart; Invalid for what the chart refuses."""

    def work() -> None:
        rows = PortalRequest.objects.select_for_update(no_key=True)
        row = rows.filter(practice=request.practice_id, pk=request.pk).first()
        if row is None:
            raise NotFound()
        if row.status != "open":
            raise Conflict(f"This request is {row.status} already.")
        if accept:
            taking = _accepting().get(row.request_type)
            if taking is None:
                raise Conflict("A request of this type can't be taken into the chart.")
            taking(row, user)
        row.status = "accepted" if accept else "dismissed"
        row.settled_at, row.settled_by_id = clock.now(), user
        row.save(update_fields=["status", "settled_at", "settled_by", "updated_at"])

    in_transaction({}, work)
