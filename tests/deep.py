"""``make test-deep HOURS=2``: what finds rare faults by repetition, for about so many hours. Run before a release.

Half of the time requests are generated from the OpenAPI documents, with a seed of the day; a quarter of it workers are
killed, at most 1,000 times; a quarter of it a server is kept under load. Then the audit is tampered with in every way
that the tests know, the record moves from server to server, upgrades are killed, the core runs on other versions of
PostgreSQL, an installation is kept under load while its clock moves through a day (so many hours more), HL7's rules are
checked in the C-CDA of every patient of the sandbox, a sandbox is started from the wheel in an empty environment, the
image is built and run, a sandbox is reset 1,000 times, tests run through PgBouncer, the primary of a cluster dies and
is switched, and five mutants an hour of each module are tried. The last line printed is the row for the table in
docs/testing.md.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests import figures, postgres_versions
from tests.mutation import nearest

KILLS = 1000
MUTANTS = 5  # of each module, an hour
FIRST_EXAMPLES = 10  # of the first round of fuzzing, which tells how many the others may have
FUZZ = ("tests/contract/test_fuzz.py", "tests/contract/test_cerbo_fuzz.py")
TAMPERING = "tests/audit/test_tampering.py"
MOVES = "tests/incarnations/test_slow_moves.py"
WHEEL, IMAGE = "tests/packaging/test_wheel.py", "tests/packaging/test_image.py"
DEPLOYMENT = "tests/packaging/test_deployment_files.py"
CLIENTS = ("tests/toolkit/test_typescript_clients.py", "tests/toolkit/test_compiled_clients.py")
RESETS = "tests/toolkit/test_resets.py"
DOCUMENTS = "tests/sandbox/test_documents.py"
PATIENTS = 100_000  # at most of a practice, whose documents are checked
BACKUPS = "tests/backup"
FAILOVER, FAILOVERS = "tests/failover", 20  # events an hour
POOLED = (
    *("tests/gateway", "tests/changes", "tests/jobs", "tests/files", "tests/console/schedule"),
    *(
        "tests/identity/test_pages.py",
        "tests/identity/test_api_users.py",
        "tests/identity/test_bearer_tokens.py",
    ),
    *("tests/contract/test_isolation.py", "tests/contract/test_access.py"),
)
UPGRADES = "tests/upgrade/test_interrupted.py"
SOAK_DAY = "tests/test_soak_day.py"
# What depends most on the version of PostgreSQL.
CORE = (
    "tests/identity/test_schema_setup.py", "tests/identity/test_rowsecurity.py", "tests/upgrade", "tests/engine",
    "tests/contract/test_isolation.py", "tests/contract/test_lists.py", "tests/contract/test_cerbo_rows.py",
    "tests/changes/test_feed.py", "tests/changes/test_subscriptions.py", "tests/backup/test_own_server.py",
    "tests/incarnations",
)  # fmt: skip
KILLED, SOAK = "tests/changes/test_killed_workers.py", "tests/test_soak.py"


def run_tests(
    paths: tuple[str, ...], *options: str, **variables: object
) -> tuple[bool, list[dict[str, Any]]]:
    """Run test files with these variables; return whether they passed, and the figures that they recorded."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "figures"
        added = {name: str(value) for name, value in variables.items()}
        print(*(f"{name}={value}" for name, value in added.items()), "pytest", *paths, flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--durations=0", "--durations-min=60", *options, *paths],
            env=os.environ | added | {figures.VARIABLE: str(file)},
        )
        return done.returncode == 0, figures.read(file)


def fuzz(seconds: float, seed: int) -> tuple[bool, str]:
    """Fuzz both APIs with few examples, then with as many as the time is expected to allow."""
    end, examples, requests, passed = time.monotonic() + seconds, FIRST_EXAMPLES, 0, True
    for number in (seed, seed + 1):
        began = time.monotonic()
        fine, found = run_tests(
            FUZZ, "-n", "2", "--dist", "loadfile", FUZZ_SEED=number, FUZZ_EXAMPLES=examples
        )
        passed, requests = passed and fine, requests + sum(one["requests"] for one in found)
        largest = examples
        examples = int(examples * (end - time.monotonic()) / (time.monotonic() - began))
        if examples < FIRST_EXAMPLES:
            break
    return passed, f"{requests:,} requests, up to {largest:,} an operation and mode, seed {seed}"


def kill(seconds: float) -> tuple[bool, str]:
    passed, found = run_tests((KILLED,), "-n", "0", KILLS=KILLS, KILL_SECONDS=seconds)
    return passed, "".join(f"{one['kills']:,} kills, {one['deliveries']:,} deliveries" for one in found)


def soak(seconds: float) -> tuple[bool, str]:
    passed, found = run_tests((SOAK,), "-n", "0", SOAK_SECONDS=seconds)
    text = (
        "{requests:,} requests, p50 {p50:.3f} s, p95 {p95:.3f} s, {memory_before} MB, then {memory_after} MB"
    )
    return passed, "".join(text.format(**one) for one in found)


def tamper() -> tuple[bool, str]:
    passed, found = run_tests((TAMPERING,), "-n", "0")
    return passed, "".join(
        f"{one['tampering_found']} of {one['tampering']} ways found" for one in found if "tampering" in one
    )


def move() -> tuple[bool, str]:
    """Move the record by what takes long: pg_upgrade, recoveries and failovers in a row."""
    passed, found = run_tests((MOVES,), "-n", "0", SLOW_MOVES=1)
    return passed, ", ".join(f"{value} {name}" for one in found for name, value in one.items())


def upgrade() -> tuple[bool, str]:
    """Upgrade the oldest release, killed at every tenth change."""
    passed, found = run_tests((UPGRADES,), "-n", "0", UPGRADE_KILL_STEP=10)
    return passed, "".join(f"{one['upgrade_kills']} kills" for one in found)


def run_versions() -> tuple[bool, str]:
    """Run the core on the other versions of PostgreSQL that there are."""
    passed, versions = True, []
    for path in postgres_versions.list_programs():
        fine, _ = run_tests(CORE, "-n", "0", POSTGRES_BIN=path)
        passed = passed and fine
        said = ".".join(map(str, postgres_versions.read_version(path)))
        versions.append(f"{said}{'' if fine else ' FAILED'}")
    return passed and bool(versions), ", ".join(versions)


def soak_day(seconds: float) -> tuple[bool, str]:
    """Keep a whole installation under load while its clock moves through a day."""
    passed, found = run_tests((SOAK_DAY,), "-n", "0", "-s", SOAK_SECONDS=max(60.0, seconds))
    text = "{calls} calls, {memory} MB, {descriptors} descriptors, {connections} connections, WAL {wal} MB, {jobs} jobs"
    return passed, "; then ".join(text.format(**one[when]) for one in found for when in ("first", "last"))


def check_documents() -> tuple[bool, str]:
    passed, found = run_tests((DOCUMENTS,), "-n", "0", CHECKED_DOCUMENTS=PATIENTS)
    return passed, "".join(f"{one['documents']:,} documents" for one in found if "documents" in one)


def install() -> tuple[bool, str]:
    passed, _ = run_tests((WHEEL, DEPLOYMENT, *CLIENTS), "-n", "0", INSTALLED=1, GENERATORS=1)
    return passed, "a sandbox from the wheel alone" if passed else "no sandbox from the wheel alone"


def build_image() -> tuple[bool, str]:
    """Build the image of the Containerfile and run it."""
    passed, found = run_tests((IMAGE,), "-n", "0", IMAGE=1)
    text = "{image_mb} MB, {packed_mb} MB compressed"
    return passed, "".join(text.format(**one) for one in found if "image_mb" in one)


def reset() -> tuple[bool, str]:
    """Reset a sandbox many times, with calls in between."""
    passed, found = run_tests((RESETS,), "-n", "0", RESETS=1000)
    return passed, "".join(
        f"{one['resets']} resets, {one['median_reset_ms']} ms" for one in found if "resets" in one
    )


def mutate(most: int, seed: int) -> tuple[bool, str]:
    """Try the mistakes and up to so many mutants of each module."""
    texts, passed = [], True
    for options in (("mistakes",), (*nearest.PACKAGES, "--mutants", str(most), "--seed", str(seed))):
        command = [sys.executable, "-m", "tests.mutation", *options]
        print(*command[1:], flush=True)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        print(done.stdout, flush=True)
        passed = passed and done.returncode == 0
        texts += re.findall(r"^All: (.*)", done.stdout, re.MULTILINE)
    return passed, "; ".join(texts)


def back_up() -> tuple[bool, str]:
    """Back up and restore, and kill that at every change."""
    passed, _ = run_tests((BACKUPS,), BACKUP_KILL_STEP=1)
    return passed, "at every change" if passed else ""


def fail_over(events: int) -> tuple[bool, str]:
    """Kill, cut off and switch the primary of a cluster, so many times."""
    if os.geteuid() != 0:
        return True, "not root"
    passed, found = run_tests((FAILOVER,), "-n", "0", "-s", FAILOVERS=events)
    text = "{acknowledged:,} writes, {lost} lost, {told:,} webhooks"
    return passed, f"{events} events, " + "".join(text.format(**one) for one in found)


def pool() -> tuple[bool, str]:
    """Run tests of both APIs, pages, webhooks and jobs through PgBouncer in transaction mode."""
    passed, _ = run_tests(POOLED, "-n", "0", POOLED=1)
    return passed, "through a pooler" if passed else ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.deep", description=__doc__)
    parser.add_argument("--hours", type=float, default=1)
    hours = parser.parse_args().hours
    now = datetime.now(UTC)
    parts = (
        fuzz(hours * 1800, now.toordinal()),
        kill(hours * 900),
        soak(hours * 900),
        tamper(),
        move(),
        back_up(),
        upgrade(),
        run_versions(),
        soak_day(hours * 3600),
        check_documents(),
        install(),
        build_image(),
        reset(),
        pool(),
        fail_over(max(5, round(hours * FAILOVERS))),
        mutate(max(1, round(hours * MUTANTS)), now.toordinal()),
    )
    results = (f"{'' if passed else 'FAILED: '}{text or 'no figures'}" for passed, text in parts)
    print(f"\n| {now:%Y-%m-%d} | `make test-deep HOURS={hours:g}` | {' | '.join(results)} |")
    sys.exit(not all(passed for passed, _ in parts))


if __name__ == "__main__":
    main()
