"""OpenAPI 3.1, printed from the declarations. What is the dialect's own (paging, credentials, errors) is a Wire."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from charthouse.resource import schema
from charthouse.resource.declare import ALWAYS, Action, Registry, Resource
from charthouse.resource.examples import example_answered, example_shown, example_written
from charthouse.resource.fields import OPTIONAL
from charthouse.resource.filters import Filter
from charthouse.resource.functions import JSON, Function
from charthouse.resource.schema import Schema, component, ref, slug

OPERATIONS = {"GET": "read", "PUT": "replace", "PATCH": "modify", "DELETE": "delete"}
DONE = {"GET": "The row.", "PUT": "Replaced.", "PATCH": "Changed.", "DELETE": "Put away (soft delete)."}
SAID = {"GET": "Read", "PUT": "Replace", "PATCH": "Change", "DELETE": "Delete"}
READ_REFUSALS = (400, 401, 403, 404, 405, 429, 503)
WRITE_REFUSALS = (400, 401, 403, 404, 405, 409, 413, 415, 429, 503)


@dataclass(frozen=True, kw_only=True)
class Wire:
    """What a dialect adds.

    base        the path that resources are below, ``/api/``
    schemes     components/securitySchemes
    security    what an operation needs: (resource, reading) → Security Requirement objects
    page        the schema of a list's envelope, of the schema of its rows; ``page_example`` the same for an example
    paging      query parameters of every list of a resource, as Parameter objects
    schemas     the dialect's own components/schemas, its error bodies among them
    refusals    status → Response object
    created     status of a create; ``several``: whether one may create a list of rows
    changed     status of a replace or change: with 200, it answers with the object
    deleted     the schema of the answer to a DELETE, and an example of it; None: there is none
    listed      the schema of a function's answer that is a list, of the schema of its items
    anonymises  whether some callers are shown less than there is
    media       request bodies' media types that take nested values; ``forms``: those that take plain ones
    """

    title: str
    version: str
    description: str
    base: str
    schemes: Mapping[str, Any]
    security: Callable[[Resource | Function, bool], list[dict[str, list[str]]]]
    page: Callable[[Schema], Schema]
    page_example: Callable[[Any], Any]
    paging: Callable[[Resource], list[dict[str, Any]]]
    schemas: Mapping[str, Schema]
    refusals: Mapping[int, dict[str, Any]]
    created: int = 201
    several: bool = True
    changed: int = 204
    deleted: tuple[Schema, Any] | None = None
    listed: Callable[[Schema], Schema] = lambda item: {"type": "array", "items": item}
    anonymises: bool = False
    media: Sequence[str] = ("application/json",)
    forms: Sequence[str] = ("application/x-www-form-urlencoded", "multipart/form-data")


def document(registry: Registry, wire: Wire, servers: Sequence[str] = ("/",)) -> dict[str, Any]:
    """The OpenAPI document of every resource of a registry, as JSON's values."""
    printer = _Printer(wire)
    paths: dict[str, Any] = {}
    for resource in _sorted(registry):
        paths.update(printer.paths(resource))
    for path, functions in sorted(registry.functions.items()):
        for function in functions.values():
            operation = {function.method.lower(): printer.function(function)}
            paths.setdefault(printer.place(path), {}).update(printer.parameters(path, function) | operation)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": wire.title,
            "version": wire.version,
            "description": wire.description,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url} for url in servers],
        "tags": [
            *({"name": resource.path, "description": resource.doc} for resource in _sorted(registry)),
            *({"name": page, "description": functions[0].doc} for page, functions in pages(registry).items()),
        ],
        "paths": paths,
        "components": {
            "schemas": {**wire.schemas, **printer.schemas},
            "responses": {f"Refused{status}": response for status, response in wire.refusals.items()},
            "securitySchemes": dict(wire.schemes),
        },
    }


def _sorted(registry: Registry) -> list[Resource]:
    return sorted(registry, key=lambda resource: resource.path)


def pages(registry: Registry) -> dict[str, list[Function]]:
    """The functions that are of no resource, by the page of the reference that shows them."""
    found: dict[str, list[Function]] = {}
    for functions in registry.functions.values():
        for function in functions.values():
            if function.page not in registry.resources:
                found.setdefault(function.page, []).append(function)
    return found


class _Printer:
    """Prints resources one after another; ``schemas`` gathers the components they name."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.places: dict[str, str] = {}
        self.schemas: dict[str, Schema] = {}

    def place(self, path: str) -> str:
        """The key of a path. Of templates that mean the same URLs, the document names one."""
        return self.places.setdefault(re.sub(r"{\w+}", "{}", path), f"{self.wire.base}{path}")

    def parameters(self, path: str, declared: Resource | Function) -> dict[str, Any]:
        """What the path's names stand for, under the names that the document has for them."""
        names = re.findall(r"{(\w+)}", self.place(path))
        found = []
        for name, own in zip(names, re.findall(r"{(\w+)}", path), strict=True):
            parent = next((parent for parent in declared.parents if parent.name == own), None)
            if own in declared.filters_by_name:
                found.append(
                    {
                        **_parameter(declared.filters_by_name[own]),
                        "name": name,
                        "in": "path",
                        "required": True,
                    }
                )
            else:
                of = parent.to if parent else declared.of if isinstance(declared, Function) else declared.path
                found.append(_id_parameter(of, name))
        return {"parameters": found} if found else {}

    def paths(self, resource: Resource) -> dict[str, Any]:
        self._components(resource)
        listed = {"GET": self._list, "POST": self._create}
        of_list = {m.lower(): listed[m](resource) for m in listed if m in resource.list_methods}
        of_object = {
            method.lower(): self._object(resource, method)
            for method in OPERATIONS
            if method in resource.object_methods
        }
        paths: dict[str, Any] = {}
        path = resource.path
        if of_list:
            paths[self.place(path)] = self.parameters(path, resource) | of_list
        for alias in resource.aliases:
            paths[f"{self.wire.base}{path}/{alias}"] = {"get": self._alias(resource, alias)}
        if of_object:
            paths[self.place(f"{path}/{{id}}")] = self.parameters(f"{path}/{{id}}", resource) | of_object
        for action in resource.actions:
            below = f"{path}/{{id}}/{action.name}"
            paths[self.place(below)] = self.parameters(below, resource) | {
                action.method.lower(): self._action(resource, action),
            }
        return paths

    def _components(self, resource: Resource) -> None:
        anonymous = self.wire.anonymises
        self.schemas[component(resource)] = schema.shown(resource, verbose=False, anonymous=anonymous)
        if resource.has_verbose:
            self.schemas[component(resource, "Verbose")] = schema.shown(
                resource, verbose=True, anonymous=anonymous
            )
        if {"POST", "PUT"} & set(resource.method_set):
            self.schemas[component(resource, "Write")] = schema.written(resource.fields, resource.model)
        if "PATCH" in resource.method_set:
            self.schemas[component(resource, "Modify")] = schema.written(
                resource.fields, resource.model, whole=False
            )

    # -- operations ---------------------------------------------------------------------------------------------

    def _list(self, resource: Resource) -> dict[str, Any]:
        names = [component(resource), *([component(resource, "Verbose")] if resource.has_verbose else [])]
        pages = [self.wire.page({"type": "array", "items": ref(name)}) for name in names]
        page = pages[0] if len(pages) == 1 else {"anyOf": pages}
        named = re.findall(r"{(\w+)}", resource.path)
        asked = [declared for declared in resource.filters if declared.name not in named]
        parameters = [_parameter(declared) for declared in asked] + self.wire.paging(resource)
        example = example_shown(resource, verbose=False)
        notes = [
            "One of these parameters is required: " + ", ".join(f"`{name}`" for name in group) + "."
            for group in resource.one_of
        ]
        return self._operation(
            resource,
            "list",
            f"List {resource.path}.",
            notes,
            reading=True,
            parameters=parameters,
            responses={"200": _content("A page of rows.", page, self.wire.page_example(example))},
        ) | ({"x-one-of": [list(group) for group in resource.one_of]} if resource.one_of else {})

    def _create(self, resource: Resource) -> dict[str, Any]:
        shown = ref(component(resource, "Verbose" if resource.has_verbose else ""))
        several = self.wire.several
        made = {"anyOf": [shown, {"type": "array", "items": shown}]} if several else shown
        example = example_written(resource)
        body = self._body(resource.fields, component(resource, "Write"), example, many=several)
        return self._operation(
            resource,
            "create",
            f"Create {'one or more rows' if several else 'a row'} of {resource.path}.",
            ["A JSON array creates all of its rows or none, and is answered with the array of created rows."]
            if several
            else [],
            reading=False,
            body=body,
            responses={
                str(self.wire.created): _content(
                    "The created row, or rows." if several else "The created row.",
                    made,
                    example_shown(resource, verbose=True),
                )
            },
        )

    def _object(self, resource: Resource, method: str) -> dict[str, Any]:
        if method == "GET":
            names = [component(resource), *([component(resource, "Verbose")] if resource.has_verbose else [])]
            one = ref(names[0]) if len(names) == 1 else {"anyOf": [ref(name) for name in names]}
            return self._operation(
                resource,
                "read",
                f"{SAID[method]} one row of {resource.path}.",
                [],
                reading=True,
                parameters=[p for p in self.wire.paging(resource) if p["name"] == "verbose"],
                responses={"200": _content(DONE[method], one, example_shown(resource, verbose=False))},
            )
        body = None
        if method != "DELETE":
            kind = "Write" if method == "PUT" else "Modify"
            example = example_written(resource)
            if method == "PATCH":
                example = dict(list(example.items())[-1:])
            body = self._body(resource.fields, component(resource, kind), example)
        return self._operation(
            resource,
            OPERATIONS[method],
            f"{SAID[method]} one row of {resource.path}.",
            [],
            reading=False,
            body=body,
            responses=self._done(resource, method),
        )

    def _done(self, resource: Resource, method: str) -> dict[str, Any]:
        """The answer to a write of an object."""
        if method == "DELETE" and self.wire.deleted is not None:
            return {"200": _content(DONE[method], *self.wire.deleted)}
        if method == "DELETE" or self.wire.changed == 204:
            return {"204": {"description": DONE[method]}}
        one = ref(component(resource, "Verbose" if resource.has_verbose else ""))
        return {str(self.wire.changed): _content(DONE[method], one, example_shown(resource, verbose=True))}

    def _alias(self, resource: Resource, alias: str) -> dict[str, Any]:
        location = {"Location": {"schema": {"type": "string", "format": "uri"}, "required": True}}
        return self._operation(
            resource,
            alias,
            f"Where the caller's own row of {resource.path} is.",
            [],
            reading=True,
            responses={"302": {"description": "The row's address.", "headers": location}},
        )

    def _action(self, resource: Resource, action: Action) -> dict[str, Any]:
        name = component(resource, action.name.title().replace("_", ""))
        self.schemas[name] = schema.written(action.fields, resource.model)
        example = {f.name: f.example for f in action.fields if isinstance(f.example, str | int | bool)}
        if action.answers == "object":
            shown = ref(component(resource, "Verbose" if resource.has_verbose else ""))
            status = self.wire.created if action.method == "POST" else 200
            done = {
                str(status): _content("The row as it now is.", shown, example_shown(resource, verbose=True))
            }
        else:
            done = {"204": {"description": "Done."}}
        return self._operation(
            resource,
            action.name,
            action.doc,
            [],
            reading=False,
            body=self._body(action.fields, name, example),
            responses=done,
        )

    def function(self, function: Function) -> dict[str, Any]:
        answers: Schema = {"type": "string"}
        example: Any = None
        if function.media == JSON and function.answers:
            name = component(function, function.method.title() + "Answer")
            keys = {
                f.name: schema.described(f, schema.shown_value(f, function.answers_of), models.Model)
                for f in function.answers
            }
            always = [f.name for f in function.answers if f.access is not OPTIONAL]
            self.schemas[name] = schema.strict(keys) | {"required": always}
            answers = self.wire.listed(ref(name)) if function.many else ref(name)
            example = example_answered(function)
        done: dict[str, Any] = {"description": "Done."}
        if function.answers or function.media != JSON:
            done["content"] = {function.media: {"schema": answers}}
            if example is not None:
                done["content"][function.media]["example"] = example
        responses = {str(function.status): done}
        for status, said in function.also.items():
            shown = {"content": done["content"]} if "content" in done and status not in (204, 302) else {}
            responses[str(status)] = {"description": said, **shown}
        body = None
        if function.fields:
            name = component(function, function.method.title())
            self.schemas[name] = schema.written(function.fields, function.model)
            values = {f.name: function.example[f.name] for f in function.fields if f.name in function.example}
            body = self._body(function.fields, name, values)
        return self._operation(
            function,
            function.method.lower(),
            function.doc,
            [],
            reading=bool(function.reading),
            parameters=[_parameter(p) for p in function.parameters if f"{{{p.name}}}" not in function.path],
            responses=responses,
            body=body,
        ) | {"x-function": True}

    def _operation(
        self,
        resource: Resource | Function,
        name: str,
        summary: str,
        notes: Iterable[str],
        *,
        reading: bool,
        responses: dict[str, Any],
        parameters: Sequence[dict[str, Any]] = (),
        body: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        refusals = READ_REFUSALS if reading else WRITE_REFUSALS
        responses |= {
            str(status): {"$ref": f"#/components/responses/Refused{status}"}
            for status in refusals
            if status in self.wire.refusals
        }
        operation: dict[str, Any] = {
            "operationId": f"{slug(resource.path)}_{name}",
            "tags": [resource.page],
            "summary": summary,
            "description": " ".join([resource.doc, *notes, *_demands(resource, reading)]),
            "security": self.wire.security(resource, reading),
            "responses": responses,
            "x-permissions": permissions(resource, reading),
            "x-sharing": resource.sharing,
        }
        if parameters:
            operation["parameters"] = list(parameters)
        if body:
            operation["requestBody"] = body
        if resource.addition:
            operation["x-addition"] = True
        return operation

    def _body(self, fields: Iterable[Any], name: str, example: Any, *, many: bool = False) -> dict[str, Any]:
        """JSON takes everything, lists of objects as well where ``many``; forms take plain values and files."""
        whole = {"anyOf": [ref(name), {"type": "array", "items": ref(name)}]} if many else ref(name)
        content: dict[str, Any] = {media: {"schema": whole, "example": example} for media in self.wire.media}
        content |= {media: {"schema": ref(name)} for media in self.wire.forms}
        files = {
            field.name: {"contentMediaType": "application/octet-stream"} for field in fields if field.upload
        }
        if files and "multipart/form-data" in content:
            content["multipart/form-data"] = {"schema": {"allOf": [ref(name), {"properties": files}]}}
        return {"required": True, "content": content}


def permissions(resource: Resource | Function, reading: bool) -> list[str]:
    """What the user needs for reads, or for writes."""
    return [] if reading and resource.permissions_on == "writes" else list(resource.permissions)


def _demands(resource: Resource | Function, reading: bool) -> Iterable[str]:
    if needed := permissions(resource, reading):
        yield f"Needs the permission{'s' if len(needed) > 1 else ''} {', '.join(needed)}."
    if resource.write_right and not reading:
        yield f"Needs the right `{resource.write_right}`, which an app is given by the operator of the server."
    if resource.not_on:
        yield f"Not for practices on the plan {' or '.join(resource.not_on)}."
    if resource.sharing == ALWAYS:
        yield "All rows of the practice are visible."
    elif resource.sharing:
        yield f"Rows of other doctors are visible when the practice has switched on `{resource.sharing}`."
    if resource.addition:
        yield "Added by the hosted API after its v4 reference was written."


def _content(description: str, of: Schema, example: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": of, "example": example}}}


def _id_parameter(of: str, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"The id of a row of {of}.",
        "schema": {"type": "integer", "format": "int64", "minimum": 1},
    }


def _parameter(declared: Filter) -> dict[str, Any]:
    words = [declared.doc.rstrip(".")] if declared.doc else []
    if declared.needs:
        words.append("Needs " + ", ".join(declared.needs) + " as well")
    if declared.addition:
        words.append("Added by the hosted API after its v4 reference was written")
    parameter: dict[str, Any] = {
        "name": declared.name,
        "in": "query",
        "required": declared.required,
        "schema": schema.formatted(declared.schema()),
    }
    if words:
        parameter["description"] = ". ".join(words) + "."
    if declared.addition:
        parameter["x-addition"] = True
    return parameter
