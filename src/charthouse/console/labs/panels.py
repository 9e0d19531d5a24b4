"""The panels that labs are ordered from: the practice's own, then those that come with the software."""

from dataclasses import dataclass

from charthouse.console.kit.page import Request
from charthouse.domains import code_lists
from charthouse.domains.labs.models import PanelTest

MAX_TESTS = 2_000  # of a practice's own panels


@dataclass(frozen=True)
class OfferedPanel:
    """A panel to order. ``key``: its value in the form; ``code``: "" where its tests are ordered one by one;
    ``tests``: (code, name)."""

    key: str
    name: str
    code: str
    specimen: str
    tests: tuple[tuple[str, str], ...]
    is_own: bool = False

    @property
    def ordered(self) -> tuple[tuple[str, str], ...]:
        """(code, name) of what a laboratory is asked for."""
        return ((self.code, self.name),) if self.code else self.tests


def list_panels(request: Request) -> list[OfferedPanel]:
    """List the practice's own panels by name, then the common ones. One query."""
    rows = PanelTest.objects.filter(practice=request.actor.practice, archived=False).order_by("panel", "pk")
    own: dict[str, list[PanelTest]] = {}
    for row in rows[:MAX_TESTS]:
        own.setdefault(row.panel.strip().casefold(), []).append(row)
    common = [
        OfferedPanel(
            one.code, one.name, one.code, one.specimen, tuple((test.code, test.name) for test in one.tests)
        )
        for one in code_lists.list_panels()
    ]
    return [*(_build_own(tests) for tests in own.values()), *common]


def _build_own(rows: list[PanelTest]) -> OfferedPanel:
    """Build a panel from its tests; its code and specimen are on any of their lines."""
    name = rows[0].panel
    code, specimen = (
        next(filter(None, (getattr(row, column) for row in rows)), "")
        for column in ("panel_code", "specimen")
    )
    return OfferedPanel(
        f"own {name}", name, code, specimen, tuple((row.code, row.name) for row in rows), True
    )
