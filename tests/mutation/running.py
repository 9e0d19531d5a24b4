"""Mutants are run in forks of one process of pytest that has imported and collected everything.

In the fork, the functions that the mutant changes get their new code; then the tests run that reach one of them, from
the quickest on, until one fails. Each fork has a new database. A mutant that changes what runs when its module is
imported takes a process of its own, which imports the mutant (``imports``). So does one whose functions run at import
too, if no test has noticed it before, and one whose functions are not there as its source has them: the module was
edited after its source was read, or they are gone since the import.
"""

import gc
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from _pytest.main import pytest_runtestloop as run_items
from coverage import Coverage

from tests.mutation.mutants import Mutant, find_changed_functions, get_path

KILLED, SURVIVED, UNREACHED = "killed", "survived", "reached by no test"
TIMEOUT, SLOWER = 15, 5  # a test may take so many seconds, and so many times as long as without the mutant


SERVER = "live_server"  # fixture with an address of the web server
NOT_APPLIED = 3  # exit code of a fork


class NotApplied(Exception):
    """No function has the code that a mutant changes."""


@dataclass
class Baseline:
    """What the tests do without a mutant: seconds, and the lines that each runs, as (file, line)."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


class MutantRunner:
    """A plugin of pytest that runs mutants in place of its loop over the tests.

    ``report`` is given each mutant and its outcome.
    """

    def __init__(self, mutants: Sequence[Mutant], report: Callable[[Mutant, str], None]) -> None:
        self.mutants, self.report = mutants, report
        self.files = {str(get_path(mutant.module)) for mutant in mutants}
        self.baseline = Baseline()
        self.imports = start_coverage(self.files)  # pytest imports the modules later
        self.imported: set[tuple[str, int]] = set()  # lines that run when modules are imported

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the tests of a server in a process of its own, which runs no mutant."""
        items[:] = [item for item in items if SERVER not in getattr(item, "fixturenames", ())]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.session = session
        self.conftest: Any = sys.modules["tests.conftest"]
        self.conftest.start_postgres()
        for module in {mutant.module for mutant in self.mutants}:
            import_module(module)  # what is imported late, as views are, is not there yet
        self.imported = {place for _, place in stop_coverage(self.imports)}
        self.baseline = self._measure()
        self._leave_out_failed()
        for mutant in self.mutants:
            self.report(mutant, self._try(mutant))
        return True

    def _leave_out_failed(self) -> None:
        """Leave out the tests that fail without any mutant, as one does that a busy machine is too slow for."""
        failed = set(self.baseline.failed)
        for test in failed:
            print(f"fails without any mutant, left out: {test}", file=sys.stderr, flush=True)
            self.baseline.seconds.pop(test, None)
        assert self.baseline.seconds, "every test fails without any mutant"

    def _measure(self) -> Baseline:
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "baseline"
            self._fork(lambda: file.write_bytes(pickle.dumps(self._run_recorded())) > 0)
            return pickle.loads(file.read_bytes())  # type: ignore[no-any-return]  # noqa: S301

    def _run_recorded(self) -> Baseline:
        recorder = Recorder(self.files)
        self.session.config.pluginmanager.register(recorder)
        with suppress(self.session.Failed, self.session.Interrupted):
            run_items(self.session)
        return recorder.finish()

    def _try(self, mutant: Mutant) -> str:
        changed = find_changed_functions(mutant)
        if changed is None:
            return self._try_imported(mutant)
        lines = {(code.co_filename, line) for code in changed for line in list_lines(code)}
        chosen = [test for test in self._list_tests(mutant) if self.baseline.lines[test] & lines]
        try:
            if chosen and not self._fork(lambda: self._run_mutated(changed, chosen)):
                return KILLED
        except NotApplied:
            return self._try_imported(mutant)
        if lines & self.imported:
            return self._try_imported(mutant)
        return SURVIVED if chosen else UNREACHED

    def _list_tests(self, mutant: Mutant) -> list[str]:
        """List the tests that are nearest to the mutant's module, the quickest first."""
        found = [test for test in self.baseline.seconds if test.startswith(mutant.tests)]
        return sorted(found, key=lambda test: self.baseline.seconds[test])

    def _run_mutated(self, changed: dict[CodeType, CodeType], chosen: list[str]) -> bool:
        silence_output()
        put_code(changed)
        self.session.config.pluginmanager.register(Limit(self.baseline.seconds))
        order = {test: number for number, test in enumerate(chosen)}
        items = [item for item in self.session.items if item.nodeid in order]
        self.session.items[:] = sorted(items, key=lambda item: order[item.nodeid])
        self.session.config.option.maxfail = 1
        try:
            run_items(self.session)
        except (self.session.Failed, self.session.Interrupted):
            return False
        return not self.session.testsfailed

    def _try_imported(self, mutant: Mutant) -> str:
        # Declarations are read at import: which tests reach them is not known.
        self.conftest.drop_database()
        tests = self._list_tests(mutant)
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(mutant.source)
            file.flush()
            added = {"MUTANT_MODULE": mutant.module, "MUTANT_FILE": file.name}
            command = (sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "tests.mutation.imports")
            try:
                done = subprocess.run(
                    [*command, *mutant.tests],
                    env=os.environ | added,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=TIMEOUT + SLOWER * sum(self.baseline.seconds[test] for test in tests),
                )
            except subprocess.TimeoutExpired:
                return KILLED
        return KILLED if done.returncode else SURVIVED

    def _fork(self, work: Callable[[], bool]) -> bool:
        """Run a function in a fork with a new database. Return its result; False if it fails.

        Raises NotApplied if the function does.
        """
        self.conftest.drop_database()
        child = os.fork()
        if not child:
            code = 1
            try:
                os.setsid()
                code = 0 if work() else 1
            except NotApplied:
                code = NOT_APPLIED
            finally:
                os._exit(code)
        try:
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if code == NOT_APPLIED:
                raise NotApplied
            return code == 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)  # and what its tests have started


class Limit:
    """A plugin of pytest that ends the process when a test takes too long: the mutant loops or waits."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        signal.setitimer(signal.ITIMER_REAL, TIMEOUT + SLOWER * self.seconds[item.nodeid])


class Recorder:
    """A plugin of pytest that notes which lines of some files each test runs, and how long it takes."""

    def __init__(self, files: set[str]) -> None:
        self.baseline = Baseline()
        self.coverage = start_coverage(files)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        began = time.monotonic()
        self.coverage.switch_context(item.nodeid)
        yield
        self.baseline.seconds[item.nodeid] = time.monotonic() - began

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.baseline.failed.append(report.nodeid)

    def finish(self) -> Baseline:
        self.baseline.lines = {test: set() for test in self.baseline.seconds}
        for test, place in stop_coverage(self.coverage):
            if test:
                self.baseline.lines[test].add(place)
        return self.baseline


def start_coverage(files: set[str]) -> Coverage:
    coverage = Coverage(data_file=None, config_file=False, include=sorted(files))
    coverage.set_option("run:core", "ctrace")
    coverage.start()
    return coverage


def stop_coverage(coverage: Coverage) -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield each line that was run, as (file, line), with the context in which it was."""
    coverage.stop()
    data = coverage.get_data()
    for file in data.measured_files():
        for line, contexts in data.contexts_by_lineno(file).items():
            yield from ((context, (file, line)) for context in contexts)


def list_lines(code: CodeType) -> Iterator[int]:
    """Yield the lines of a function, without that of its ``def``."""
    yield from (line for _, _, line in code.co_lines() if line is not None and line != code.co_firstlineno)
    if code.co_name == "<lambda>" or code.co_name.startswith("<"):
        yield code.co_firstlineno


def put_code(changed: dict[CodeType, CodeType]) -> None:
    """Give every function whose code is a key the code of its value."""
    gc.unfreeze()
    functions = [one for one in gc.get_objects() if isinstance(one, FunctionType) and one.__code__ in changed]
    for function in functions:
        function.__code__ = changed[function.__code__]
    if not functions and not all("<locals>" in code.co_qualname for code in changed):
        raise NotApplied


def silence_output() -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
