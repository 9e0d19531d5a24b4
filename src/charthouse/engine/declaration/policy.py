"""Who may use a resource or an operation, and whose rows they see."""

from dataclasses import dataclass, fields, replace
from typing import Any

from charthouse.engine.actor import Actor
from charthouse.engine.errors import Forbidden

ALWAYS = "always"
INHERIT: Any = object()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Denied unless declared. An operation's policy inherits what it does not say from its resource's.

    scopes             the app needs all of them, for reading or for writing
    permissions        the user needs all of them; ``reads_need_none``: only to write
    right              a right that the app must have to write, whatever it was granted
    excluded_plans     account plans whose practices do not have this
    sharing            the practice's switch that shows other doctors' rows, or ALWAYS
    owner              path to the doctor whose row it is; None only with ALWAYS
    rate_class         what of the caller's quota a call counts against, where an API has several
    """

    scopes: tuple[str, ...] = INHERIT
    permissions: tuple[str, ...] = INHERIT
    reads_need_none: bool = INHERIT
    right: str = INHERIT
    excluded_plans: tuple[str, ...] = INHERIT
    sharing: str = INHERIT
    owner: str | None = INHERIT
    rate_class: str = "standard"

    @property
    def is_complete(self) -> bool:
        """Whether it says scopes and permissions itself."""
        return self.scopes is not INHERIT and self.permissions is not INHERIT

    def inherit(self, other: "Policy | None") -> "Policy":
        """The policy with everything that it does not say taken from another, or from the defaults."""
        base = other or _DEFAULTS
        missing = {f.name: getattr(base, f.name) for f in fields(self) if getattr(self, f.name) is INHERIT}
        return replace(self, **missing)

    def authorize(self, actor: Actor, path: str, *, reading: bool) -> None:
        """Check plan, scopes, right and permissions. Raises Forbidden."""
        if actor.plan in self.excluded_plans:
            raise Forbidden(f"The {actor.plan} plan of this practice does not include {path}.", "plan")
        for scope in self.scopes:
            if scope not in (actor.reads if reading else actor.writes):
                needed = f"{scope}:{'read' if reading else 'write'}"
                raise Forbidden(f"The app was not granted the scope {needed}.", "scope")
        if not reading and self.right and self.right not in actor.rights:
            raise Forbidden(f'Writing needs the right "{self.right}", which this app was not given.', "right")
        for permission in self.list_permissions(reading):
            if permission not in actor.permissions:
                raise Forbidden(f'The user does not have the permission "{permission}".')

    def list_permissions(self, reading: bool) -> tuple[str, ...]:
        """What the user needs for reads, or for writes."""
        return () if reading and self.reads_need_none else self.permissions

    def sees_only_own(self, actor: Actor) -> bool:
        """Whether only rows of the actor's own doctor are visible."""
        return self.sharing != ALWAYS and self.sharing not in actor.shared


_DEFAULTS = Policy(
    scopes=(), permissions=(), reads_need_none=False, right="", excluded_plans=(), sharing="", owner=None
)
