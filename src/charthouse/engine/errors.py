"""The one error family. Any stage may raise one; each API turns it into its wire form in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


class RequestError(Exception):
    """A request that is refused. ``detail`` is one sentence for the caller, ``gate`` the check that refused it (for the
    request log), ``claimed`` whom the credentials named although they were not accepted: ("name", name) of an API user,
    ("token", checksum); ``wait`` the seconds after which the same request may succeed."""

    status = 400
    gate = "request"
    claimed: tuple[str, str] | None = None
    wait: int | None = None

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


def summarize_errors(errors: Any) -> str:
    """The first of the errors of ``Invalid`` in words, for clients that show only one message."""
    name, fault = next(iter(errors.items())) if isinstance(errors, Mapping) and errors else ("", errors)
    while isinstance(fault, Mapping) and fault:
        inner, fault = next(iter(fault.items()))
        name = f"{name}.{inner}"
    first_message = fault[0] if isinstance(fault, list) and fault else "Invalid input."
    return f"{name}: {first_message}" if name and name != "non_field_errors" else str(first_message)


@dataclass(frozen=True, kw_only=True, eq=False)
class Refusable:
    """Something whose keys may be found to be wrong, one by one, before it is refused as a whole."""

    _errors: dict[str, Any] = field(default_factory=dict)

    @property
    def errors(self) -> Mapping[str, Any]:
        """Messages by wire name; those of the members of an object or a list are mappings themselves."""
        return MappingProxyType(self._errors)

    def add_error(self, name: str, message: str) -> None:
        """Report a fault of one key."""
        self.add_member_error((name,), message)

    def add_member_error(self, path: Sequence[str], message: str) -> None:
        """Report a fault of a member: of its path of names and indices."""
        errors = self._errors
        for step in path[:-1]:
            errors = errors.setdefault(step, {})
            if not isinstance(errors, dict):
                return  # the object itself is at fault
        errors.setdefault(path[-1], []).append(message)

    def refuse_errors(self) -> None:
        """Raises Invalid where faults were reported."""
        if self._errors:
            raise Invalid(self._errors)


class Unauthenticated(RequestError):
    status = 401

    def __init__(self, detail: str, gate: str = "token") -> None:
        super().__init__(detail)
        self.gate = gate


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


class Gone(RequestError):
    """A row that was merged into another one of its resource. ``merged_into``: that one's id."""

    status = 410
    gate = "merged"

    def __init__(self, path: str, row_id: int, merged_into: int) -> None:
        super().__init__(f"{path}/{row_id} was merged into {path}/{merged_into}.")
        self.merged_into = merged_into


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
    wait = 5


class Fault(RequestError):
    """A fault of the server."""

    status = 500
    gate = "fault"

    def __init__(self) -> None:
        super().__init__("Internal server error.")
