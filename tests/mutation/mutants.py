"""A mutant: a module with a small change, and what of it the change concerns."""

import difflib
import inspect
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

SOURCE = Path(__file__).parents[2] / "src"
COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")  # functions to the compiler


@dataclass(frozen=True)
class Mutant:
    """A module with a change. ``operator``: what made it; ``line``: of the change, from 1; ``tests``: files or folders
    in which a test must notice it."""

    module: str
    operator: str
    line: int
    source: str
    tests: tuple[str, ...]

    @property
    def diff(self) -> str:
        original = read_source(self.module).splitlines()
        lines = difflib.unified_diff(original, self.source.splitlines(), lineterm="", n=2)
        return "\n".join(list(lines)[2:])

    @property
    def change(self) -> tuple[str, str]:
        """What is taken away and what is put in its place, without indentation."""
        lines = [line for line in self.diff.splitlines() if not line.startswith("@")]
        return tuple("\n".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")  # type: ignore[return-value]


@cache  # it may be edited while mutants run
def read_source(module: str) -> str:
    return get_path(module).read_text()


def get_path(module: str) -> Path:
    path = SOURCE / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def compile_source(module: str, source: str) -> CodeType:
    return compile(source, str(get_path(module)), "exec", dont_inherit=True)


def find_changed_functions(mutant: Mutant) -> dict[CodeType, CodeType] | None:
    """Map the code of each function that a mutant changes to what it becomes; None where it changes what runs when the
    module is imported. A function in a function is a constant of the outer one."""
    original = compile_source(mutant.module, read_source(mutant.module))
    mutated = compile_source(mutant.module, mutant.source)
    changed: dict[CodeType, CodeType] = {}
    return changed if _pair(original, mutated, changed) else None


def _pair(original: CodeType, mutated: CodeType, changed: dict[CodeType, CodeType]) -> bool:
    """Note which functions differ. Return False where a module or the body of a class differs itself."""
    inner = [[one for one in code.co_consts if isinstance(one, CodeType)] for code in (original, mutated)]
    if len(inner[0]) != len(inner[1]):
        return False
    is_function = bool(original.co_flags & inspect.CO_OPTIMIZED)  # no module and no body of a class
    if original == mutated:
        return True
    if original.co_name in COMPREHENSIONS and "<locals>" not in original.co_qualname:
        return False
    if is_function:
        changed[original] = mutated
    elif _strip(original) != _strip(mutated):
        return False
    return all(_pair(one, other, changed) for one, other in zip(*inner, strict=True))


def _strip(code: CodeType) -> tuple[Any, ...]:
    """Return what a code object does itself, without the functions and classes in it."""
    consts = tuple((type(one), one) for one in code.co_consts if not isinstance(one, CodeType))
    return code.co_code, consts, code.co_names
