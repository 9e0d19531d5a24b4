"""The one error family. Any stage may raise one; each API turns it into its wire form in one place."""

from typing import Any


class RequestError(Exception):
    """A request that is refused. ``detail`` is one sentence for the caller, ``gate`` the check that refused it (for the
    request log), ``app`` the calling application where that is known although the caller is not."""

    status = 400
    gate = "request"
    app: int | None = None

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Malformed(RequestError):
    """The body or the query cannot be read at all, or breaks a rule that belongs to no single field."""


class Invalid(RequestError):
    """Wrong fields, all of them at once.

    ``errors`` maps a field's wire name to its messages; for a list body it is a list of such maps, one per item.
    """

    gate = "validation"

    def __init__(self, errors: dict[str, Any] | list[dict[str, Any]]) -> None:
        super().__init__("Invalid input.")
        self.errors = errors


class Unauthenticated(RequestError):
    status = 401
    gate = "token"


class Forbidden(RequestError):
    status = 403

    def __init__(
        self, detail: str = "You do not have permission to perform this action.", gate: str = "permission"
    ) -> None:
        super().__init__(detail)
        self.gate = gate


class NotFound(RequestError):
    status = 404
    gate = "not found"

    def __init__(self, detail: str = "Not found.") -> None:
        super().__init__(detail)


class MethodNotAllowed(RequestError):
    """``allowed`` are the methods the URL has."""

    status = 405
    gate = "method"

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f'Method "{method}" not allowed.')
        self.allowed = allowed


class Conflict(RequestError):
    status = 409
    gate = "conflict"


class TooLarge(RequestError):
    status = 413

    @classmethod
    def for_body(cls, limit: int) -> "TooLarge":
        """``limit`` in bytes."""
        return cls(f"The request body is larger than {limit // (1024 * 1024)} MB.")


class UnsupportedMedia(RequestError):
    status = 415


class Throttled(RequestError):
    """``wait`` is in whole seconds."""

    status = 429
    gate = "quota"

    def __init__(self, wait: int, gate: str = "quota") -> None:
        super().__init__(f"Request was throttled. Expected available in {wait} seconds.")
        self.wait, self.gate = wait, gate


class Unavailable(RequestError):
    """The database cannot answer at the moment; the same request may succeed later."""

    status = 503
    gate = "database"


class Fault(RequestError):
    """A fault of the server."""

    status = 500
    gate = "fault"

    def __init__(self) -> None:
        super().__init__("Internal server error.")
