"""Full-text search over the guides and both references: an index of SQLite in memory, made at first use."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Declaration, Resource
from charthouse.gateway.docs import cerbo, drchrono
from charthouse.gateway.docs.descriptions import (
    PageContext,
    describe_operation,
    describe_resource,
    make_anchor,
)
from charthouse.gateway.docs.guides import load_guides
from charthouse.gateway.docs.reference import ApiReference

MAX_QUERY = 200  # characters
MAX_WORDS = 12
MAX_FOUND = 40
_WEIGHTS = "8.0, 3.0, 1.0"  # of title, names and text, for bm25
_MARK = ("\x02", "\x03")  # around words that match, until they are escaped


@dataclass(frozen=True)
class Entry:
    """What can be found: a section of a guide, a page of a reference, an operation. ``names``: of keys and URLs."""

    address: str
    group: str
    title: str
    names: str
    text: str


@dataclass(frozen=True)
class Match:
    """An entry that was found. ``excerpt``: words around what matches, in HTML."""

    address: str
    group: str
    title: str
    excerpt: SafeString


class _Index:
    """The index, and a lock: SQLite's connection is shared by the threads of a process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection = sqlite3.connect(":memory:", check_same_thread=False)
        self.connection.execute(
            "create virtual table entry using fts5(title, names, text, address unindexed, grouping unindexed,"
            " tokenize = \"porter unicode61 tokenchars '_'\", prefix = '2 3')"
        )
        rows = ((e.title, e.names, e.text, e.address, e.group) for e in list_entries())
        self.connection.executemany("insert into entry values (?, ?, ?, ?, ?)", rows)


@lru_cache(maxsize=1)
def _load_index() -> _Index:
    return _Index()


def search(query: str) -> list[Match]:
    """Find entries that have every word of a query, the last one as a beginning; the best first."""
    words = re.findall(r"\w+", query[:MAX_QUERY])[:MAX_WORDS]
    if not words:
        return []
    expression = " ".join(f'"{word}"' for word in words) + "*"
    index = _load_index()
    with index.lock:
        rows = index.connection.execute(
            f"select address, grouping, title, snippet(entry, -1, ?, ?, '…', 24) from entry"  # noqa: S608
            f" where entry match ? order by bm25(entry, {_WEIGHTS}), rowid limit {MAX_FOUND}",
            (*_MARK, expression),
        ).fetchall()
    return [Match(address, group, title, _mark(excerpt)) for address, group, title, excerpt in rows]


def _mark(excerpt: str) -> SafeString:
    shown = escape(excerpt).replace(_MARK[0], "<mark>").replace(_MARK[1], "</mark>")
    return mark_safe(shown)  # noqa: S308


def list_entries() -> Iterator[Entry]:
    """List everything that can be found."""
    for guide in load_guides().values():
        for section in guide.sections:
            title = section.title if section == guide.sections[0] else f"{guide.title}: {section.title}"
            yield Entry(f"{guide.address}#{section.anchor}", "Guide", title, "", section.text)
    for make in (drchrono.reference, cerbo.reference):
        reference = make()
        for chapter in reference.chapters:
            for page, declared in chapter.pages.items():
                yield from _list_reference(reference, page, declared)


def _list_reference(reference: ApiReference, page: str, declared: list[Declaration]) -> Iterator[Entry]:
    home, resources = f"{reference.home}/{page}", [one for one in declared if isinstance(one, Resource)]
    keys = [key for one in resources for key in one.keys]
    yield Entry(
        home,
        reference.title,
        page,
        " ".join(_list_names(keys)),
        " ".join([*(one.doc for one in declared), *_list_docs(keys)]),
    )
    for one in declared:
        prefix = f"{make_anchor(one.path)}-" if len(resources) > 1 and isinstance(one, Resource) else ""
        context = PageContext(reference, "", prefix)
        described = (
            describe_resource(one, context)
            if isinstance(one, Resource)
            else [describe_operation(one, context)]  # type: ignore[arg-type]
        )
        for operation in described:
            yield Entry(
                f"{home}#{operation.anchor}",
                reference.title,
                f"{operation.method} {operation.url}",
                " ".join(row.name for row in (*operation.parameters, *operation.keys, *operation.answered)),
                " ".join([page, operation.summary, *(row.doc for row in operation.parameters)]),
            )


def _list_names(keys: list[Key]) -> Iterator[str]:
    for key in keys:
        yield key.name
        yield from _list_names(list(key.type.keys))


def _list_docs(keys: list[Key]) -> Iterator[str]:
    for key in keys:
        if key.doc:
            yield f"{key.name}: {key.doc}"
