"""A form that is sent twice does its work once: with Back, by a double click, or by a browser that tries again.

A form has a token of its own. The first request that does the work notes the token and where it led, in the same
transaction; a second one waits for the first and is led to the same place.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import transaction

from charthouse.jobs.models import Submission

LIFETIME = timedelta(days=1)  # how long a form that was sent is remembered


def make_token() -> str:
    """Make the token of a new form."""
    return str(uuid4())


def run_once(practice: int, user: int, token: str, work: Callable[[], str]) -> tuple[str, bool]:
    """Do the work of a form and return the URL that it leads to, and whether it was done now.

    ``work``: writes and returns a URL; it runs in a transaction, and what it raises leaves nothing behind. A form
    without a token, or with a malformed one, is always new.
    """
    with transaction.atomic():
        try:
            uuid = UUID(token)
        except ValueError:
            return work(), True
        sent, created = Submission.objects.get_or_create(practice_id=practice, user_id=user, uuid=uuid)
        if not created:
            return sent.leads_to, False
        sent.leads_to = work()
        sent.save(update_fields=["leads_to"])
        return sent.leads_to, True
