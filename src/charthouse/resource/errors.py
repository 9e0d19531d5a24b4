"""The one error family. Any stage may raise one; a dialect turns it into its wire form in one place."""

from typing import Any


class Refusal(Exception):
    """A request that is not carried out. ``detail`` is one sentence for the caller, ``gate`` a word for what refused
    it, ``app`` the calling application where that is known although the caller isn't."""

    status = 400
    gate = "request"
    app: int | None = None

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Malformed(Refusal):
    """The body or the query can't be read at all, or breaks a rule that no single field answers for."""


class Invalid(Refusal):
    """Wrong fields, all of them at once.

    ``errors`` maps a field's wire name to its messages; for a list body it is a list of such maps, one per item.
    """

    gate = "validation"

    def __init__(self, errors: dict[str, Any] | list[dict[str, Any]]) -> None:
        super().__init__("Invalid input.")
        self.errors = errors


class Unauthenticated(Refusal):
    status = 401
    gate = "token"


class Forbidden(Refusal):
    status = 403

    def __init__(
        self, detail: str = "You do not have permission to perform this action.", gate: str = "permission"
    ) -> None:
        super().__init__(detail)
        self.gate = gate


class NotFound(Refusal):
    status = 404
    gate = "not found"

    def __init__(self, detail: str = "Not found.") -> None:
        super().__init__(detail)


class MethodNotAllowed(Refusal):
    """``allowed`` are the methods the URL has."""

    status = 405
    gate = "method"

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f'Method "{method}" not allowed.')
        self.allowed = allowed


class Conflict(Refusal):
    status = 409
    gate = "conflict"


class TooLarge(Refusal):
    status = 413

    @classmethod
    def body(cls, most: int) -> "TooLarge":
        """``most``: bytes that it might have had."""
        return cls(f"The request body is larger than {most // (1024 * 1024)} MB.")


class UnsupportedMedia(Refusal):
    status = 415


class Throttled(Refusal):
    """``wait`` is in whole seconds."""

    status = 429
    gate = "quota"

    def __init__(self, wait: int, gate: str = "quota") -> None:
        super().__init__(f"Request was throttled. Expected available in {wait} seconds.")
        self.wait, self.gate = wait, gate


class Unavailable(Refusal):
    """The database could not carry it out just now; the same request may succeed later."""

    status = 503
    gate = "database"


class Fault(Refusal):
    """A mistake of ours."""

    status = 500
    gate = "fault"

    def __init__(self) -> None:
        super().__init__("Internal server error.")
