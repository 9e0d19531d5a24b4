"""Webhooks that fail as a fault says. Each attempt says so in its error."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase

import aiohttp

from charthouse.changes.delivery_queue import Claim, Outcome
from charthouse.changes.event_catalog import get_format
from charthouse.changes.models import Webhook
from charthouse.changes.sender import Sender
from charthouse.sandbox.control import fault_rules
from charthouse.sandbox.control.gate import Slot, get_gate
from charthouse.toolkit.controls.faults import Fault


class FaultySender(Sender):
    """The sender of a sandbox."""

    def __init__(self, grace: float) -> None:
        super().__init__(grace)
        self._sent: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    async def post(self, client: aiohttp.ClientSession, claim: Claim) -> Outcome:
        fault = None if claim.delivery.by_hand else await self._take_fault(claim)
        if fault is None:
            outcome = await super().post(client, claim)
            self._sent.pop(claim.delivery.webhook_id, asyncio.Event()).set()
            return outcome
        if fault.kind == "webhook-lost":
            return Outcome(None, 0, f"fault: {fault.kind}", is_final=True)
        if fault.kind == "webhook-late":
            await asyncio.sleep(fault.seconds)
        elif fault.kind == "webhook-disorder":
            with suppress(TimeoutError):
                await asyncio.wait_for(self._sent[claim.delivery.webhook_id].wait(), fault.seconds)
        else:
            await super().post(client, claim)
        return replace(await super().post(client, claim), error=f"fault: {fault.kind}")

    async def _take_fault(self, claim: Claim) -> Fault | None:
        if not get_gate().get_version(Slot.FAULTS):
            return None
        return await self._run_in_thread(
            self._queue_thread, lambda: fault_rules.take(lambda fault: _matches(fault, claim))
        )


def _matches(fault: Fault, claim: Claim) -> bool:
    if not fault.kind.startswith("webhook-"):
        return False
    event = get_format(claim.kind).label_event(claim.delivery.event)
    if fault.operation and not fnmatchcase(event, fault.operation):
        return False
    if fault.practice not in (None, claim.delivery.practice_id):
        return False
    if fault.app is None and fault.api_user is None:
        return True
    webhooks = Webhook.objects.using("owner").filter(pk=claim.delivery.webhook_id)
    return fault.app is not None and webhooks.filter(application__client_id=fault.app).exists()
