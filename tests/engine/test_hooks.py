"""Hooks name the keys they read: the registry refuses a name that is wrong, this a name that is missing."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from charthouse.console.resources.registry import get_registry as get_console_registry
from charthouse.engine.actor import Actor
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook, list_read_keys
from charthouse.engine.declaration.registry import build_registry
from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo_registry
from charthouse.gateway.drchrono.registry import get_registry as get_drchrono_registry

from .made_up import BOOKS, PERMISSIONS, SHELVES, SWITCHES

ACTOR = Actor(1, 1, None, 1, frozenset(), frozenset(), frozenset(), frozenset())
READERS = {"get", "get_current", "changes"}  # methods of Change that take names of keys


def list_hooks() -> Iterator[tuple[Resource, Callable[..., Any]]]:
    for registry in (get_drchrono_registry(), get_cerbo_registry(), get_console_registry()):
        for resource in registry.list_own():
            for found in (*resource.checks, *resource.after):
                yield resource, found


@cache
def find_reads(
    function: Callable[..., Any], find: Callable[[ast.AST, str], Iterator[str]] | None = None
) -> frozenset[str]:
    """The keys that a hook names literally, in itself and in functions of the domains that it passes the change to.
    ``find``: those that it names in another way than to read them."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function)))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    change = tree.args.args[0].arg if tree.args.args else ""
    reads = {name for node in ast.walk(tree) for name in (find or find_names)(node, change)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and any(ast.unparse(argument) == change for argument in node.args):
            called = inspect.unwrap(function).__globals__.get(ast.unparse(node.func))
            if inspect.isfunction(called) and called.__module__.startswith("charthouse.domains"):
                reads |= find_reads(called, find)
    return frozenset(reads)


def find_names(node: ast.AST, change: str) -> Iterator[str]:
    """``change.get("x")``, ``change.changes("x", "y")``, ``change.values["x"]``, ``"x" in change.given``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = ast.unparse(node.func.value)
        if (owner == change and node.func.attr in READERS) or owner == f"{change}.values":
            arguments = node.args if node.func.attr == "changes" else node.args[:1]
            yield from (
                a.value for a in arguments if isinstance(a, ast.Constant) and isinstance(a.value, str)
            )
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == f"{change}.values":
        if isinstance(node.ctx, ast.Load) and isinstance(node.slice, ast.Constant):
            yield str(node.slice.value)
    elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Constant):
        named = {ast.unparse(right) for right in node.comparators} & {f"{change}.values", f"{change}.given"}
        yield from [str(node.left.value)] if named else []


def test_hooks_name_the_keys_they_read() -> None:
    missing = {
        f"{resource.path}: {found.__module__}.{found.__name__}": sorted(unnamed)
        for resource, found in list_hooks()
        if (unnamed := (find_reads(found) & set(resource.keys_by_name)) - set(list_read_keys(found)))
    }
    # A hook that several resources share names what all of them have.
    shared = {name for name in missing if _is_shared(name.split(": ")[1])}
    assert not {name: keys for name, keys in missing.items() if name not in shared}


def _is_shared(name: str) -> bool:
    return len({id(r) for r, found in list_hooks() if f"{found.__module__}.{found.__name__}" == name}) > 1


def find_set_keys(node: ast.AST, change: str) -> Iterator[str]:
    """``change.set("x", value)``."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == f"{change}.set":
        yield from (str(a.value) for a in node.args[:1] if isinstance(a, ast.Constant))


def find_set_columns(node: ast.AST, change: str) -> Iterator[str]:
    """``change.set_columns(x=value)``."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == f"{change}.set_columns":
        yield from (keyword.arg for keyword in node.keywords if keyword.arg)


def test_hooks_set_keys_and_columns_that_exist() -> None:
    """Else the write would be a 500: nothing else can be left in a change."""
    found = [(resource, function) for resource, function in list_hooks()]
    assert sum(len(find_reads(function, find_set_columns)) for _, function in found) > 40
    unknown = {
        f"{resource.path}: {function.__name__}": sorted(names)
        for resource, function in found
        if (
            names := (find_reads(function, find_set_keys) - resource.keys_by_name.keys())
            | (find_reads(function, find_set_columns) - resource.column_names)
        )
    }
    assert not unknown


def test_a_change_takes_keys_and_columns_alone() -> None:
    change = Change(BOOKS, ACTOR, "create")
    change.set("title", "Emma")
    change.set_columns(shelf_id=1)
    assert (change.get("title"), dict(change.columns)) == ("Emma", {"shelf_id": 1})
    with pytest.raises(KeyError, match="isbn"):
        change.set("isbn", "1")
    with pytest.raises(KeyError, match="isbn"):
        change.set_columns(isbn="1")
    for read_only in (change.values, change.columns, change.errors):
        with pytest.raises(TypeError):
            read_only["title"] = "Emma"  # type: ignore[index]


def test_a_hook_that_reads_a_key_the_resource_lacks_is_refused() -> None:
    @hook(keys=("isbn_of_another",))
    def check(change: Change) -> None: ...

    with pytest.raises(ImproperlyConfigured, match=r"hook check names .*isbn_of_another"):
        _rebuild_with(check)


def test_a_function_that_is_no_hook_is_refused() -> None:
    with pytest.raises(AttributeError, match="keys"):
        _rebuild_with(lambda change: None)


def _rebuild_with(check: Callable[..., None]) -> None:
    checks, BOOKS.checks = BOOKS.checks, (check,)
    registries = [(resource, resource.registry) for resource in (SHELVES, BOOKS)]
    try:
        build_registry("made_up", [SHELVES, BOOKS], switches=SWITCHES, permissions=PERMISSIONS)
    finally:
        BOOKS.checks = checks
        for resource, registry in registries:
            resource.registry = registry
