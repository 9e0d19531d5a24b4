"""Keys: name x type x source x access."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import models
from django.db.models.expressions import Combinable

from charthouse.engine.declaration.json_schema import Schema, allow_null
from charthouse.engine.declaration.sources import Column, Model, Source
from charthouse.engine.declaration.types import References, Type
from charthouse.engine.declaration.values import (
    ABSENT,
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    SHOWN,
    WRITE_ONLY,
    YEAR,
    Access,
    InvalidValue,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Key:
    """One key of an object on the wire.

    name             as it stands on the wire
    type             how its value looks there
    access           who may write it
    source           where the value comes from; a text is the path of a column; default: the column of the key's name
    doc              a line for the reference
    nullable         whether null may be written; default: what the column says, and always for optional keys that are
                     not stored
    default          the value when a create leaves it out, or a function that makes it
    required_unless  name of a key that may be given in its place
    requires         name of a key that must be given with it
    verbose          only shown with verbose on
    keep_on_put      a PUT that leaves it out keeps it
    unsaid           wire values that stand for leaving it out
    in_query         a POST may give it as a query parameter as well
    addition         not in the seed: the hosted API has grown it since
    deidentified     what an anonymous caller is shown of it (see ``deidentification``); default: what the model says
    example          a wire value, for documentation
    """

    name: str = field(kw_only=False)
    type: Type = field(kw_only=False)
    access: Access = field(kw_only=False, default=OPTIONAL)
    source: Any = ""  # str | Source; a Source once made
    doc: str = ""
    nullable: bool | None = None
    default: Any = ABSENT
    required_unless: str = ""
    requires: str = ""
    verbose: bool = False
    keep_on_put: bool = False
    unsaid: tuple[Any, ...] = ()
    in_query: bool = False
    addition: bool = False
    deidentified: str = ""
    example: Any = ABSENT

    def __post_init__(self) -> None:
        source: Source = Column(self.source) if isinstance(self.source, str) else self.source
        object.__setattr__(self, "source", source.bind(self.name))
        object.__setattr__(self, "type", self.type.as_required(self.access is REQUIRED))

    @cached_property
    def writable(self) -> bool:
        return self.access is not READ_ONLY

    @cached_property
    def readable(self) -> bool:
        return self.access is not WRITE_ONLY

    @cached_property
    def is_stored(self) -> bool:
        """Whether the engine writes the value into a column of the row."""
        return bool(self.source.writes_column)

    @cached_property
    def attribute(self) -> str:
        """The attribute of a model instance that holds the value."""
        return self.source.name_attribute(self.type) or self.type.name_attribute(self.name)

    def find_column(self, model: Model) -> Any:
        """The model field behind this key, or None. Raises FieldDoesNotExist."""
        return _find_column(self.source, model)

    # -- writing ------------------------------------------------------------------------------------------------

    def accepts_null(self, model: Model) -> bool:
        if self.source.writes_rows:
            return True
        if self.nullable is not None:
            return self.nullable
        column = self.find_column(model)
        return bool(column.null) if column is not None else self.access is not REQUIRED

    def find_default(self, model: Model) -> Any:
        """The value of an optional key that was left out."""
        if self.default is not ABSENT:
            return self.default() if callable(self.default) else self.default
        column = self.find_column(model)
        return None if column is None or column.null else column.get_default()

    def parse(self, value: Any, model: Model) -> Any:
        """Wire value → Python value: null and "" as the column has them, its length and validators. Raises
        InvalidValue."""
        limits = _find_limits(self, model)
        if value is None or (value == "" and not self.type.keeps_blank and limits.null):
            if limits.null:
                return None
            if self.access is REQUIRED or limits.default is None:
                raise InvalidValue("This field may not be null.")
            return limits.default  # text: null and "" both mean absent
        parsed = self.source.parse(self.type, value)
        if isinstance(parsed, str):
            if limits.length is not None and len(parsed) > limits.length:
                raise InvalidValue(f"Ensure this field has no more than {limits.length} characters.")
            if self.access is REQUIRED and not parsed.strip() and self.type.keeps_blank:
                raise InvalidValue("This field may not be blank.")
        if parsed not in ("", None):
            for validator in limits.validators:
                try:
                    validator(parsed)
                except ValidationError as error:
                    raise InvalidValue(error.messages) from None
        return parsed

    @cached_property
    def may_refer(self) -> bool:
        """Whether values may point to rows."""
        return bool(self.type.refers_to or self.type.keys)

    def find_references(self, value: Any) -> References:
        """Every row that a parsed value points to, with the path of keys to it."""
        for to, row_id, path in self.type.find_references(value):
            yield to, row_id, (self.name, *path)

    # -- reading ------------------------------------------------------------------------------------------------

    def select(self) -> Combinable:
        """The expression whose value is ready for the wire."""
        selected: Combinable = self.source.select(self.type)
        return selected

    def without_verbose(self) -> "Key":
        """The key as it is shown without verbose; the same object where nothing of it is left out."""
        keys = tuple(key.without_verbose() for key in self.type.keys if not key.verbose)
        return self if keys == self.type.keys else self.with_members(keys)

    def with_members(self, keys: tuple["Key", ...]) -> "Key":
        """The same object with other members."""
        return replace(self, type=self.type.with_keys(keys))  # type: ignore[attr-defined]

    def shows_null(self, model: Model | None) -> bool:
        """Whether null can be read: any column on the way to the value may hold it. ``model`` None: a member of a JSON
        column."""
        if not self.source.has_members:
            if model is None:
                return not (self.type.never_null and self.type.keys)
            if self.type.never_null and not self.source.only_with:
                return False
        source_null = self.source.may_be_null(model)
        return self.nullable is not False if source_null is None else bool(source_null)

    def find_deidentified(self, model: Model | None) -> str:
        """What an anonymous caller is shown: SHOWN, REMOVED, AREA_CODE or YEAR. Members of objects follow their own
        model."""
        if self.deidentified or model is None:
            return self.deidentified or SHOWN
        return str(self.source.find_deidentified(model))

    # -- documentation ------------------------------------------------------------------------------------------

    def read_schema(self, model: Model | None, anonymous: bool = False) -> Schema:
        """JSON Schema of what is shown, null included where it may be; with ``anonymous``, also of what anonymous
        callers are shown."""
        schema = self.source.read_schema(self.type, model, anonymous)
        if anonymous:
            schema = _extend_schema(schema, self.find_deidentified(model))
        return allow_null(schema) if self.shows_null(model) else schema

    def write_schema(self, model: Model | None) -> Schema:
        """JSON Schema of what is written, null included where it is accepted."""
        schema = self.source.write_schema(self.type, model)
        column = self.find_column(model) if model is not None else None
        if isinstance(column, models.CharField) and column.max_length and schema.get("type") == "string":
            schema.setdefault("maxLength", column.max_length)
        return allow_null(schema) if self._takes_null(model) else schema

    def _takes_null(self, model: Model | None) -> bool:
        """Null is written as null, or says that an optional text is absent."""
        if model is None or self.accepts_null(model):
            return True
        return self.access is not REQUIRED and self.find_default(model) is not None


def _extend_schema(schema: Schema, deidentified: str) -> Schema:
    """The schema of what is shown to anonymous callers and to others."""
    if deidentified == YEAR:
        return {"type": "string", "pattern": r"^\d{4}(-\d{2}-\d{2})?$"}
    if deidentified != SHOWN and "enum" in schema:
        return schema | {"enum": [*schema["enum"], ""]}
    return schema


@dataclass(frozen=True)
class _Limits:
    null: bool
    default: Any
    length: int | None
    validators: tuple[Any, ...]


@cache
def _find_column(source: Source, model: Model) -> Any:
    return source.find_column(model)


@cache
def _find_limits(key: Key, model: Model) -> _Limits:
    column = key.find_column(model)
    own = (MaxLengthValidator, ProhibitNullCharactersValidator)
    validators = () if column is None else tuple(v for v in column.validators if not isinstance(v, own))
    length = getattr(column, "max_length", None) if isinstance(column, models.CharField) else None
    default = None if key.access is REQUIRED else key.find_default(model)
    return _Limits(key.accepts_null(model), default, length, validators)


def index_keys(keys: Iterable[Key]) -> Mapping[str, Key]:
    return {key.name: key for key in keys}
