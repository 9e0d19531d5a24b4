"""No regular expression of the source takes more than linear time, whatever text a caller sends."""

import ast
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType

import pytest

from tests.test_structure import list_paths, name_module

LENGTH = 20_000  # characters; a quadratic expression takes a second for them, an exponential one for ever
SECONDS = 0.25  # of the processor, so that other processes do not count
FUNCTIONS = {"compile", "fullmatch", "match", "search", "sub", "split", "findall", "finditer"}
MAY_HAVE_ONE = re.compile(r"\bre\.\w+\(|pattern=")
PIECES = ("a", "0", "A", " ", "\t", "\n", ",", ".", "-", "_", "/", "\\", "'", '"', "<", "(", "[", "{", ":", "=", "%",
          "&", "@", "+", "a ", " a", "0,", "a,", "a.", "a-", "a@", "0 ", "a=", "a&", "<a", "a\n", "\xe4")  # fmt: skip


@cache
def list_expressions() -> dict[str, tuple[str | bytes, bool]]:
    """The literal expressions of the source, and whether a match begins anywhere, by place."""
    found: dict[str, tuple[str | bytes, bool]] = {}
    for path in list_paths():
        text = path.read_text()
        if not MAY_HAVE_ONE.search(text):  # most have none
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            anywhere = called not in ("re.fullmatch", "re.match") and called.startswith("re.")
            is_re = called.startswith("re.") and called.removeprefix("re.") in FUNCTIONS
            written = (
                [*node.args[:1]] if is_re else [one.value for one in node.keywords if one.arg == "pattern"]
            )
            for argument in written:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str | bytes):
                    found[f"{name_module(path)}:{argument.lineno} {argument.value!r}"[:120]] = (
                        argument.value,
                        anywhere,
                    )
    return found


@contextmanager
def limited(what: str) -> Iterator[None]:
    """Fail after some seconds; Python's matcher looks for signals while it searches."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(what)

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def check(expression: str | bytes, anywhere: bool) -> None:
    compiled = re.compile(expression if isinstance(expression, str) else expression.decode("latin-1"))
    for piece in PIECES:
        text = piece * (LENGTH // len(piece)) + "\x01"
        with limited(f"{piece!r} and {expression!r}"):
            if anywhere:
                compiled.search(text)
            compiled.match(text)
            compiled.fullmatch(text)


def test_expressions_are_linear() -> None:
    slow = []
    for place, (expression, anywhere) in list_expressions().items():
        try:
            check(expression, anywhere)
        except TimeoutError as error:
            slow.append(f"{place}: {error}")
    assert slow == []


def test_the_test_finds_what_it_is_for() -> None:
    assert len(list_expressions()) > 30
    for slow in (r"(a+)+$", r"\s+$", r"(\w+,?)*;"):
        began = time.process_time()
        with pytest.raises(TimeoutError):
            check(slow, anywhere=True)
        assert time.process_time() - began < 3 * SECONDS
