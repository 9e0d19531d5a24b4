"""OpenAPI 3.1, printed from the declarations of a registry."""

import re
from collections.abc import Sequence
from typing import Any

from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.json_schema import Schema, name_component, name_format
from charthouse.engine.declaration.resources import Operation, Registry, Resource
from charthouse.engine.openapi import operations, schemas
from charthouse.engine.openapi.wire import WireFormat

OBJECT_METHODS = ("GET", "PUT", "PATCH", "DELETE")


def print_document(registry: Registry, wire: WireFormat, servers: Sequence[str] = ("/",)) -> dict[str, Any]:
    """The OpenAPI document of a registry, as JSON's values."""
    printer = _Printer(wire)
    paths: dict[str, Any] = {}
    resources = sorted(registry, key=lambda resource: resource.path)
    for resource in resources:
        paths.update(printer.print_paths(resource))
    for path, methods in sorted(registry.operations.items()):
        for operation in methods.values():
            paths.setdefault(printer.name_path(path), {}).update(printer.print_operation(path, operation))
    pages = list_pages(registry)
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
            *({"name": resource.path, "description": resource.doc} for resource in resources),
            *({"name": page, "description": found[0].doc} for page, found in pages.items()),
        ],
        "paths": _make_ids_unique(paths),
        "components": {
            "schemas": {**wire.schemas, **printer.schemas},
            "responses": {f"Refused{status}": response for status, response in wire.errors.items()},
            "securitySchemes": dict(wire.schemes),
        },
    }


def _make_ids_unique(paths: dict[str, Any]) -> dict[str, Any]:
    """Name the parameters in the path of an operation in its id, where another operation has the same."""
    taken: dict[str, int] = {}
    found = [
        (path, one) for path, item in paths.items() for name, one in item.items() if name != "parameters"
    ]
    for _, operation in found:
        taken[operation["operationId"]] = taken.get(operation["operationId"], 0) + 1
    for path, operation in found:
        names = re.findall(r"{(\w+)}", path)
        if taken[operation["operationId"]] > 1 and names:
            operation["operationId"] += f"_by_{'_'.join(names)}"
    return paths


def list_pages(registry: Registry) -> dict[str, list[Operation]]:
    """The operations that are of no resource, by the page of the reference that shows them."""
    pages: dict[str, list[Operation]] = {}
    for operation in registry.list_operations():
        if operation.page not in registry.resources:
            pages.setdefault(operation.page, []).append(operation)
    return pages


class _Printer:
    """Prints one declaration after another; ``schemas`` collects the components they name."""

    def __init__(self, wire: WireFormat) -> None:
        self.wire = wire
        self.path_names: dict[str, str] = {}
        self.schemas: dict[str, Schema] = {}

    def name_path(self, path: str) -> str:
        """The document's key of a path. Of templates that mean the same URLs, it names one."""
        return self.path_names.setdefault(re.sub(r"{\w+}", "{}", path), f"{self.wire.base}{path}")

    def print_paths(self, resource: Resource) -> dict[str, Any]:
        self._add_components(resource)
        path, wire = resource.path, self.wire
        of_list: dict[str, Any] = {}
        if "GET" in resource.list_methods:
            of_list["get"] = operations.print_list(
                resource, wire, [_print_parameter(f) for f in _list_filters(resource)]
            )
        if "POST" in resource.list_methods:
            of_list["post"] = operations.print_create(resource, wire)
        of_object = {
            method.lower(): operations.print_object(resource, wire, method)
            for method in OBJECT_METHODS
            if method in resource.object_methods
        }
        paths: dict[str, Any] = {}
        if of_list:
            paths[self.name_path(path)] = self._print_path_parameters(path, resource) | of_list
        redirects = [operation for operation in resource.operations if operation.redirects]
        for operation in redirects:
            paths[f"{wire.base}{operation.path}"] = {
                "get": operations.print_redirect(resource, wire, operation)
            }
        if of_object:
            below = f"{path}/{{id}}"
            paths[self.name_path(below)] = self._print_path_parameters(below, resource) | of_object
        for operation in resource.operations:
            if operation not in redirects:
                printed = operations.print_row_operation(resource, wire, operation)
                self._add_body(operation)
                paths[self.name_path(operation.path)] = self._print_path_parameters(
                    operation.path, resource
                ) | {operation.method.lower(): printed}
        return paths

    def print_operation(self, path: str, operation: Operation) -> dict[str, Any]:
        if operation.answers_keys and operation.is_json:
            self.schemas[operations.name_answer(operation)] = operations.describe_answer(operation)
        self._add_body(operation)
        query_filters = [f for f in operation.filters if f"{{{f.name}}}" not in operation.path]
        printed = operations.print_operation(
            operation, self.wire, [_print_parameter(f) for f in query_filters]
        )
        return self._print_path_parameters(path, operation) | {operation.method.lower(): printed}

    def _add_body(self, operation: Operation) -> None:
        if operation.keys or operation.name:
            schema = schemas.describe_written(operation.keys, operation.model)
            self.schemas[operations.name_body(operation)] = schema

    def _add_components(self, resource: Resource) -> None:
        anonymous, path, model = self.wire.anonymizes, resource.path, resource.model
        shown = schemas.describe_shown(resource, verbose=False, anonymous=anonymous)
        self.schemas[name_component(path)] = shown
        if resource.has_verbose:
            verbose = schemas.describe_shown(resource, verbose=True, anonymous=anonymous)
            self.schemas[name_component(path, "Verbose")] = verbose
        if {"POST", "PUT"} & set(resource.method_set):
            self.schemas[name_component(path, "Write")] = schemas.describe_written(resource.keys, model)
        if "PATCH" in resource.method_set:
            modified = schemas.describe_written(resource.keys, model, whole=False)
            self.schemas[name_component(path, "Modify")] = modified

    def _print_path_parameters(self, path: str, declared: Resource | Operation) -> dict[str, Any]:
        """The values of a path, under the names that the document has for them."""
        names = re.findall(r"{(\w+)}", self.name_path(path))
        printed = []
        for name, own in zip(names, re.findall(r"{(\w+)}", path), strict=True):
            parent = next((parent for parent in declared.parents if parent.name == own), None)
            if own in declared.filters_by_name:
                parameter = _print_parameter(declared.filters_by_name[own])
                printed.append({**parameter, "name": name, "in": "path", "required": True})
            else:
                printed.append(_print_id(parent.to if parent else declared.page, name))
        return {"parameters": printed} if printed else {}


def _list_filters(resource: Resource) -> list[Filter]:
    """The parameters of the query of a list."""
    named = re.findall(r"{(\w+)}", resource.path)
    return [declared for declared in resource.filters if declared.name not in named]


def _print_id(of: str, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"The id of a row of {of}.",
        "schema": {"type": "integer", "format": "int64", "minimum": 1},
    }


def _print_parameter(declared: Filter) -> dict[str, Any]:
    words = [declared.doc.rstrip(".")] if declared.doc else []
    if declared.needs:
        words.append("Requires " + ", ".join(declared.needs))
    if declared.addition:
        words.append("Added by the hosted API after its v4 reference was written")
    parameter: dict[str, Any] = {
        "name": declared.name,
        "in": "query",
        "required": declared.required,
        "schema": name_format(declared.schema()),
    }
    if words:
        parameter["description"] = ". ".join(words) + "."
    if declared.addition:
        parameter["x-addition"] = True
    return parameter
