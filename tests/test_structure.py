"""The shape of the source: sizes of modules and functions, and no circles of imports, hidden ones included."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
MAX_MODULE, MAX_FUNCTION = 400, 40  # lines
KINDS = {"Type", "Source", "Filter", "Key", "Visibility", "Policy", "Event"}  # and their subclasses
KIND_MODULES = ("declaration", "files/types.py")  # where they are defined


@cache
def parse_modules() -> dict[str, tuple[Path, ast.Module, str]]:
    """Path, syntax tree and text of every module that people write, by dotted name."""
    paths = [path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts]
    return {name_module(path): (path, ast.parse(text := path.read_text()), text) for path in sorted(paths)}


def name_module(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_modules_are_short() -> None:
    long = {
        name: lines
        for name, (_, _, text) in parse_modules().items()
        if (lines := text.count("\n")) > MAX_MODULE
    }
    assert not long


def test_functions_are_short() -> None:
    long = {
        f"{name}.{node.name}": lines
        for name, (_, tree, _) in parse_modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION
    }
    assert not long


def test_imports_make_no_circle() -> None:
    """Imports inside functions and for type checkers count as well: they hide a circle, they do not break it."""
    modules = parse_modules()
    graph = {name: set(list_imports(name, tree)) & set(modules) for name, (_, tree, _) in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def list_imports(name: str, tree: ast.Module) -> Iterator[str]:
    modules = parse_modules()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules else node.module


def test_nothing_asks_what_kind_a_declaration_is() -> None:
    """Types, sources and filters answer for themselves, by methods."""
    kinds = find_kinds()
    asked = [
        f"{name}:{node.lineno}: {ast.unparse(node)}"
        for name, (path, tree, _) in parse_modules().items()
        if not any(part in str(path) for part in KIND_MODULES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance"
        if kinds & find_names(node.args[1]) - import_from_elsewhere(tree)
    ]
    assert not asked


def find_kinds() -> set[str]:
    """Names of the classes of a declaration's kinds."""
    bases = {
        node.name: {ast.unparse(base).rsplit(".")[-1] for base in node.bases}
        for _, tree, _ in parse_modules().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    kinds = set(KINDS)
    while more := {name for name, of in bases.items() if of & kinds} - kinds:
        kinds |= more
    return kinds


def find_names(node: ast.expr) -> set[str]:
    return {getattr(part, "id", None) or getattr(part, "attr", "") for part in ast.walk(node)}


def import_from_elsewhere(tree: ast.Module) -> set[str]:
    """Names that a module has from the standard library or from other packages."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("charthouse")
        for alias in node.names
    }
