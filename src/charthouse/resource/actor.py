"""Who is calling, as far as the engine needs to know."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller whose credentials have been checked.

    ``practice`` is the tenant; ``user`` the person in whose name the call is made, None where a program calls in its
    own (``api_user``); ``doctor`` that person's own doctor record or primary physician; ``app`` the calling
    application. ``reads`` and ``writes`` are scope base names, ``permissions`` the person's, ``shared`` the practice's
    sharing switches that are on, ``rights`` what the app may do beside any scope, ``plan`` the practice's account plan.
    ``anonymous``: nothing that says who a patient is may be shown.
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
    def person(self) -> int:
        """The user, where only people call."""
        assert self.user is not None
        return self.user
