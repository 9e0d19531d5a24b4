"""The sidebar menu and who sees which entry. A page requires the same permissions as its resource."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.urls import reverse

from charthouse.identity.models import User
from charthouse.identity.operators import is_operator

# Sections of setup pages; each is folded unless the current page is in it.
VISITS, CHARTS, BILLING, DIRECTORY = "Visits and tasks", "Charts", "Billing", "Directory and stock"
FOLDABLE = (VISITS, CHARTS, BILLING, DIRECTORY)
MAX_COUNT = 99  # open requests


@dataclass(frozen=True, kw_only=True)
class MenuEntry:
    """An entry of the menu.

    view         name of its URL
    icon         id of a symbol in icons.svg
    permissions  all of them are required
    primary      only for the practice's primary user
    operator     only for those who operate the installation
    sandbox      only in a sandbox
    count        how many rows wait for the user; runs on every page, so it must be fast
    """

    name: str
    view: str
    icon: str
    permissions: tuple[str, ...] = ()
    primary: bool = False
    operator: bool = False
    sandbox: bool = False
    count: Callable[[User], int] | None = None

    @cached_property
    def address(self) -> str:
        """The address of the entry's page."""
        return reverse(self.view)

    def is_visible_to(self, user: User) -> bool:
        """Say whether the user sees the entry."""
        if self.sandbox and not settings.SANDBOX:
            return False
        if self.operator and not is_operator(user):
            return False
        return (user.is_primary or not self.primary) and set(self.permissions) <= set(user.permissions)


@dataclass(frozen=True)
class MenuLine:
    """An entry as it is rendered. ``current``: the page is this one or below it; ``count``: "" for 0."""

    name: str
    icon: str
    address: str
    current: bool
    count: str = ""


@dataclass(frozen=True)
class MenuSection:
    """A section of the menu. ``name``: its heading, "" for none."""

    name: str
    lines: list[MenuLine]

    @property
    def folds(self) -> bool:
        return self.name in FOLDABLE

    @property
    def folded(self) -> bool:
        return self.folds and not any(line.current for line in self.lines)


_sections: dict[str, list[MenuEntry]] = {
    "": [MenuEntry(name="Home", view="home", icon="home")],
    "Care": [],
    **{name: [] for name in FOLDABLE},
    "Practice": [],
    "Apps": [],
}


def add_menu_entries(section: str, *entries: MenuEntry) -> None:
    """Add entries to a section. Modules of URLs call it, once."""
    _sections[section] += entries


def build_menu(user: User, path: str) -> list[MenuSection]:
    """Build the sections of which the user sees an entry, on the page at ``path``."""
    offered = [
        (name, [(entry, entry.address) for entry in entries if entry.is_visible_to(user)])
        for name, entries in _sections.items()
    ]
    here = _find_current((address for _, lines in offered for _, address in lines), path)
    return [
        MenuSection(name, [_build_line(entry, address, here, user) for entry, address in lines])
        for name, lines in offered
        if lines
    ]


def _build_line(entry: MenuEntry, address: str, here: str, user: User) -> MenuLine:
    count = entry.count(user) if entry.count else 0
    text = f"{MAX_COUNT}+" if count > MAX_COUNT else str(count or "")
    return MenuLine(entry.name, entry.icon, address, address == here, text)


def _find_current(addresses: Iterable[str], path: str) -> str:
    """Find the longest address that is the page's or a parent of it."""
    above = (a for a in addresses if path == a or (a != "/" and path.startswith(f"{a}/")))
    return max(above, key=len, default="")
