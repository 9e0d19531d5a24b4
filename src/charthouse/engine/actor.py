"""The caller, as far as the engine needs to know."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller whose credentials have been checked.

    practice      the tenant
    user          the user in whose name the call is made, None for an API user
    doctor        that user's own doctor record or primary physician
    app           the calling OAuth application
    reads, writes scope base names
    permissions   the user's permissions
    shared        the practice's sharing switches that are on
    rights        what the app may do besides its scopes
    plan          the practice's account plan
    api_user      the API user, where one calls instead of a user
    anonymous     no data that identifies a patient may be shown
    """

    practice: int
    user: int | None
    doctor: int | None
    app: int | None
    reads: frozenset[str]
    writes: frozenset[str]
    permissions: frozenset[str]
    shared: frozenset[str]
    rights: frozenset[str] = frozenset()
    plan: str = ""
    api_user: int | None = None
    anonymous: bool = False

    @property
    def required_user(self) -> int:
        """The user, for operations that only users may call."""
        assert self.user is not None
        return self.user
