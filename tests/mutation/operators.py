"""Mutants of a module: its source with one small change each, by operators of cosmic-ray and two of our own."""

import difflib
import inspect
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators import provider
from cosmic_ray.operators.operator import Operator

SOURCE = Path(__file__).parents[2] / "src"


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


class RemoveStatement(Operator):  # type: ignore[misc]
    """Leave out a call whose result nobody uses, an assignment to an attribute or item, or a ``raise``."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        is_call = node.type == "atom_expr" and node.parent.type == "simple_stmt"
        is_assignment = node.type == "expr_stmt" and node.children[0].type == "atom_expr"
        if node.type == "raise_stmt" or is_call or is_assignment:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        return parso.parse(f"{node.get_first_leaf().prefix}pass")

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class ReplaceSql(Operator):  # type: ignore[misc]
    """Change a comparison, a negation or a connective in the text of a statement."""

    CHANGES: Mapping[str, str] = {
        r"\bis not null\b": "is null",
        r"\bis null\b": "is not null",
        r"\band not\b": "and",
        r"\bnot exists\b": "exists",
        r"<=": "<",
        r">=": ">",
        r"(?<![<>=-])<(?![=>])": "<=",
        r"(?<![<>=-])>(?!=)": ">=",
        r"\band\b": "or",
        r"\bor\b(?! replace)": "and",
        r" desc\b": "",
        r"\bleast\b": "greatest",
        r"\bgreatest\b": "least",
    }
    SQL = re.compile(r"\b(select|where|from|update|order by|join|case when)\b|^\s*(and|or) ")

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        for _ in self._list_changes(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.value = list(self._list_changes(node))[index]
        return node

    def _list_changes(self, node: Any) -> Iterator[str]:
        if node.type not in ("string", "fstring_string") or not self.SQL.search(node.value):
            return
        if node.parent.type == "simple_stmt":
            return  # a docstring
        for pattern, becomes in self.CHANGES.items():
            for found in re.finditer(pattern, node.value):
                yield node.value[: found.start()] + becomes + node.value[found.end() :]

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


_COMPARISONS = ("Eq_NotEq", "NotEq_Eq", "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_GtE", "Gt_LtE")
_CHOSEN = (
    *(f"ReplaceComparisonOperator_{pair}" for pair in (*_COMPARISONS, "Is_IsNot", "IsNot_Is")),
    *(
        f"ReplaceBinaryOperator_{pair}"
        for pair in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "BitOr_BitAnd")
    ),
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_USub",
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ExceptionReplacer",
    "NumberReplacer",
    "ZeroIterationForLoop",
)


def make_operators() -> dict[str, Operator]:
    core = provider.OperatorProvider()
    return {name: core[name]() for name in _CHOSEN} | {
        "RemoveStatement": RemoveStatement(),
        "ReplaceSql": ReplaceSql(),
    }


def read_source(module: str) -> str:
    return get_path(module).read_text()


def get_path(module: str) -> Path:
    path = SOURCE / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def list_mutants(module: str, seed: int, tests: tuple[str, ...]) -> Iterator[Mutant]:
    """Yield the mutants of a module in an order that the seed gives; none whose compiled code is that of the module."""
    source, tree, operators = read_source(module), get_ast(read_source(module)), make_operators()
    places = []
    for name, operator in operators.items():
        lines = [start[0] for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node)]
        places += [(name, number, line) for number, line in enumerate(lines)]
    random.Random(f"{seed} {module}").shuffle(places)  # noqa: S311
    original = compile_source(module, source)
    for name, number, line in places:
        try:
            mutated = mutate_code(source, operators[name], number)
            if mutated is not None and compile_source(module, mutated) != original:
                yield Mutant(module, name, line, mutated, tests)
        except (SyntaxError, AttributeError):  # ExceptionReplacer knows no dotted names
            continue


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
    if is_function:
        changed[original] = mutated
    elif _strip(original) != _strip(mutated):
        return False
    return all(_pair(one, other, changed) for one, other in zip(*inner, strict=True))


def _strip(code: CodeType) -> tuple[Any, ...]:
    """Return what a code object does itself, without the functions and classes in it."""
    consts = tuple((type(one), one) for one in code.co_consts if not isinstance(one, CodeType))
    return code.co_code, consts, code.co_names
