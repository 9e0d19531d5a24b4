"""A registry refuses declarations that are incomplete or name what there is not, and says all that is wrong at once."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q

from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import Event
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.registry import build_registry
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import Operation, Parent, Resource, Visibility
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.engine.sql.expressions import RESERVED
from tests.cases import each_case

from .made_up import PERMISSIONS, SHELVES, SWITCHES, Book, Loan, Shelf

OPEN = Policy(scopes=(), permissions=(), sharing=ALWAYS, owner=None)
KEYS = (Key("id", Id(), READ_ONLY), Key("title", Text(), REQUIRED))


@hook(keys=("title", "author"))
def check_author(change: Any) -> None:
    """Reads a key that books do not have."""


def declare(**values: Any) -> Resource:
    """Declare books, with these values instead of complete ones."""
    complete: dict[str, Any] = {
        "path": "books",
        "model": Book,
        "doc": "Books.",
        "methods": "GET POST",
        "policy": OPEN,
        "keys": KEYS,
        "example": {"title": "Emma"},
    }
    return Resource(**complete | values)


def operate(**values: Any) -> Operation:
    """Declare an operation of its own, with these values instead of complete ones."""
    complete: dict[str, Any] = {
        "path": "count",
        "doc": "Count books.",
        "run": lambda call: None,
        "policy": OPEN,
    }
    return Operation(**complete | values)


def find_faults(*resources: Resource, operations: tuple[Operation, ...] = ()) -> list[str]:
    """Return the lines after the first of what the registry raises."""
    with pytest.raises(ImproperlyConfigured) as raised:
        build_registry("test", resources, operations, switches=SWITCHES, permissions=PERMISSIONS)
    return str(raised.value).splitlines()[1:]


def test_complete_declarations_are_accepted() -> None:
    base = build_registry("base", [declare()], switches=SWITCHES, permissions=PERMISSIONS)
    loans = declare(
        path="loans",
        model=Loan,
        keys=(Key("id", Id(), READ_ONLY), Key("book", Reference("books"), REQUIRED)),
        example={"book": 1},
        operations=(operate(path="", name="extend"),),
    )
    registry = build_registry("test", [loans], [operate()], base, switches=SWITCHES, permissions=PERMISSIONS)
    assert registry["books"] is base["books"]
    assert registry["loans"].operations[0].policy.sharing == ALWAYS


@each_case(
    ("fault", "values"),
    [
        ("needs one line of documentation", {"doc": ""}),
        ("needs one line of documentation", {"doc": "One.\nTwo."}),
        ("needs an example", {"example": {}}),
        ("methods 'GET STEAL'", {"methods": "GET STEAL"}),
        ("methods ''", {"methods": ""}),
        ("needs a sharing rule", {"policy": Policy(scopes=(), permissions=(), sharing="", owner=None)}),
        ("shared by the unknown switch 'y'", {"policy": Policy(sharing="y", owner="shelf")}),
        ("needs the unknown permissions ['Rule']", {"policy": Policy(permissions=("Rule",), sharing=ALWAYS)}),
        ("one by a switch needs an owner", {"policy": Policy(scopes=(), permissions=(), sharing="books")}),
        ("two keys of one name", {"keys": (*KEYS, Key("title", Text()))}),
        ("names that the engine uses itself", {"filters": (Filter(min(RESERVED), Text()),)}),
        ("example names ['author']", {"example": {"title": "Emma", "author": 1}}),
        ("one_of names ['since']", {"one_of": (("since",),)}),
        ("visibility names ['show']", {"visibility": Visibility(Q(archived=True), shown_by="show")}),
        ("upsert_keys or replaces names ['isbn']", {"upsert_keys": ("isbn",)}),
        ("hook check_author names ['author']", {"checks": (check_author,)}),
        ("hook check_author names ['author']", {"after": (check_author,)}),
        ("below rows of the unknown resource 'rooms'", {"parents": (Parent("room_id", "rooms", "shelf"),)}),
        ("its path does not name room_id", {"parents": (Parent("room_id", "rooms", "shelf"),)}),
        ("{room} of its path is no parent and no parameter", {"path": "rooms/{room}/books"}),
        ("owner or parent 'author' is no path of Book", {"policy": Policy(sharing="x", owner="author")}),
        ("isbn: 'isbn' is no column of Book", {"keys": (*KEYS, Key("isbn", Text()))}),
        (
            "room: a path of references cannot be written",
            {"keys": (*KEYS, Key("room", Text(), source="shelf__name"))},
        ),
        ("code: neither stored nor computed", {"keys": (*KEYS, Key("code", Text(), source=UNSTORED))}),
        ("shelf: refers to the unknown resource 'shelves'", {"keys": (*KEYS, Key("shelf", Reference("shelves")))}),
        ("?shelf: refers to the unknown resource 'shelves'", {"filters": (Filter("shelf", Reference("shelves")),)}),
        (
            "reader: refers to the unknown resource 'readers'",
            {
                "keys": (
                    *KEYS,
                    Key(
                        "loans",
                        List(Object((Key("id", Id(), READ_ONLY), Key("reader", Reference("readers"))))),
                        source=ChildRows(Loan, link="book"),
                    ),
                )
            },
        ),
        ("event E: on 'rename'", {"events": (Event("E", "rename"),)}),
        ("event E: 'isbn' is no column", {"events": (Event("E", "update", column="isbn"),)}),
        ("event E: a row of another model needs", {"events": (Event("E", "insert", of=Shelf),)}),
    ],
    ids=[str(number) for number in range(30)],
)  # fmt: skip
def test_a_fault_of_a_resource_is_named(fault: str, values: dict[str, Any]) -> None:
    faults = find_faults(declare(**values))
    assert any(fault in line for line in faults), faults


@each_case(
    ("fault", "values"),
    [
        ("STEAL is no method", {"method": "STEAL"}),
        ("is of the unknown resource 'rooms'", {"of": "rooms"}),
        ("its policy needs scopes and permissions", {"policy": Policy(scopes=())}),
        ("names a row of no resource", {"path": "books/{id}/count"}),
        ("{room} of its path is no parent and no parameter", {"path": "count/{room}"}),
        ("needs one line of documentation", {"doc": ""}),
        ("keys ['title'] need source=UNSTORED", {"keys": (Key("title", Text()),)}),
        ("refers to the unknown resource", {"keys": (Key("room", Reference("rooms"), source=UNSTORED),)}),
    ],
    ids=[str(number) for number in range(8)],
)
def test_a_fault_of_an_operation_is_named(fault: str, values: dict[str, Any]) -> None:
    faults = find_faults(declare(), operations=(operate(**values),))
    assert any(fault in line for line in faults), faults


def test_what_is_declared_twice_is_named() -> None:
    faults = find_faults(declare(), declare(), operations=(operate(), operate()))
    assert faults == ["books: declared twice", "count: GET is declared twice"]


def test_every_fault_is_named_at_once() -> None:
    faults = find_faults(declare(doc="", example={}), operations=(operate(method="STEAL", doc=""),))
    assert faults == [
        "books: needs one line of documentation",
        "books: needs an example",
        "count: STEAL is no method",
        "count: needs one line of documentation",
    ]


def test_a_path_below_a_resource_names_all_rows_above() -> None:
    below_shelf = declare(
        path="shelves/{shelf_id}/books", parents=(Parent("shelf_id", "shelves", "shelf"),), doc="Books."
    )
    below_book = declare(
        path="books/{book_id}/loans",
        model=Loan,
        keys=(Key("id", Id(), READ_ONLY), Key("reader", Text())),
        example={"reader": "A"},
        parents=(Parent("book_id", "shelves/{shelf_id}/books", "book"),),
    )
    (fault,) = find_faults(SHELVES, below_shelf, below_book)
    assert "its path does not name ['shelf_id']" in fault
