"""Who is calling, as far as the engine needs to know."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller whose credentials have been checked.

    ``practice`` is the tenant; ``user`` the person in whose name the call is made; ``doctor`` that person's own
    doctor record or primary physician; ``app`` the calling application. ``reads`` and ``writes`` are scope base
    names, ``permissions`` the person's, ``shared`` the practice's sharing switches that are on, ``rights`` what the
    app may do beside any scope, ``plan`` the practice's account plan.
    """

    practice: int
    user: int
    doctor: int | None
    app: int | None
    reads: frozenset[str]
    writes: frozenset[str]
    permissions: frozenset[str]
    shared: frozenset[str]
    rights: frozenset[str] = frozenset()
    plan: str = ""
