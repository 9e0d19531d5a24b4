"""What people do with webhooks: make, change, delete, verify, ping, look at deliveries, redeliver.

Whose app or practice it is, and so who may, is for the caller to check. Deliveries are those of the practice that is
established.
"""

import asyncio
from collections.abc import Iterable, Mapping

from django.db import transaction

from charthouse import clock
from charthouse.changes import fanout, http
from charthouse.changes import headers as own_headers
from charthouse.changes.catalogue import PING, catalogue, manner
from charthouse.changes.models import Delivery, Webhook
from charthouse.engine.errors import Conflict, Invalid
from charthouse.identity import tenancy
from charthouse.identity.models import Application, Practice
from charthouse.identity.secret import seal

LONGEST_SECRET = 256


def create(application: Application, callback_url: str, secret: str, events: Iterable[str]) -> Webhook:
    """A webhook that has yet to be verified. Raises Invalid with every wrong field."""
    webhook = Webhook(application=application)
    change(webhook, callback_url=callback_url, secret=secret, events=events)
    return webhook


def create_for(
    practice: Practice,
    callback_url: str,
    headers: Mapping[str, str],
    events: Iterable[str],
    *,
    active: bool = True,
) -> Webhook:
    """A webhook of the practice itself; it has nothing to verify. Raises Invalid with every wrong field."""
    webhook = Webhook(practice=practice)
    change(webhook, callback_url=callback_url, headers=headers, events=events, active=active)
    return webhook


def change(
    webhook: Webhook,
    *,
    callback_url: str | None = None,
    secret: str | None = None,
    headers: Mapping[str, str] | None = None,
    events: Iterable[str] | None = None,
    active: bool | None = None,
) -> None:
    """Change what is given, and save: ``secret`` of an app's webhook, all ``headers`` of a practice's. A new URL of an
    app's has to be verified again. Raises Invalid with every wrong field."""
    errors: dict[str, list[str]] = {}
    ours = webhook.kind == "practice"
    if callback_url is not None and (wrong := http.wrong_url(callback_url, named=ours)):
        errors["callback_url"] = [wrong]
    if headers is not None and (wrong := own_headers.wrong(headers)):
        errors["headers"] = [wrong]
    if secret is not None and not (secret.isascii() and secret.isprintable() and secret.strip()):
        errors["secret_token"] = ["Enter a text of ASCII characters, as it goes into a header."]
    elif secret is not None and (len(secret) > LONGEST_SECRET or secret != secret.strip()):
        errors["secret_token"] = [f"At most {LONGEST_SECRET} characters, without spaces at its ends."]
    wanted = None if events is None else sorted(set(events))
    if wanted is not None and (
        unknown := [name for name in wanted if name not in catalogue().events[webhook.kind]]
    ):
        errors["events"] = [f"There is no event {', '.join(unknown)}."]
    elif wanted == []:
        errors["events"] = ["Choose at least one event."]
    if errors:
        raise Invalid(errors)
    if callback_url is not None and callback_url != webhook.callback_url:
        webhook.callback_url = callback_url
        webhook.verified_at = clock.now() if ours else None
    if secret is not None:
        webhook.sealed_secret = seal(secret)
    if headers is not None:
        webhook.sealed_secret = seal(own_headers.packed(headers))
    if wanted is not None:
        webhook.events = wanted
    if active is not None:
        webhook.active = active
    fanout.begin()
    webhook.save()


def delete(webhook: Webhook) -> None:
    """Nothing more is delivered; its secret is forgotten. What was delivered stays as long as ever."""
    webhook.active, webhook.deleted_at, webhook.sealed_secret = False, clock.now(), ""
    webhook.save()


def verify(webhook: Webhook) -> str:
    """Ask the receiver to prove that it knows the secret. Empty if it did, and deliveries begin; else what was wrong.
    Takes up to ten seconds."""
    url = webhook.callback_url
    problem = asyncio.run(http.verify(url, webhook.secret))
    # Meanwhile somebody may have changed the URL.
    now = None if problem else clock.now()
    if Webhook.objects.filter(pk=webhook.pk, callback_url=url).update(verified_at=now):
        webhook.verified_at = now
    return problem


def ping(webhook: Webhook) -> Delivery:
    """Send an app's webhook a ping, once; the delivery shows what came of it. Raises Conflict unless verified and
    active."""
    if webhook.verified_at is None or not webhook.active or webhook.kind != "app":
        raise Conflict("Only an active webhook of an app that has been verified can be pinged.")
    practice = tenancy.database().tenant
    if practice is None:
        raise Conflict("A ping is sent from within a practice.")
    now = clock.now()
    return Delivery.objects.create(
        practice_id=practice,
        webhook=webhook,
        event=PING,
        body=manner(webhook.kind).body(webhook, practice, None),
        at=now,
        next_try=now,
    )


def deliveries(webhook: Webhook, *, before: int | None = None, limit: int = 50) -> list[Delivery]:
    """The latest deliveries of the practice, the latest first; ``before``: only ids below this one."""
    found = Delivery.objects.filter(webhook=webhook)
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.order_by("-pk")[:limit])


def redeliver(webhook: Webhook, delivery_id: int) -> bool:
    """Send a delivery again, the same bytes under the same id, as soon as a worker comes to it. False if there is no
    such delivery of the practice."""
    with transaction.atomic():
        found = Delivery.objects.filter(webhook=webhook, pk=delivery_id)
        return bool(found.update(next_try=clock.now(), by_hand=True, leased_until=None))
