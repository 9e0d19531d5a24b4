"""What a check of a configuration finds: whether something is safe, and how to mend it where it is not."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """NOTE: no program can find it out. WARNING: works, but not as it should. ERROR: unsafe, or does not work."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """What one check found. ``detail`` and ``mend`` are sentences for an operator, without secrets."""

    name: str
    level: Level
    detail: str
    mend: str = ""


def accept(name: str, detail: str) -> Finding:
    """Return a finding of nothing wrong."""
    return Finding(name, Level.OK, detail)


def render_text(findings: list[Finding]) -> str:
    """Render findings for a terminal, the worst first."""
    order = list(reversed(Level))
    lines = []
    for finding in sorted(findings, key=lambda each: order.index(each.level)):
        lines.append(f"{finding.level:<8} {finding.name}: {finding.detail}")
        if finding.mend:
            lines.append(f"{'':8} {finding.mend}")
    return "\n".join(lines)


def render_objects(findings: list[Finding]) -> list[dict[str, Any]]:
    """Render findings as objects of JSON."""
    return [asdict(finding) for finding in findings]


def has_errors(findings: list[Finding]) -> bool:
    """Return whether one of the findings is an error."""
    return any(finding.level is Level.ERROR for finding in findings)
