"""Who operates the installation: the users named in CHARTHOUSE_OPERATORS. A practice can't appoint them."""

from django.conf import settings

from charthouse.identity.models import User


def is_operator(user: User) -> bool:
    """Return whether a user may see what is of the installation and not of a practice. In a sandbox every primary user
    may."""
    if settings.SANDBOX and not settings.OPERATORS:
        return bool(user.is_primary)
    return user.username in settings.OPERATORS
