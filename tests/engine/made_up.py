"""Declarations over made-up tables: one of every kind of key, for tests of the engine that need no domain."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import CONTAINS, Filter, Flag, InDays
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.registry import build_registry
from charthouse.engine.declaration.related import ChildRow, ChildRows
from charthouse.engine.declaration.resources import (
    THE_ROW,
    Operation,
    PageSize,
    Resource,
    Visibility,
)
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.times import Date, Time, Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Measurement, Text, check_color
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED, WRITE_ONLY
from charthouse.identity.tenancy import Record, RecordKey


class Shelf(Record):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "made_up"


class Book(Record):
    shelf = RecordKey(Shelf)
    title = models.CharField(max_length=40)
    genre = models.CharField(max_length=20, blank=True, default="")
    color = models.CharField(max_length=30, blank=True, default="")
    pages = models.IntegerField(null=True)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    weight = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    bought = models.DateField(null=True)
    opens = models.TimeField(null=True)
    lent = models.BooleanField(default=False)
    tags = ArrayField(models.TextField(), default=list)
    marks = models.JSONField(default=list)

    class Meta:
        app_label = "made_up"


class Loan(Record):
    book = RecordKey(Book, related_name="loans")
    reader = models.CharField(max_length=20, blank=True, default="")
    until = models.DateField(null=True)

    class Meta:
        app_label = "made_up"


SHELVES = Resource(
    path="shelves",
    model=Shelf,
    doc="Where books stand.",
    methods="GET POST",
    policy=Policy(scopes=(), permissions=(), sharing=ALWAYS, owner=None),
    keys=(Key("id", Id(), READ_ONLY), Key("name", Text(), REQUIRED)),
    example={"name": "North wall"},
)
_loan = (Key("reader", Text()), Key("until", Date(), addition=True))
BOOKS = Resource(
    path="books",
    model=Book,
    doc="Books of the library.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(scopes=("user",), permissions=("Settings",), sharing=ALWAYS, owner=None),
    keys=(
        Key("id", Id(as_text=True), READ_ONLY),
        Key("shelf", Reference("shelves"), REQUIRED),
        Key("title", Text(), REQUIRED, doc="As on its back."),
        Key("genre", Text(choices=("novel", "poem"))),
        Key("color", Text(check=check_color)),
        Key("pages", Integer(minimum=1), required_unless="weight"),
        Key("price", Decimal(), doc="In the currency of the country."),
        Key("weight", Measurement()),
        Key("bought", Date()),
        Key("opens", Time()),
        Key("lent", Boolean(), default=False),
        Key("tags", List(Text(), commas=True)),
        Key("marks", List(Object((Key("page", Integer(), REQUIRED), Key("note", Text()))))),
        Key("loan", Object(_loan), source=ChildRow(Loan, link="book"), verbose=True),
        Key(
            "loans",
            List(Object((Key("id", Id(), READ_ONLY), *_loan))),
            source=ChildRows(Loan, link="book"),
            verbose=True,
        ),
        Key("code", Text(), WRITE_ONLY, source=UNSTORED),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("archived", Boolean(), READ_ONLY, addition=True),
    ),
    filters=(
        Filter("shelf", Reference("shelves"), doc="Books of one shelf."),
        Filter("title", Text(), CONTAINS),
        Filter("bought", Date(), InDays()),
        Flag("show_archived", addition=True),
    ),
    visibility=Visibility(models.Q(archived=True), shown_by="show_archived"),
    one_of=(("shelf", "title"),),
    page_size=PageSize(default=5, maximum=20),
    operations=(
        Operation(
            name="lend",
            method="POST",
            doc="Lend a book.",
            keys=(Key("reader", Text(), REQUIRED, source=UNSTORED),),
            run=lambda call: None,
            answer=THE_ROW,
        ),
    ),
    example={"shelf": 3, "title": "Emma", "pages": 474, "price": 9.5, "tags": ["old"]},
)
SWITCHES, PERMISSIONS = ("books", "x"), ("Settings",)
REGISTRY = build_registry("made_up", [SHELVES, BOOKS], switches=SWITCHES, permissions=PERMISSIONS)
