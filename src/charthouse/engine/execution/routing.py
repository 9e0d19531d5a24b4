"""Which declaration answers a URL: the paths of a registry as a tree of their segments.

A segment that a path names literally comes before one that stands for a value, so ``patients/search`` is no patient.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from charthouse.engine.declaration.resources import Declaration, Operation, Registry, Resource
from charthouse.engine.errors import NotFound


@dataclass(slots=True)
class Target:
    """What answers a method of a URL: an operation, or the list or one object (``is_object``) of a resource. ``path``:
    the declared template."""

    path: str
    resource: Resource | None = None
    operation: Operation | None = None
    is_object: bool = False
    names: Mapping[str, int] = field(init=False)  # of the template, and which segments they are

    @property
    def declaration(self) -> Declaration:
        declared = self.operation or self.resource
        assert declared is not None
        return declared

    def __post_init__(self) -> None:
        parts = enumerate(self.path.split("/"))
        self.names = {name[1:-1]: index for index, name in parts if name.startswith("{")}

    def read_path(self, segments: Sequence[str]) -> dict[str, str]:
        """The values in a URL's segments in the place of the template's names."""
        return {name: segments[index] for name, index in self.names.items()}


@dataclass(slots=True)
class _Node:
    targets: dict[str, Target] = field(default_factory=dict)
    literal: dict[str, "_Node"] = field(default_factory=dict)
    value: "_Node | None" = None


class Router:
    """The routes of a registry. An operation comes before a resource's own method of the same URL."""

    def __init__(self, registry: Registry) -> None:
        self.root = _Node()
        for resource in registry:
            for method, target in _list_targets(resource):
                self._add(method, target)
        for operation in registry.list_operations():
            self._add(operation.method, Target(operation.path, operation=operation))

    def _add(self, method: str, target: Target) -> None:
        node = self.root
        for segment in target.path.split("/"):
            if segment.startswith("{"):
                node.value = node.value or _Node()
                node = node.value
            else:
                node = node.literal.setdefault(segment, _Node())
        node.targets[method] = target

    def find(self, path: str) -> tuple[Mapping[str, Target], list[str]]:
        """The targets of a URL by method (none: there is no such URL), and its segments."""
        segments = path.split("/")
        return _find(self.root, segments) or {}, segments


def _find(node: _Node, segments: list[str]) -> Mapping[str, Target] | None:
    if not segments:
        return node.targets or None
    following = node.literal.get(segments[0])
    if following and (found := _find(following, segments[1:])):
        return found
    return _find(node.value, segments[1:]) if node.value and segments[0] else None


def _list_targets(resource: Resource) -> Iterable[tuple[str, Target]]:
    for method in resource.list_methods:
        yield method, Target(resource.path, resource)
    for method in resource.object_methods:
        yield method, Target(f"{resource.path}/{{id}}", resource, is_object=True)
    for operation in resource.operations:
        yield operation.method, Target(operation.path, operation=operation)


def parse_row_id(text: str) -> int:
    """An id out of a path. Raises NotFound for what cannot be one."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) < 2**63):
        raise NotFound
    return int(text)


def name_for_log(targets: Mapping[str, Target]) -> str:
    """What the request log calls a URL: the path of its operation, or of its resource."""
    operations = [target.operation for target in targets.values() if target.operation is not None]
    for operation in operations:
        if not operation.name:
            return operation.path
    return operations[0].of if operations else next(iter(targets.values())).declaration.path
