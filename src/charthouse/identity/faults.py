"""What an unexpected exception becomes, for both APIs and for pages: an error for the caller, and a line in the log
that quotes no value.

While there is no database every call fails: then the log gets one line each few seconds, not one for each call.
"""

import json
import logging
import sys
from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from charthouse import logs
from charthouse.engine.errors import Fault, Malformed, RequestError, Unavailable
from charthouse.engine.sql.failures import Failure, OutcomeUnknown, classify, get_sqlstate
from charthouse.identity import incarnations
from charthouse.identity.content_security_policy import set_content_security_policy

logger = logging.getLogger("charthouse.requests")
outage = logs.LimitedLog(logger)
READ_ONLY = "25006"  # SQLSTATE
NOT_NOW = "The database can't answer just now. Try again."
UNREADABLE = "This request can't be read, or is too large."
UNKNOWN_OUTCOME = "The connection to the database was lost. It is not known whether the change was made."
JSON_PAGES = ("token", "revoke-token")  # names of URLs that answer programs
_TEMPLATES = {
    400: "charthouse/unreadable.html",
    500: "charthouse/fault.html",
    503: "charthouse/unavailable.html",
}
_OAUTH_CODES = {
    400: "invalid_request",
    500: "server_error",
    503: "temporarily_unavailable",
}  # RFC 6749, 4.1.2.1


def handle_exception(error: BaseException, where: str = "") -> RequestError:
    """Log an exception that a request ran into, close a connection that is lost, and return the error for the caller.
    ``where``: the declared path of the request."""
    failure = classify(error)
    if failure is Failure.CONNECTION:
        outage.error("the database can't be reached: %s %s", type(error).__name__, get_sqlstate(error))
        connection.close()
        return Unavailable(UNKNOWN_OUTCOME if isinstance(error, OutcomeUnknown) else NOT_NOW)
    if failure is Failure.REPLACED:
        outage.error("the database has been restored, copied or promoted")
        begin_incarnation()
        return Unavailable(NOT_NOW)
    if failure in (Failure.RETRY, Failure.BUSY):
        at = where and f" at {where}"
        outage.error("the database is busy%s: %s %s", at, type(error).__name__, get_sqlstate(error))
        if get_sqlstate(error) == READ_ONLY:  # it is a standby; a new connection finds the primary
            connection.close()
        return Unavailable(NOT_NOW)
    logger.error(
        "unexpected%s\n%s",
        where and f" at {where}",
        logs.describe_exception(error),
        extra={"fault": type(error).__qualname__},
    )
    if failure is Failure.VALUE:
        return Malformed("A value of this request can't be read.")
    connection.close()
    return Fault()


def begin_incarnation() -> None:
    """Take note of another database, so that the next request finds it ready. Raises nothing."""
    connections["owner"].close()  # it may be connected to the former server
    try:
        incarnations.begin_if_new()
    except Exception as error:
        outage.error("the database is not ready yet: %s %s", type(error).__name__, get_sqlstate(error))
    finally:
        connections["owner"].close()


def _render_page(status: int, detail: str) -> str:
    return render_to_string(_TEMPLATES[status], {"detail": detail})


def render_fault(request: HttpRequest, render: Callable[[int, str], str] = _render_page) -> HttpResponse:
    """Respond to an exception that no view has handled. Its pages need no database. ``render``: makes the page of a
    status, one of 400, 500 and 503, and a detail."""
    error, match = sys.exc_info()[1], request.resolver_match
    assert error is not None
    return _render_refusal(request, handle_exception(error, match.route if match else ""), render)


def render_unreadable(
    request: HttpRequest, exception: Exception, render: Callable[[int, str], str] = _render_page
) -> HttpResponse:
    """Respond to a request that Django can't read, or that exceeds its limits. ``render``: as above."""
    told = str(exception) if isinstance(exception, BadRequest) else ""
    return _render_refusal(request, Malformed(told or UNREADABLE), render)


def _render_refusal(
    request: HttpRequest, refusal: RequestError, render: Callable[[int, str], str]
) -> HttpResponse:
    match = request.resolver_match
    if match is not None and match.url_name in JSON_PAGES:
        body = {"error": _OAUTH_CODES[refusal.status], "error_description": refusal.detail}
        response = HttpResponse(json.dumps(body), status=refusal.status, content_type="application/json")
    else:
        response = HttpResponse(render(refusal.status, refusal.detail), status=refusal.status)
        set_content_security_policy(response)
    if refusal.wait is not None:
        response["Retry-After"] = str(refusal.wait)
    response["Cache-Control"] = "no-store"
    response._has_been_logged = True  # type: ignore[attr-defined] # by Django, with the path and the exception
    return response
