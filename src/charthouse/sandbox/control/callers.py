"""Who calls an API, by the credentials of a call alone: they are not checked here."""

from typing import Any, NamedTuple

from charthouse.identity.models import AccessToken
from charthouse.identity.named_callers import find_named_caller

MAX_KNOWN = 10_000


class TokenOwner(NamedTuple):
    """The app (client id) that a token was issued to, and the user it is for."""

    app: str
    user: int


_owners: dict[str, TokenOwner] = {}


def read_credentials(environ: dict[str, Any]) -> tuple[str, str]:
    """Return the checksum of a call's token and the name of its API user, "" where it has none."""
    kind, key = find_named_caller(environ.get("HTTP_AUTHORIZATION")) or ("", "")
    return (key, "") if kind == "token" else ("", key)


def find_owner(checksum: str) -> TokenOwner | None:
    """Return whose token this is. A token never changes its owner, so what was found is kept."""
    if not checksum:
        return None
    if (known := _owners.get(checksum)) is not None:
        return known
    tokens = AccessToken.objects.using("owner").filter(token_checksum=checksum)
    found = tokens.values_list("application__client_id", "user_id").first()
    if found is None:
        return None
    if len(_owners) >= MAX_KNOWN:
        _owners.clear()
    _owners[checksum] = TokenOwner(*found)
    return _owners[checksum]
