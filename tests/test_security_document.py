"""docs/security.md names every criterion of its texts, and tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "security.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
ROW = re.compile(r"^\| (\([a-e]\)\S*) ", re.MULTILINE)

ONC = [f"(d)({number})" for number in range(1, 14)]
TECHNICAL = """(a)(1) (a)(2)(i) (a)(2)(ii) (a)(2)(iii) (a)(2)(iv)
    (b) (c)(1) (c)(2) (d) (e)(1) (e)(2)(i) (e)(2)(ii)"""
ADMINISTRATIVE = """(a)(1)(i) (a)(1)(ii)(A) (a)(1)(ii)(B) (a)(1)(ii)(C) (a)(1)(ii)(D)
    (a)(2) (a)(3)(ii)(A) (a)(3)(ii)(B) (a)(3)(ii)(C) (a)(4)(ii)(A) (a)(4)(ii)(B) (a)(4)(ii)(C)
    (a)(5)(ii)(A) (a)(5)(ii)(B) (a)(5)(ii)(C) (a)(5)(ii)(D) (a)(6)(ii)
    (a)(7)(ii)(A) (a)(7)(ii)(B) (a)(7)(ii)(C) (a)(7)(ii)(D) (a)(7)(ii)(E) (a)(8) (b)(1)"""
TITLE = re.compile(r"(?:ONC|HIPAA): (45 CFR [\w.()]+)")


@cache
def list_tests(path: str) -> set[str]:
    file = ROOT / path
    if not file.exists():
        return set()
    found = ast.walk(ast.parse(file.read_text()))
    return {each.name for each in found if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_named_test_exists() -> None:
    named = NAMED.findall(DOCUMENT)
    assert len(named) > 60
    assert [f"{path}::{name}" for path, name in named if name not in list_tests(path)] == []
    assert DOCUMENT.count("::test_") == len(named), "a name is not written as `tests/....py::test_...`"


def test_every_criterion_has_a_row() -> None:
    parts = re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)
    rows = {found[1]: ROW.findall(part) for part in parts if (found := TITLE.match(part))}
    assert rows == {
        "45 CFR 170.315(d)": ONC,
        "45 CFR 164.312": TECHNICAL.split(),
        "45 CFR 164.308": ADMINISTRATIVE.split(),
    }


def test_every_onc_criterion_names_a_test() -> None:
    lines = [line for line in DOCUMENT.splitlines() if line.startswith("| (d)(")]
    assert [line for line in lines if not NAMED.search(line)] == []
