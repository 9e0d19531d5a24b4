"""Which declaration answers a URL: the paths of a registry as a tree of their parts.

A part that a path names literally goes before one that stands for a value, so ``patients/search`` is no patient.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from charthouse.resource.declare import Action, Registry, Resource
from charthouse.resource.functions import Function


@dataclass(frozen=True, slots=True)
class Target:
    """What answers a method of a URL: a function, an action of a resource's row, or the list or an object of a
    resource (``one``). ``path`` is the template that it is declared with."""

    path: str
    resource: Resource | None = None
    function: Function | None = None
    action: Action | None = None
    one: bool = False


@dataclass(slots=True)
class _Part:
    targets: dict[str, Target] = field(default_factory=dict)
    literal: dict[str, "_Part"] = field(default_factory=dict)
    value: "_Part | None" = None


class Routes:
    """The routes of a registry. A function goes before a resource's own method of the same URL."""

    def __init__(self, registry: Registry) -> None:
        self.root = _Part()
        for resource in registry:
            for method, target in _of(resource):
                self._add(method, target)
        for functions in registry.functions.values():
            for method, function in functions.items():
                self._add(method, Target(function.path, function=function))

    def _add(self, method: str, target: Target) -> None:
        at = self.root
        for text in target.path.split("/"):
            if text.startswith("{"):
                at.value = at.value or _Part()
                at = at.value
            else:
                at = at.literal.setdefault(text, _Part())
        at.targets[method] = target

    def find(self, path: str) -> tuple[Mapping[str, Target], list[str]]:
        """The targets of a URL by method (none: there is no such URL), and its parts."""
        parts = path.split("/")
        return _find(self.root, parts) or {}, parts


def _find(at: _Part, parts: list[str]) -> Mapping[str, Target] | None:
    if not parts:
        return at.targets or None
    following = at.literal.get(parts[0])
    if following and (found := _find(following, parts[1:])):
        return found
    return _find(at.value, parts[1:]) if at.value and parts[0] else None


def _of(resource: Resource) -> Iterable[tuple[str, Target]]:
    for method in resource.list_methods:
        yield method, Target(resource.path, resource)
    for method in resource.object_methods:
        yield method, Target(f"{resource.path}/{{id}}", resource, one=True)
    for action in resource.actions:
        yield action.method, Target(f"{resource.path}/{{id}}/{action.name}", resource, action=action)


def values(target: Target, parts: Iterable[str]) -> dict[str, str]:
    """What stands in the URL's parts in the place of the template's names."""
    names = target.path.split("/")
    return {name[1:-1]: text for name, text in zip(names, parts, strict=True) if name.startswith("{")}
