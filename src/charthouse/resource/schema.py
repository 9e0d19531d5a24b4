"""JSON Schema 2020-12 of what a declaration reads and writes.

What is shown is strict (every key is there, no other is, no type but its own), so that a response that strays from
its declaration fails validation. What is written is the plain form of each type; what else a parser takes (digits as
text, null for absent text) is said in words.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from charthouse.resource.anonymous import KEPT, YEAR, left
from charthouse.resource.declare import Resource
from charthouse.resource.fields import ABSENT, READ_ONLY, REQUIRED, Decimal, Field, ListOf, Measure, Ref, Text
from charthouse.resource.joined import Coded, Linked, Parts, Whole
from charthouse.resource.nested import Embedded, Many, Members, One, RelatedIds, Rows

if TYPE_CHECKING:
    from charthouse.resource.functions import Function

Schema = dict[str, Any]

PATTERNS = {
    "date": r"^\d{4}-\d{2}-\d{2}$",
    "timestamp": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$",
    "moment": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$",
    "time": r"^\d{2}:\d{2}(:\d{2})?$",
    "decimal": r"^-?\d+\.\d{2}$",
}

# The names of the OpenAPI format registry. JSON Schema's own "time" would need a zone.
FORMATS = {"timestamp": "date-time-local", "time": "time-local"}


def formatted(schema: Schema) -> Schema:
    """The schema with its format named as OpenAPI names it."""
    name = schema.get("format")
    if name == "moment":  # no format of the registry; its pattern says what it is
        return {key: value for key, value in schema.items() if key != "format"}
    return {**schema, "format": FORMATS[name]} if name in FORMATS else schema


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


# -- what is shown ----------------------------------------------------------------------------------------------


def shown(resource: Resource, *, verbose: bool, anonymous: bool = False) -> Schema:
    """A row as GET gives it; with ``anonymous``, also as it gives it to anonymised callers."""
    properties = {
        field.name: described(field, shown_value(field, resource.model, anonymous), resource.model)
        for field in resource.shown(verbose)
    }
    return strict(properties)


def strict(properties: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def component(declared: "Resource | Function", kind: str = "") -> str:
    """The name of a resource's schema: ``PatientsSummary``, ``PatientsSummaryVerbose``, ``PatientsSummaryWrite``."""
    return "".join(word.title() for word in slug(declared.path).split("_")) + kind


def slug(path: str) -> str:
    """``patients/{patient_id}/images`` → ``patients_images``."""
    return "_".join(part for part in path.split("/") if "{" not in part)


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def shown_value(field: Field, model: type[models.Model] | None, anonymous: bool = False) -> Schema:
    """The value of one key, null included where it may be. ``model`` None: a member of a JSON column."""
    schema = _shown_type(field, model, anonymous)
    if anonymous:
        schema = _or_what_is_left(schema, left(field, model))
    return nullable(schema) if shows_null(field, model) else schema


def _or_what_is_left(schema: Schema, remains: str) -> Schema:
    if remains == YEAR:
        return {"type": "string", "pattern": r"^\d{4}(-\d{2}-\d{2})?$"}
    if remains != KEPT and "enum" in schema:
        return schema | {"enum": [*schema["enum"], ""]}
    return schema


def _shown_type(field: Field, model: type[models.Model] | None, anonymous: bool = False) -> Schema:
    if isinstance(field, Embedded):
        members = {
            member.name: nullable(_shown_type(member, None)) for member in field.fields if member.readable
        }
        item: Schema = {"type": "object", "properties": members, "additionalProperties": field.open}
        return {"type": "array", "items": item} if field.many else item
    if isinstance(field, Rows):
        item = strict({m.name: shown_value(m, field.to, anonymous) for m in field.fields if m.readable})
        return {"type": "array", "items": item} if isinstance(field, Many) else item
    if isinstance(field, Whole):
        return ref(component(field.resource))
    if isinstance(field, Parts | Linked):
        of = field.of(model)
        return strict({m.name: shown_value(m, of, anonymous) for m in field.fields})
    if isinstance(field, ListOf):
        return {"type": "array", "items": _shown_type(field.item, None)}
    schema = field.schema()
    if isinstance(field, Text):
        schema.pop("maxLength", None)
        schema.pop("pattern", None)
        if "enum" in schema and "" not in schema["enum"] and _may_be_blank(field, model):
            schema["enum"] = [*schema["enum"], ""]
    if pattern := PATTERNS.get(schema.get("format", "")):
        schema["pattern"] = pattern
    return formatted(schema)


def shows_null(field: Field, model: type[models.Model] | None) -> bool:
    """Whether null can be read: any column on the way to the value may hold it."""
    if isinstance(field, Many | RelatedIds | Parts):
        return False
    if isinstance(field, Linked):
        return field.nullable is not False
    if isinstance(field, One):
        return not field.always
    if model is None or field.given_with:
        return True
    if isinstance(field, Coded):
        return False
    columns = list(_columns(field, model))
    if not columns:
        return field.nullable is not False
    return any(column.null for column in columns)


def _columns(field: Field, model: type[models.Model]) -> Iterable[Any]:
    if field.computed or not field.stored:
        return
    for step in field.path.split("__"):
        try:
            column: Any = model._meta.get_field(step)
        except FieldDoesNotExist:
            return
        yield column
        model = column.related_model or model


def _may_be_blank(field: Field, model: type[models.Model] | None) -> bool:
    return model is None or field.access is not REQUIRED


# -- what is written --------------------------------------------------------------------------------------------


def written(fields: Iterable[Field], model: type[models.Model], *, whole: bool = True) -> Schema:
    """An object of a request body; ``whole`` off for PATCH, which needs no key."""
    fields = [field for field in fields if field.writable]
    schema: Schema = {
        "type": "object",
        "properties": {field.name: described(field, written_value(field, model), model) for field in fields},
    }
    required = [field.name for field in fields if field.access is REQUIRED and not field.required_unless]
    if whole and required:
        schema["required"] = required
    either = [field for field in fields if field.required_unless]
    if whole and either:
        schema["allOf"] = [
            {"anyOf": [{"required": [field.name]}, {"required": [field.required_unless]}]} for field in either
        ]
    return schema


def written_value(field: Field, model: type[models.Model] | None) -> Schema:
    schema = _written_type(field, model)
    return nullable(schema) if takes_null(field, model) else schema


def _written_type(field: Field, model: type[models.Model] | None) -> Schema:
    if isinstance(field, Members):
        inner = field.to if isinstance(field, Rows) else None
        members = [member for member in field.fields if member.writable]
        item: Schema = {
            "type": "object",
            "properties": {member.name: written_value(member, inner) for member in members},
        }
        if required := [member.name for member in members if member.access is REQUIRED]:
            item["required"] = required
        listed = isinstance(field, Many) or (isinstance(field, Embedded) and field.many)
        return {"type": "array", "items": item} if listed else item
    if isinstance(field, ListOf):
        return {"type": "array", "items": _written_type(field.item, None), "maxItems": field.at_most}
    if isinstance(field, Decimal) and not isinstance(field, Measure):
        return {"anyOf": [{"type": "number"}, {"type": "string", "format": "decimal"}]}
    schema = formatted(field.written_schema())
    column = field.column(model) if model is not None else None
    if isinstance(column, models.CharField) and column.max_length and schema.get("type") == "string":
        schema.setdefault("maxLength", column.max_length)
    return schema


def takes_null(field: Field, model: type[models.Model] | None) -> bool:
    """Null is written as null, or says that an optional text is absent."""
    if model is None or isinstance(field, Rows):
        return True
    if field.accepts_null(model):
        return True
    return field.access is not REQUIRED and field.absent(model) is not None


# -- words ------------------------------------------------------------------------------------------------------


def described(field: Field, schema: Schema, model: type[models.Model]) -> Schema:
    """The schema with what is known about the key in words."""
    words = [text for text in (field.doc.rstrip("."), *notes(field)) if text]
    described = {**schema}
    if words:
        described["description"] = ". ".join(words) + "."
    if field.default is not ABSENT and not callable(field.default) and field.access is not READ_ONLY:
        described["default"] = field.default
    if field.addition:
        described["x-addition"] = True
    return described


def notes(field: Field) -> list[str]:
    """What no JSON Schema says of a key."""
    said = []
    if field.required_unless:
        said.append(f"Required unless {field.required_unless} is given")
    if field.requires:
        said.append(f"Needs {field.requires} in the same request")
    if field.verbose:
        said.append("Shown with verbose=true only")
    if isinstance(field, Text) and field.open and field.choices:
        said.append("Usual values: " + ", ".join(repr(choice) for choice in field.choices))
    if isinstance(field, Ref) and field.to:
        said.append(f"An id of {field.to}")
    if field.addition:
        said.append("Added by the hosted API after its v4 reference was written")
    return said
