"""Declarations over made-up tables: one of every kind of key, for tests of the engine that need no domain."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse.identity.tenancy import Record, RecordKey
from charthouse.resource.declare import ALWAYS, Action, Hidden, PageSize, Registry, Resource
from charthouse.resource.fields import (
    READ_ONLY,
    REQUIRED,
    WRITE_ONLY,
    Boolean,
    Color,
    Decimal,
    Id,
    Integer,
    ListOf,
    Measure,
    Ref,
    Text,
)
from charthouse.resource.filters import Contains, DateRange, Flag, RefIs
from charthouse.resource.nested import Embedded, Many, One
from charthouse.resource.times import Date, Time, Timestamp


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
    scopes=(),
    permissions=(),
    sharing=ALWAYS,
    owner=None,
    fields=(Id("id"), Text("name", REQUIRED)),
    example={"name": "North wall"},
)
_loan = (Text("reader"), Date("until", addition=True))
BOOKS = Resource(
    path="books",
    model=Book,
    doc="Books of the library.",
    methods="GET POST PUT PATCH DELETE",
    scopes=("user",),
    permissions=("Settings",),
    sharing=ALWAYS,
    owner=None,
    fields=(
        Id("id", as_text=True),
        Ref("shelf", REQUIRED, to="shelves"),
        Text("title", REQUIRED, doc="As on its back."),
        Text("genre", choices=("novel", "poem")),
        Color("color"),
        Integer("pages", minimum=1, required_unless="weight"),
        Decimal("price", doc="In the currency of the country."),
        Measure("weight"),
        Date("bought"),
        Time("opens"),
        Boolean("lent", default=False),
        ListOf("tags", item=Text("tag"), commas=True),
        Embedded("marks", many=True, fields=(Integer("page", REQUIRED), Text("note"))),
        One("loan", to=Loan, link="book", fields=_loan, verbose=True),
        Many("loans", to=Loan, link="book", fields=(Id("id"), *_loan), verbose=True),
        Text("code", WRITE_ONLY, stored=False),
        Timestamp("updated_at", READ_ONLY),
        Boolean("archived", READ_ONLY, addition=True),
    ),
    filters=(
        RefIs("shelf", to="shelves", doc="Books of one shelf."),
        Contains("title"),
        DateRange("bought"),
        Flag("show_archived", addition=True),
    ),
    hidden=Hidden(models.Q(archived=True), unless="show_archived"),
    one_of=(("shelf", "title"),),
    page_size=PageSize(default=5, maximum=20),
    actions=(
        Action(
            name="lend",
            doc="Lend a book.",
            fields=(Text("reader", REQUIRED, stored=False),),
            run=lambda change, row: None,
        ),
    ),
    example={"shelf": 3, "title": "Emma", "pages": 474, "price": 9.5, "tags": ["old"]},
)
REGISTRY = Registry("made_up", [SHELVES, BOOKS])
