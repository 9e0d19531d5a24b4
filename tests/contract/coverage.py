"""``python -m tests.contract.coverage``: how much of the reference is built, into docs/reference-coverage.md and the
README. A test holds both true."""

import os
from collections.abc import Iterator
from pathlib import Path


def write_lines() -> Iterator[str]:
    """The page, line by line. Needs Django set up; no database."""
    from charthouse.gateway.drchrono.registry import get_registry

    from . import facts

    built = [endpoint for endpoint in facts.list_endpoints() if facts.is_built(endpoint)]
    methods = sum(len(e.methods) for e in built)
    keys = sum(len(e.fields) for e in built)
    filters = sum(len(e.filters) for e in built)
    added = sum(f.addition for resource in get_registry() for f in resource.keys)
    yield "# What of the DrChrono v4 reference is built"
    yield ""
    yield f"{len(built)} of {len(facts.list_endpoints())} endpoints, with all of their {methods} methods, {keys} keys"
    yield f"and {filters} filters; {added} keys more that the hosted API has grown since."
    yield "Printed by `make docs` from the declarations and tests/contract/data; the contract tests hold it true."
    yield ""
    yield "| endpoint | methods | keys | filters | additions |"
    yield "|---|---|---|---|---|"
    for endpoint in facts.list_endpoints():
        if endpoint not in built:
            yield f"| {endpoint} | not yet | | | |"
            continue
        resource = None if endpoint.action else get_registry().resources.get(endpoint.path)
        extra = sum(f.addition for f in resource.keys) if resource else ""
        row = (
            endpoint,
            " ".join(sorted(endpoint.methods)),
            len(endpoint.fields),
            len(endpoint.filters),
            extra,
        )
        yield "| " + " | ".join(map(str, row)) + " |"


def write_cerbo_lines() -> Iterator[str]:
    """The same for Cerbo, whose reference counts in operations."""
    from . import cerbo_facts as facts

    built = facts.list_built()
    yield "# What of the Cerbo v1 reference is built"
    yield ""
    yield f"{len(built)} of {len(facts.list_operations())} operations, with all of their parameters and keys."
    yield "Printed by `make docs` from the declarations and tests/contract/data; the contract tests hold it true."
    yield ""
    yield "| operation | | group of endpoints |"
    yield "|---|---|---|"
    for operation in facts.list_operations():
        there = "" if operation in built else " not yet"
        where = f"`{operation.method} {operation.facts['path']}`{there}"
        yield f"| {operation} | {where} | {operation.facts['permission']['resource']} |"


DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "reference-coverage.md"
CERBO_PAGE = DOCS / "cerbo-coverage.md"
README = Path(__file__).parents[2] / "README.md"
MARKS = ("<!-- coverage -->\n", "<!-- /coverage -->")


def write_page() -> str:
    return "\n".join(write_lines()) + "\n"


def write_cerbo_page() -> str:
    return "\n".join(write_cerbo_lines()) + "\n"


def write_readme() -> str:
    """The README with today's count between its marks."""
    before, rest = README.read_text().split(MARKS[0])
    count = " ".join(list(write_lines())[2:4])
    drchrono = f"DrChrono v4: {count} See [docs/reference-coverage.md](docs/reference-coverage.md)."
    cerbo = f"Cerbo v1: {list(write_cerbo_lines())[2]} See [docs/cerbo-coverage.md](docs/cerbo-coverage.md)."
    return f"{before}{MARKS[0]}{drchrono}\n\n{cerbo}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
    import django

    django.setup()
    PAGE.write_text(write_page())
    CERBO_PAGE.write_text(write_cerbo_page())
    README.write_text(write_readme())
