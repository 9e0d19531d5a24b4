"""What the side bar offers, and to whom. A page asks for the same permissions as the resource that it shows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from charthouse.identity.models import User

# Sections of what a practice sets up; each is folded unless the page is one of its own.
VISITS, CHARTS, BILLING, DIRECTORY = "Visits and tasks", "Charts", "Billing", "Directory and stock"
FOLDED = (VISITS, CHARTS, BILLING, DIRECTORY)
MOST_COUNTED = 99  # things that wait


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line: ``view`` is the name of its URL, ``icon`` of a symbol in icons.svg. ``permissions``: all of them are
    needed; ``primary``: only for the practice's primary user; ``sandbox``: only in a sandbox. ``count``: how many
    things wait there for somebody; one query of every page, so it had better be quick."""

    name: str
    view: str
    icon: str
    permissions: tuple[str, ...] = ()
    primary: bool = False
    sandbox: bool = False
    count: Callable[[User], int] | None = None

    def shown_to(self, user: User) -> bool:
        if self.sandbox and not settings.SANDBOX:
            return False
        return (user.is_primary or not self.primary) and set(self.permissions) <= set(user.permissions)


@dataclass(frozen=True)
class Line:
    """An entry as it is drawn. ``current``: the page is this one, or below it. ``count``: what waits, or ""."""

    name: str
    icon: str
    address: str
    current: bool
    count: str = ""


@dataclass(frozen=True)
class Section:
    """``name`` stands above its lines; "" for none."""

    name: str
    lines: list[Line]

    @property
    def folds(self) -> bool:
        return self.name in FOLDED

    @property
    def folded(self) -> bool:
        return self.folds and not any(line.current for line in self.lines)


_sections: dict[str, list[Entry]] = {
    "": [Entry(name="Home", view="home", icon="home")],
    "Care": [],
    **{name: [] for name in FOLDED},
    "Practice": [],
    "Apps": [],
}


def offer(section: str, *entries: Entry) -> None:
    """Add lines to a section of the menu; ``urls`` does it for each module of pages, once."""
    _sections[section] += entries


def menu(user: User, path: str) -> list[Section]:
    """The sections that hold something for this person, on the page at ``path``."""
    offered = [
        (name, [(entry, reverse(entry.view)) for entry in entries if entry.shown_to(user)])
        for name, entries in _sections.items()
    ]
    here = _current((address for _, lines in offered for _, address in lines), path)
    return [
        Section(name, [_line(entry, address, here, user) for entry, address in lines])
        for name, lines in offered
        if lines
    ]


def _line(entry: Entry, address: str, here: str, user: User) -> Line:
    count = entry.count(user) if entry.count else 0
    told = f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")
    return Line(entry.name, entry.icon, address, address == here, told)


def _current(addresses: Iterable[str], path: str) -> str:
    """The address that lies deepest above the page."""
    above = (a for a in addresses if path == a or (a != "/" and path.startswith(f"{a}/")))
    return max(above, key=len, default="")
