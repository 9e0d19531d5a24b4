"""The shape of the source: sizes of modules and functions, and no circles of imports, hidden ones included."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
RENAMING = {"rename", "renames", "replace", "link", "hardlink_to", "symlink_to", "fsync", "fdatasync"}
MAX_MODULE, MAX_FUNCTION = 400, 40  # lines
KINDS = {"Type", "Source", "Filter", "Key", "Visibility", "Policy", "Event"}  # and their subclasses
KIND_MODULES = ("declaration", "files/types.py")  # where they are defined


@dataclass
class Module:
    """What the tests ask of a module; its syntax tree would be much larger."""

    path: Path
    lines: int
    functions: dict[str, int] = field(default_factory=dict)  # lines, by name and first line
    bases: dict[str, set[str]] = field(default_factory=dict)  # of its classes, by name
    imports: list[ast.Import] = field(default_factory=list)
    from_imports: list[ast.ImportFrom] = field(default_factory=list)
    kind_checks: list[ast.Call] = field(default_factory=list)  # calls of isinstance
    renames: list[str] = field(default_factory=list)  # calls that give a file a name, or that sync one


@cache
def read_modules() -> dict[str, Module]:
    """Every module that people write, by dotted name."""
    return {name_module(path): read_module(path) for path in list_paths()}


def list_paths() -> list[Path]:
    """List the files of these modules."""
    return sorted(path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)


def read_module(path: Path) -> Module:
    text = path.read_text()
    module = Module(path, text.count("\n"))
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                module.functions[f"{node.name}:{node.lineno}"] = (node.end_lineno or 0) - node.lineno + 1
            case ast.ClassDef():
                module.bases[node.name] = {ast.unparse(base).rsplit(".")[-1] for base in node.bases}
            case ast.Import():
                module.imports.append(node)
            case ast.ImportFrom():
                module.from_imports.append(node)
            case ast.Call(func=ast.Name(id="isinstance")):
                module.kind_checks.append(node)
            case ast.Call(func=ast.Attribute(attr=name) as called) if name in RENAMING:
                if name not in ("replace", "link") or ast.unparse(called.value) == "os":
                    module.renames.append(f"{ast.unparse(called)} in line {node.lineno}")
    return module


def name_module(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_modules_are_short() -> None:
    long = {name: module.lines for name, module in read_modules().items() if module.lines > MAX_MODULE}
    assert not long


def test_functions_are_short() -> None:
    long = {
        f"{name}.{function}": lines
        for name, module in read_modules().items()
        for function, lines in module.functions.items()
        if lines > MAX_FUNCTION
    }
    assert not long


def test_imports_make_no_circle() -> None:
    """Imports inside functions and for type checkers count as well: they hide a circle, they do not break it."""
    modules = read_modules()
    graph = {name: set(list_imports(module)) & modules.keys() for name, module in modules.items()}
    assert sum(map(len, graph.values())) > len(modules)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def list_imports(module: Module) -> Iterator[str]:
    modules = read_modules()
    for node in module.imports:
        yield from (alias.name for alias in node.names)
    for imported in module.from_imports:
        for alias in imported.names:
            inner = f"{imported.module}.{alias.name}"
            yield inner if inner in modules else imported.module or ""


def test_nothing_asks_what_kind_a_declaration_is() -> None:
    """Types, sources and filters answer for themselves, by methods."""
    kinds = find_kinds()
    asked = [
        f"{name}:{call.lineno}: {ast.unparse(call)}"
        for name, module in read_modules().items()
        if not any(part in str(module.path) for part in KIND_MODULES)
        for call in module.kind_checks
        if kinds & find_names(call.args[1]) - import_from_elsewhere(module)
    ]
    assert not asked


def find_kinds() -> set[str]:
    """Names of the classes of a declaration's kinds."""
    bases = {name: of for module in read_modules().values() for name, of in module.bases.items()}
    kinds = set(KINDS)
    while more := {name for name, of in bases.items() if of & kinds} - kinds:
        kinds |= more
    assert len(kinds) > len(KINDS)
    return kinds


def find_names(node: ast.expr) -> set[str]:
    return {getattr(part, "id", None) or getattr(part, "attr", "") for part in ast.walk(node)}


def import_from_elsewhere(module: Module) -> set[str]:
    """Names that a module has from the standard library or from other packages."""
    return {
        alias.asname or alias.name
        for node in module.from_imports
        if not (node.module or "").startswith("charthouse")
        for alias in node.names
    }


def test_only_one_module_gives_files_names() -> None:
    """``durable`` writes content and directory to the disk, which is forgotten elsewhere."""
    found = {name: module.renames for name, module in read_modules().items() if module.renames}
    found = {
        name: [call for call in calls if not call.startswith("durable.")] for name, calls in found.items()
    }
    assert found.pop("charthouse.durable")
    assert not any(found.values()), found


def test_each_decision_has_a_number_of_its_own() -> None:
    names = [path.name for path in (SOURCE.parent / "docs" / "decisions").glob("0*.md")]
    twice = {name[:4] for name in names if sum(other.startswith(name[:4]) for other in names) > 1}
    assert not twice
