"""The OAuth endpoints: /o/authorize, /o/token/, /o/revoke_token/.

Parameters of the latter two are accepted in the body or the query. They contain secrets, so they are not logged: the
web server writes no access log, oauthlib's debug log is disabled, and no exception report is mailed.
"""

import json
import re
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST
from oauthlib.oauth2 import AccessDeniedError, FatalClientError, OAuth2Error, WebApplicationServer
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError

from charthouse.engine.errors import Throttled
from charthouse.identity import attempt_limits, client_ip, oauth_rate_limit, oauth_refusals
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.authorization_requests import get_form_action
from charthouse.identity.content_security_policy import set_content_security_policy
from charthouse.identity.models import Application
from charthouse.identity.oauth_validator import OAuthValidator, may_call
from charthouse.identity.scopes import list_consent_lines
from charthouse.identity.sessions import redirect_to_sign_in
from charthouse.identity.token_pairs import ACCESS_TOKEN_LIFETIME

SERVER = WebApplicationServer(OAuthValidator(), token_expires_in=int(ACCESS_TOKEN_LIFETIME.total_seconds()))
CODE_CHALLENGE_PATTERN = re.compile(r"[A-Za-z0-9._~-]{43,128}")
# Errors that are invalid_grant by RFC 6749 and 7636, and invalid_request for oauthlib.
INVALID_GRANT_DESCRIPTIONS = ("Mismatching redirect URI.", "Missing redirect URI.", "Code verifier required.")


@never_cache
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponseBase:
    """Show the consent page, and redirect back to the app with the decision.

    An unknown app or an unregistered redirect URI gets an error page and no redirect. All other responses redirect to
    the registered URI, only after the user has signed in.
    """
    uri = _build_request_uri(request)
    problem, scopes, credentials = None, [], {}
    try:
        scopes, credentials = SERVER.validate_authorization_request(uri, http_method="GET")
        challenge = credentials.get("code_challenge")
        if challenge is not None and not CODE_CHALLENGE_PATTERN.fullmatch(challenge):
            raise InvalidRequestError("Malformed code challenge.", request=credentials["request"])
    except FatalClientError as error:
        return _render_error(request, error)
    except OAuth2Error as error:
        problem = error
    if not request.user.is_authenticated:
        return redirect_to_sign_in(request)
    if problem is not None:
        return _redirect_to_app(problem.in_uri(problem.redirect_uri))
    if not may_call(request.user):
        return render(request, "charthouse/no_practice.html", status=403)
    application = Application.objects.get(client_id=credentials["client_id"])
    if request.method == "GET":
        page = render(
            request, "charthouse/consent.html", {"app": application, "asks": list_consent_lines(scopes)}
        )
        set_content_security_policy(page, form_action=get_form_action(credentials["redirect_uri"]))
        return page
    if request.POST.get("decision") != "allow":
        denied = AccessDeniedError(state=credentials["state"])
        return _redirect_to_app(denied.in_uri(credentials["redirect_uri"]))
    with transaction.atomic():
        headers, _, _ = SERVER.create_authorization_response(
            uri, http_method="GET", scopes=scopes, credentials={**credentials, "user": request.user}
        )
        person = {"practice_id": request.user.practice_id, "user_id": request.user.pk}
        emit_audit_event("consent given", **person, app_id=application.pk, details={"scopes": scopes})
    return _redirect_to_app(headers["Location"])


def _build_request_uri(request: HttpRequest) -> str:
    """The authorization request, without the ``response_mode``: a link could move the code into the fragment, which the
    app does not read."""
    asked = request.GET.copy()
    asked.pop("response_mode", None)
    return f"{request.path}?{asked.urlencode()}"


def _render_error(request: HttpRequest, error: FatalClientError) -> HttpResponse:
    return render(
        request, "charthouse/authorize_error.html", {"reason": error.description or error.error}, status=400
    )


def _redirect_to_app(location: str) -> HttpResponse:
    """Redirect to ``location``, which begins with a registered redirect URI."""
    response = HttpResponse(status=302)
    response["Location"] = location
    return response


@csrf_exempt
@never_cache
@require_POST
@sensitive_post_parameters()
@sensitive_variables()
def issue_token(request: HttpRequest) -> HttpResponse:
    """Exchange a code or a refresh token for a token pair. Every error has status 401 and is named by ``error``."""
    call = _build_oauthlib_request(request)
    if throttled := _check_rate_limit(request, "token", call[3]):
        return throttled
    try:
        headers, body, status = SERVER.create_token_response(*call)
    except OAuth2Error as error:
        headers, body, status = error.headers, error.json, error.status_code
    if status >= 400:
        status, body = 401, _correct_error_code(body)
    refused = _handle_refusal(request, "token", call[3], body)
    return refused or _make_response(headers, body, status)


@csrf_exempt
@never_cache
@require_POST
@sensitive_post_parameters()
@sensitive_variables()
def revoke_token(request: HttpRequest) -> HttpResponse:
    """Revoke a token and the other one of its pair. An unknown token is answered with 200 (RFC 7009)."""
    call = _build_oauthlib_request(request)
    if throttled := _check_rate_limit(request, "revoke_token", call[3]):
        return throttled
    headers, body, status = SERVER.create_revocation_response(*call)
    refused = _handle_refusal(request, "revoke_token", call[3], body)
    return refused or _make_response(headers, body, status)


@sensitive_variables()
def _build_oauthlib_request(request: HttpRequest) -> tuple[str, str, str, dict[str, str]]:
    """Return URI, method, body and headers for oauthlib, all parameters in the body; the body's take precedence."""
    parameters = _get_parameters(request)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    authorization = request.META.get("HTTP_AUTHORIZATION", "")
    if authorization.isascii():
        headers["Authorization"] = headers["HTTP_AUTHORIZATION"] = authorization
    return request.path, "POST", urlencode(parameters), headers


def _get_parameters(request: HttpRequest) -> dict[str, str]:
    return {**request.GET.dict(), **request.POST.dict()}


@sensitive_variables()
def _check_rate_limit(request: HttpRequest, endpoint: str, headers: dict[str, str]) -> HttpResponse | None:
    """Count the call; return a 429 response if the rate limit is exceeded."""
    parameters, authorization = _get_parameters(request), headers.get("Authorization", "")
    client = parameters.get("client_id") or authorization
    try:
        oauth_rate_limit.count_call(client_ip.get_request_ip(request), client)
    except Throttled as error:
        oauth_refusals.record_refusal(endpoint, parameters, authorization, oauth_refusals.TOO_MANY_CALLS)
        return _make_throttled_response(error)
    return None


@sensitive_variables()
def _handle_refusal(
    request: HttpRequest, endpoint: str, headers: dict[str, str], body: str | None
) -> HttpResponse | None:
    """Record a response that refuses the call, and count one that refuses the client's credentials; return a 429
    response in its place after too many."""
    error = json.loads(body).get("error") if body else None
    if error is None:
        return None
    oauth_refusals.record_refusal(endpoint, _get_parameters(request), headers.get("Authorization", ""), error)
    if error != "invalid_client":
        return None
    try:
        attempt_limits.count_failure("client secret", client_ip.get_request_ip(request))
    except Throttled as error:
        return _make_throttled_response(error)
    return None


def _make_throttled_response(error: Throttled) -> HttpResponse:
    return _make_response(
        {"Retry-After": str(error.wait)}, json.dumps({"detail": error.detail}), error.status
    )


def _correct_error_code(body: str) -> str:
    """Replace oauthlib's error code where the reference documents another."""
    answer: dict[str, Any] = json.loads(body)
    if answer.get("error_description") in INVALID_GRANT_DESCRIPTIONS:
        answer["error"] = "invalid_grant"
    elif answer["error"] == "server_error":  # two different client ids in one request
        answer["error"] = "invalid_client"
    return json.dumps(answer)


def _make_response(headers: dict[str, str], body: str, status: int) -> HttpResponse:
    response = HttpResponse(body or "", status=status, content_type="application/json")
    for name, value in headers.items():
        response[name] = value
    return response
