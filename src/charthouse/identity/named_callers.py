"""Whom the credentials of a call name. They are not examined here."""

from hashlib import sha256

from charthouse.identity import api_users

NamedCaller = tuple[str, str]  # ("token", checksum of an access token) or ("name", username of an API user)


def find_named_caller(authorization: str | None) -> NamedCaller | None:
    """Return whom an Authorization header names, None where it names nobody."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return "token", sha256(token.strip().encode("utf-8", "surrogateescape")).hexdigest()
    credentials = api_users.parse_credentials(authorization)
    return ("name", credentials[0]) if credentials else None
