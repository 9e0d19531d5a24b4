"""The request log of pages: which user, or patient in the portal, saw whose data on which page, and was refused which.

An entry is like that of an API call; ``dialect`` says what kind of page it is, ``resource`` has the name of its URL.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from charthouse import clock, logs
from charthouse.audit import request_log, subjects
from charthouse.audit.request_log import LogEntry
from charthouse.identity import client_ip, loaded_rows, tenancy

CONSOLE, PORTAL, LINK = DIALECTS = "console", "portal", "link"
BY_PROXY = " by proxy, patient"  # behind the name of a page; the id of the row is then that of the person
GATES = {403: "permission", 404: "not found", 409: "conflict", 429: "quota"}
Handler = Callable[[HttpRequest], HttpResponseBase]


def log_pages(get_response: Handler) -> Handler:
    """Log every page that was made of rows about patients, and every refusal of a user. A middleware, the innermost:
    the tenant is still set.

    A redirect shows nothing: what was written before it is in the change feed.
    """

    def handle(request: HttpRequest) -> HttpResponseBase:
        began = perf_counter()
        with loaded_rows.collect() as rows:
            response = get_response(request)
        practice = tenancy.get_connection().tenant
        if practice is not None and not 300 <= response.status_code < 400:
            is_refused = response.status_code >= 400
            found = () if is_refused else subjects.leads_to_patients(rows)
            if found or (is_refused and request.user.is_authenticated):
                entry = _make_entry(request, response, practice)
                entry.subject_rows = {
                    table: "{" + ",".join(map(str, sorted(rows[table]))) + "}" for table in found
                }
                entry.microseconds = round((perf_counter() - began) * 1e6)
                request_log.add(entry)
        return response

    return handle


def _make_entry(request: HttpRequest, response: HttpResponseBase, practice: int) -> LogEntry:
    user = request.user
    match = request.resolver_match
    values = match.kwargs if match else {}
    proxy = getattr(request, "proxy", None)
    ids = [proxy] if proxy else [value for value in values.values() if isinstance(value, int)]
    return LogEntry(
        clock.now(),
        tenancy.get_request_id() or logs.get_request_id(),
        PORTAL if hasattr(request, "guest") else CONSOLE if user.is_authenticated else LINK,
        str(request.method)[:10],
        _render_path(match.route if match else "", values)[:200],
        client_ip.get_request_ip(request),
        practice_id=practice,
        user_id=user.pk if user.is_authenticated else None,
        resource=f"{(match and match.url_name) or ''}{BY_PROXY if proxy else ''}"[:80],
        row_id=ids[0] if ids and ids[0] < 2**63 else None,
        status=response.status_code,
        gate=GATES.get(response.status_code, "request") if response.status_code >= 400 else "",
    )


def _render_path(route: str, values: dict[str, Any]) -> str:
    """Render the path from its pattern: numbers are ids; texts may be tokens, so their names stand for them."""
    for name, value in values.items():
        if isinstance(value, int):
            for kind in ("id", "index"):
                route = route.replace(f"<{kind}:{name}>", str(value))
    return f"/{route}"
