"""``charthouse drift FILE``: where an OpenAPI document of a vendor differs from that of this server."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from charthouse.toolkit.drift.baseline import BaselineError, Entry, explain, read_baseline
from charthouse.toolkit.drift.comparing import Difference, compare
from charthouse.toolkit.drift.facts import read_operations

KINDS = ("operation", "parameter", "key", "type", "values", "required")


def add_command(commands: Any, render_document: Callable[[str], str]) -> None:
    """Add the command. ``render_document``: makes the OpenAPI document of an API of this server, as JSON."""
    text = "Compare a vendor's OpenAPI document with this server's"
    parser = commands.add_parser(
        "drift",
        help=text,
        description=f"{text}: operations, parameters, fields, types, and values. Exits with 1 if there are "
        "differences that the baseline does not explain, or baseline entries that explain none.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the vendor's document, YAML or JSON")
    parser.add_argument("--api", choices=("drchrono", "cerbo"), default="drchrono", help="default: drchrono")
    parser.add_argument(
        "--baseline",
        metavar="FILE",
        type=Path,
        help="known differences: a YAML list of {operations, kind, where, why}",
    )
    parser.add_argument(
        "--kind", choices=KINDS, action="append", help="only differences of this kind; can be repeated"
    )
    parser.add_argument("--summary", action="store_true", help="only counts, and the baseline's entries")
    parser.set_defaults(run=lambda options: run(options, render_document))


def run(options: argparse.Namespace, render_document: Callable[[str], str]) -> None:
    """Print the differences. Raises SystemExit."""
    try:
        theirs = read_document(options.file)
        baseline = read_baseline(options.baseline) if options.baseline else []
    except (ValueError, BaselineError) as error:
        print(f"charthouse drift: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    ours = json.loads(render_document(options.api))
    differences = [
        found
        for found in compare(read_operations(ours), read_operations(theirs))
        if not options.kind or found.kind in options.kind
    ]
    unexplained = explain(differences, baseline)
    stale = [] if options.kind else [named for entry in baseline for named in entry.list_stale()]
    print(format_report(differences, unexplained, baseline, stale, options.summary))
    raise SystemExit(1 if unexplained or stale else 0)


def read_document(path: Path) -> Any:
    """Read an OpenAPI document. Raises ValueError with a message."""
    try:
        text = path.read_text()
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path} can't be read: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise ValueError(f"{path} is no OpenAPI document: it has no paths.")
    return document


def format_report(
    differences: list[Difference],
    unexplained: list[Difference],
    baseline: list[Entry],
    stale: list[str],
    summary: bool,
) -> str:
    """Format the differences that nothing explains, those that the baseline explains in numbers, and what is stale."""
    lines = [] if summary else [str(found) for found in unexplained]
    lines += [f"known, {len(entry.found)}: {entry} ({entry.known.why})" for entry in baseline if entry.found]
    lines += [f"explains nothing: {named}" for named in stale]
    counted = Counter(found.kind for found in differences)
    numbers = ", ".join(f"{counted[kind]} {kind}" for kind in KINDS if counted[kind]) or "none"
    return "\n".join(
        [*lines, f"{len(differences)} differences ({numbers}), {len(unexplained)} not explained"]
    )
