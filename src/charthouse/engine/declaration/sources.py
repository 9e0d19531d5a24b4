"""Sources: where the value of a key comes from, and where a written one goes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.db.models.expressions import Combinable, F

from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import AREA_CODE, REMOVED, SHOWN, YEAR

Model = type[models.Model]


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Where the value of a key comes from.

    writes_column   whether the engine writes the parsed value into a column of the row
    writes_rows     whether it writes it into rows of another table
    has_members     whether the members of its object are columns of a model (see ``member_model``)
    is_readable     whether there is a value to be shown
    make            makes the expression of the value, where the declaration gives one
    path            path of the column that holds the value
    """

    writes_column: ClassVar[bool] = False
    writes_rows: ClassVar[bool] = False
    has_members: ClassVar[bool] = False
    is_readable: ClassVar[bool] = True
    make: Callable[[], Combinable] | None = field(default=None, init=False)
    path: str = field(default="", init=False)

    @property
    def only_with(self) -> str:
        """Name of the parameter without which the value is null."""
        return ""

    def bind(self, name: str) -> "Source":
        """The source of the key of this name."""
        return self

    def list_columns(self, model: Model) -> Iterator[Any]:
        """The model fields on the way to the value. Raises FieldDoesNotExist."""
        return iter(())

    def find_column(self, model: Model) -> Any:
        """The model field that holds the value, or None. Raises FieldDoesNotExist."""
        columns = list(self.list_columns(model))
        return columns[-1] if columns else None

    def name_attribute(self, type: Type) -> str:
        """The attribute of a model instance that holds the stored value."""
        return ""

    def select(self, type: Type) -> Combinable:
        """The expression whose value is ready for the wire."""
        raise NotImplementedError

    def parse(self, type: Type, value: Any) -> Any:
        """Wire value → Python value. Raises InvalidValue."""
        return type.parse(value)

    def store(self, type: Type, row: Any, value: Any) -> bool:
        """Write the parsed value into rows of another table. Whether that changed anything. Raises InvalidValue."""
        raise NotImplementedError

    def member_model(self, model: Model | None) -> Model | None:
        """The model whose columns the members of an object are; None where they are in JSON."""
        return None

    def may_be_null(self, model: Model) -> bool | None:
        """Whether null can be read; None where the key decides."""
        return None

    def find_deidentified(self, model: Model) -> str:
        """What the model says an anonymous caller is shown of the value."""
        return SHOWN

    def read_schema(self, type: Type, model: Model | None, anonymous: bool) -> Schema:
        return type.read_schema(in_json=model is None)

    def write_schema(self, type: Type, model: Model | None) -> Schema:
        return type.write_schema(in_json=model is None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Column(Source):
    """A column of the row, or, for read-only keys, one at the end of a path of references: ``office__name``.

    path        default: the key's name
    only_with   name of a parameter: null where it is not given
    """

    path: str = field(default="", kw_only=False)
    only_with: str = ""
    writes_column = True

    def bind(self, name: str) -> Source:
        return self if self.path else replace(self, path=name)

    def list_columns(self, model: Model) -> Iterator[Any]:
        for step in self.path.split("__"):
            column = model._meta.get_field(step)
            yield column
            model = column.related_model or model

    def name_attribute(self, type: Type) -> str:
        return type.name_attribute(self.path)

    def select(self, type: Type) -> Combinable:
        path = self.path if "__" in self.path else type.name_attribute(self.path)
        return type.select(F(path))

    def find_deidentified(self, model: Model) -> str:
        return find_deidentified(model, self.path)

    def may_be_null(self, model: Model) -> bool | None:
        if self.only_with:
            return True
        found = None
        try:
            for column in self.list_columns(model):
                found = bool(found) or column.null
        except FieldDoesNotExist:
            pass
        return found


def find_deidentified(model: Any, path: str) -> str:
    """What the model at the end of a path says of its column (``identifying = {"first_name": REMOVED}``). Raises
    FieldDoesNotExist."""
    *steps, name = path.split("__")
    for step in steps:
        model = model._meta.get_field(step).related_model
    shown = str(getattr(model, "identifying", {}).get(name, SHOWN))
    if shown not in (SHOWN, REMOVED, AREA_CODE, YEAR):
        raise ImproperlyConfigured(f"{model.__name__}.identifying: {name} is {shown!r}")
    return shown


@dataclass(frozen=True, kw_only=True, eq=False)
class Expression(Source):
    """An SQL expression that no column holds.

    column      the attribute that a write stores the parsed value in; none: a hook reads it
    only_with   name of a parameter whose values the expression uses: null where it is not given
    """

    make: Callable[[], Combinable] = field(kw_only=False)
    column: str = ""
    only_with: str = ""

    @property
    def writes_column(self) -> bool:  # type: ignore[override]
        return bool(self.column)

    def name_attribute(self, type: Type) -> str:
        return type.name_attribute(self.column) if self.column else ""

    def select(self, type: Type) -> Combinable:
        return self.make()

    def may_be_null(self, model: Model) -> bool | None:
        return True if self.only_with else None


class Unstored(Source):
    """Nowhere: only hooks and operations read what is written, or make what is shown."""

    is_readable = False


UNSTORED = Unstored()
