"""``make mutants MODULES="charthouse.changes charthouse.audit.seals"``: does a test fail when the code is changed?

Each module gets up to MUTANTS small changes, one at a time, and the tests nearest to it (``nearest``) run until one
fails. Prints the mutants that no test noticed as diffs, and the figures of each module. Fails when fewer than 90 % were
noticed. MODULES=mistakes makes the mistakes of ``mistakes`` instead, of which each must be noticed.
"""

import argparse
import itertools
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mutation import equivalents, mistakes, nearest, operators
from tests.mutation.mutants import Mutant
from tests.mutation.running import KILLED, MutantRunner

LEAST = 90  # percent of the mutants that must be noticed
EQUIVALENT = "equivalent"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="+", help="modules, packages, or mistakes")
    parser.add_argument("--mutants", type=int, default=30, help="of a module, at most")
    parser.add_argument("--seed", type=int, default=1, help="which of them")
    parser.add_argument("--case", default="", help="only those whose module or mistake contains this text")
    options = parser.parse_args()
    made = list(make_mutants(options.modules, options.mutants, options.seed))
    made = [mutant for mutant in made if options.case in f"{mutant.module} {mutant.operator}"]
    found: dict[str, Counter[str]] = {mutant.module: Counter() for mutant in made}
    began = time.monotonic()

    def report(mutant: Mutant, outcome: str) -> None:
        if outcome != KILLED and equivalents.is_equivalent(mutant):
            outcome = EQUIVALENT
        found[mutant.module][outcome] += 1
        print(
            f"{mutant.module}, line {mutant.line}, {mutant.operator}: {outcome}", file=sys.stderr, flush=True
        )
        if outcome not in (KILLED, EQUIVALENT):
            print(
                f"\n{mutant.module}, line {mutant.line}, {mutant.operator}: {outcome}\n{mutant.diff}",
                flush=True,
            )

    run(made, report)
    print(f"\n{len(made)} mutants in {time.monotonic() - began:.0f} s\n")
    print(
        "| module | mutants | killed | survived | equivalent | killed of the rest |\n|---|---|---|---|---|---|"
    )
    for module, counts in found.items():
        print(format_row(module, counts))
    total = sum(found.values(), Counter())
    print(f"\nAll: {total.total()} mutants, {compute_rate(total):.0f} % killed")
    least = 100 if options.modules == ["mistakes"] else LEAST
    sys.exit(compute_rate(total) < least)


def make_mutants(names: list[str], most: int, seed: int) -> Iterator[Mutant]:
    for name in names:
        if name == "mistakes":
            yield from mistakes.list_mistakes()
            continue
        for module in nearest.list_modules(name):
            tests = nearest.find_tests(module)
            yield from itertools.islice(operators.list_mutants(module, seed, tests), most)


def run(made: list[Mutant], report: Callable[[Mutant, str], None]) -> None:
    """Run mutants in one process of pytest, whose server and data are in a directory of this run."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else nothing would be cleaned up
    directory = Path(tempfile.mkdtemp(prefix="charthouse-test-"))
    os.environ["CHARTHOUSE_TEST_RUN"] = str(directory)
    paths = sorted({path for mutant in made for path in mutant.tests})
    runner = MutantRunner(made, report)
    try:
        if ended := pytest.main(["-q", "-s", "-n", "0", *paths], plugins=[runner]):
            sys.exit(int(ended))
    finally:
        from tests import conftest

        conftest.end_run()
        shutil.rmtree(directory, ignore_errors=True)


def compute_rate(counts: Counter[str]) -> float:
    rest = counts.total() - counts[EQUIVALENT]
    return 100 * counts[KILLED] / rest if rest else 100


def format_row(module: str, counts: Counter[str]) -> str:
    survived = counts.total() - counts[KILLED] - counts[EQUIVALENT]
    figures = counts.total(), counts[KILLED], survived, counts[EQUIVALENT]
    return f"| {module} | {' | '.join(map(str, figures))} | {compute_rate(counts):.0f} % |"


if __name__ == "__main__":
    main()
