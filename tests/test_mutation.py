"""The mistakes that ``make mutants`` makes are mistakes still, and tests that exist notice them."""

import ast
from collections.abc import Callable
from importlib.util import module_from_spec
from pathlib import Path
from types import CodeType

import pytest

from charthouse.changes import feed
from tests.cases import each_case
from tests.mutation import mistakes
from tests.mutation.imports import MutantFinder
from tests.mutation.mutants import Mutant, compile_source, find_changed_functions, read_source
from tests.mutation.running import KILLED, SURVIVED, UNREACHED, Baseline, MutantRunner, NotApplied, put_code

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


MODULE = "charthouse.changes.feed"
CHANGED = read_source(MODULE).replace(
    "return None if text is None else", "return None if text is not None else"
)


class Trial(MutantRunner):
    """A runner whose forks and processes do not run; ``fork`` is in place of one."""

    def __init__(self, baseline: Baseline, imported: set[tuple[str, int]], fork: Callable[[], bool]) -> None:
        self.baseline, self.imported, self.fork = baseline, imported, fork

    def _fork(self, work: Callable[[], bool]) -> bool:
        return self.fork()

    def _try_imported(self, mutant: Mutant) -> str:
        return "imported"


def fail_to_apply() -> bool:
    raise NotApplied


@pytest.mark.parametrize(
    ("is_reached", "is_imported", "fork", "outcome"),
    [
        (True, False, lambda: False, KILLED),
        (True, False, lambda: True, SURVIVED),
        (False, False, lambda: True, UNREACHED),
        (True, True, lambda: False, KILLED),
        (True, True, lambda: True, "imported"),
        (False, True, lambda: True, "imported"),
        (True, False, fail_to_apply, "imported"),
    ],
    ids=[
        "a test fails",
        "no test fails",
        "no test runs it",
        "run at import too, and a test fails",
        "run at import too, and no test fails",
        "run at import alone",
        "its function is not there",
    ],
)
def test_where_a_mutant_is_tried(
    is_reached: bool, is_imported: bool, fork: Callable[[], bool], outcome: str
) -> None:
    """A function that runs at import, or is not there as its source has it, is tried in a process of its own."""
    mutant = Mutant(MODULE, "by hand", 1, CHANGED, ("tests/a.py",))
    changed = find_changed_functions(mutant)
    assert changed is not None
    (code,) = changed
    lines = {(code.co_filename, code.co_firstlineno + 1)}
    test = "tests/a.py::test_it"
    baseline = Baseline({test: 0.1}, {test: lines if is_reached else set()})
    assert Trial(baseline, lines if is_imported else set(), fork)._try(mutant) == outcome


def test_a_function_that_is_gone_can_not_be_changed() -> None:
    """Its module was edited since the import, or it was only called at the import."""
    module = compile("def gone():\n    return 1\n", "gone.py", "exec")
    (code,) = (one for one in module.co_consts if isinstance(one, CodeType))
    with pytest.raises(NotApplied):
        put_code({code: code.replace(co_name="changed")})
    inner = code.replace(co_qualname="outer.<locals>.gone")
    put_code({inner: code})  # it is made whenever the outer one is called


def test_a_mutant_is_imported_in_place_of_its_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "mutant.py"
    file.write_text(CHANGED)
    monkeypatch.setenv("MUTANT_MODULE", MODULE)
    monkeypatch.setenv("MUTANT_FILE", str(file))
    finder, folder = MutantFinder(), [str(Path(feed.__file__).parent)]
    assert finder.find_spec("charthouse.changes.fanout", folder, None) is None
    spec = finder.find_spec(MODULE, folder, None)
    assert spec is not None
    assert spec.loader is finder
    finder.exec_module(made := module_from_spec(spec))
    assert (made.__file__, made._decode_columns("{}")) == (feed.__file__, None)
    assert feed._decode_columns("{}") == {}
