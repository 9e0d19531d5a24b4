"""The mistakes that ``make mutants`` makes are mistakes still, and tests that exist notice them."""

import ast
from pathlib import Path

from charthouse.changes import feed
from tests.cases import each_case
from tests.mutation import mistakes
from tests.mutation.mutants import Mutant, compile_source, find_changed_functions, read_source
from tests.mutation.running import put_code

ROOT = Path(__file__).parents[1]


@each_case("mistake", mistakes.MISTAKES, ids=lambda mistake: mistake.title)
def test_each_mistake_changes_code_and_names_tests(mistake: mistakes.Mistake) -> None:
    mutant = mistakes.make_mutant(mistake)
    original = compile_source(mutant.module, read_source(mutant.module))
    assert compile_source(mutant.module, mutant.source) != original
    for named in mutant.tests:
        path, _, test = named.partition("::")
        tree = ast.parse((ROOT / path).read_text())
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert functions if not test else test in functions, named


def test_a_function_gets_the_code_of_its_mutant() -> None:
    source = read_source("charthouse.changes.feed")
    mutated = source.replace("return None if text is None else", "return None if text is not None else")
    mutant = Mutant("charthouse.changes.feed", "by hand", 1, mutated, ())
    changed = find_changed_functions(mutant)
    assert changed is not None
    (original,) = changed
    assert original.co_name == "_decode_columns"
    try:
        put_code(changed)
        assert feed._decode_columns("{}") is None
    finally:
        put_code({changed[original]: original})
    assert feed._decode_columns("{}") == {}
    declared = mutant.source.replace("(NamedTuple)", "(tuple)")
    assert find_changed_functions(Mutant(mutant.module, "by hand", 1, declared, ())) is None
