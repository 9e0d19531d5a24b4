"""Tasks of the portal."""

from django.db import transaction
from procrastinate.contrib.django import app

from charthouse import clock
from charthouse.domains.patients import portal_access, portal_credentials
from charthouse.engine.errors import Invalid
from charthouse.identity import tenancy
from charthouse.identity.sealed_secrets import UnsealError, unseal


@app.task(name="charthouse.patients.send_portal_links", queue="links")
def send_portal_links(sealed: str, only: int | None) -> None:
    """Send links to a new password to the patients of a username. ``sealed``: the encrypted name, as somebody gave it;
    ``only``: the one practice whose patients are meant."""
    try:
        name = unseal(sealed)
    except UnsealError:  # the secret key was changed meanwhile: the patient asks again
        return
    for practice in portal_credentials.find_practices(name, only):
        with tenancy.within(practice):
            _send_link(practice, portal_credentials.normalize_username(name))


def _send_link(practice: int, username: str) -> None:
    """Send the link, unless one was sent shortly before or the patient has no e-mail address."""
    with transaction.atomic():
        row = portal_credentials.find_active_access(practice, username, lock=True)
        if row is None or (row.link_sent_at and row.link_sent_at > clock.now() - portal_access.LINK_SPACING):
            return
        try:
            portal_access.send_password_link(row, row.patient)
        except Invalid:
            return
