"""Mutants of a module: its source with one small change each, by operators of cosmic-ray and two of our own."""

import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators import provider
from cosmic_ray.operators.operator import Operator

from tests.mutation.mutants import Mutant, compile_source, read_source


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
