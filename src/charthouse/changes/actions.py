"""Operations on webhooks: create, update, delete, verify, ping, list deliveries and redeliver.

The caller checks that the user may manage the app or practice. Deliveries are those of the current tenant.
"""

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.db import transaction

from charthouse import clock
from charthouse.changes import custom_headers, fanout, receiver_urls
from charthouse.changes.event_catalog import PING, get_format, load_catalog
from charthouse.changes.models import Delivery, Webhook
from charthouse.changes.tasks import verify_receivers
from charthouse.engine.errors import Conflict, Invalid
from charthouse.identity import tenancy
from charthouse.identity.models import Application, Practice
from charthouse.identity.sealed_secrets import seal

MAX_SECRET_LENGTH = 256


def create_app_webhook(
    application: Application, callback_url: str, secret: str, events: Iterable[str]
) -> Webhook:
    """Create a webhook of an OAuth app, not verified yet. Raises Invalid with the errors of all fields."""
    webhook = Webhook(application=application)
    update(webhook, callback_url=callback_url, secret=secret, events=events)
    return webhook


def create_practice_webhook(
    practice: Practice,
    callback_url: str,
    headers: Mapping[str, str],
    events: Iterable[str],
    *,
    active: bool = True,
) -> Webhook:
    """Create a webhook of a practice, which needs no verification. Raises Invalid with the errors of all fields."""
    webhook = Webhook(practice=practice)
    update(webhook, callback_url=callback_url, headers=headers, events=events, active=active)
    return webhook


def update(
    webhook: Webhook,
    *,
    callback_url: str | None = None,
    secret: str | None = None,
    headers: Mapping[str, str] | None = None,
    events: Iterable[str] | None = None,
    active: bool | None = None,
) -> None:
    """Update the given fields and save. ``secret`` belongs to an app's webhook, ``headers`` (replaced as a whole) to a
    practice's. A new URL of an app's webhook has to be verified again. Raises Invalid with the errors of all fields."""
    of_practice = webhook.kind == "practice"
    event_names = None if events is None else sorted(set(events))
    if errors := _find_errors(webhook, callback_url, secret, headers, event_names):
        raise Invalid(errors)
    if callback_url is not None and callback_url != webhook.callback_url:
        webhook.callback_url = callback_url
        webhook.verified_at = clock.now() if of_practice else None
        webhook.verification_error = ""
    if secret is not None:
        webhook.sealed_secret = seal(secret)
    if headers is not None:
        webhook.sealed_secret = seal(custom_headers.encode(headers))
    if event_names is not None:
        webhook.events = event_names
    if active is not None:
        webhook.active = active
    fanout.start_reading()
    webhook.save()


def _find_errors(
    webhook: Webhook,
    callback_url: str | None,
    secret: str | None,
    headers: Mapping[str, str] | None,
    event_names: list[str] | None,
) -> dict[str, list[str]]:
    """Validate new values of fields, None for unchanged ones. Return error messages by field."""
    errors: dict[str, list[str]] = {}
    of_practice = webhook.kind == "practice"
    if callback_url is not None and (
        error := receiver_urls.find_url_error(callback_url, require_hostname=of_practice)
    ):
        errors["callback_url"] = [error]
    if headers is not None and (error := custom_headers.find_error(headers)):
        errors["headers"] = [error]
    if secret is not None and not (secret.isascii() and secret.isprintable() and secret.strip()):
        errors["secret_token"] = ["Enter a text of ASCII characters, as it goes into a header."]
    elif secret is not None and (len(secret) > MAX_SECRET_LENGTH or secret != secret.strip()):
        errors["secret_token"] = [f"At most {MAX_SECRET_LENGTH} characters, without spaces at its ends."]
    if event_names is not None and (
        unknown := [name for name in event_names if name not in load_catalog().events[webhook.kind]]
    ):
        errors["events"] = [f"There is no event {', '.join(unknown)}."]
    elif event_names == []:
        errors["events"] = ["Choose at least one event."]
    return errors


def delete(webhook: Webhook) -> None:
    """Deactivate the webhook, erase its secret and mark it as deleted. Past deliveries keep their usual retention."""
    webhook.active, webhook.deleted_at, webhook.sealed_secret = False, clock.now(), ""
    webhook.save()


def request_verification(webhook: Webhook) -> None:
    """Have the worker ask the receiver to prove that it knows the secret, which starts deliveries. The outcome is in
    ``verified_at`` and ``verification_error``."""
    with transaction.atomic():
        webhook.verification_requested_at, webhook.verification_error = clock.now(), ""
        webhook.save()
        verify_receivers.defer(timestamp=0)  # type: ignore[call-arg] # typed as having none


def ping(webhook: Webhook) -> Delivery:
    """Queue one ping to an app's webhook and return its delivery, which records the attempt. Raises Conflict unless the
    webhook is active, a tenant is set, and the receiver has been verified, which a sandbox does not ask for."""
    is_verified = webhook.verified_at is not None or settings.SANDBOX
    if not is_verified or not webhook.active or webhook.kind != "app":
        raise Conflict("Only an active webhook of an app that has been verified can be pinged.")
    practice = tenancy.get_connection().tenant
    if practice is None:
        raise Conflict("A ping is sent from within a practice.")
    now = clock.now()
    return Delivery.objects.create(
        practice_id=practice,
        webhook=webhook,
        event=PING,
        body=get_format(webhook.kind).build_body(webhook, practice, None),
        at=now,
        next_try=now,
    )


def list_deliveries(webhook: Webhook, *, before: int | None = None, limit: int = 50) -> list[Delivery]:
    """List the latest deliveries of the practice, newest first. ``before``: only ids below this one."""
    found = Delivery.objects.filter(webhook=webhook)
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.order_by("-pk")[:limit])


def redeliver(webhook: Webhook, delivery_id: int) -> bool:
    """Schedule a delivery to be sent again at once, with the same bytes and id. Return False if the practice has no
    such delivery."""
    with transaction.atomic():
        found = Delivery.objects.filter(webhook=webhook, pk=delivery_id)
        return bool(found.update(next_try=clock.now(), by_hand=True, leased_until=None))
