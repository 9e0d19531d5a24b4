"""Request validator of the OAuth endpoints, which oauthlib calls; the rules are in ``token_pairs`` and ``scopes``.

oauthlib calls these methods in a fixed order for each request; ``request`` is oauthlib's, and carries ``client`` (the
Application), ``grant`` or ``refresh_token_instance`` from one to the next.
"""

from typing import Any

from django.db import transaction
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749 import errors

from charthouse import clock
from charthouse.identity import applications, token_pairs
from charthouse.identity.models import Application, Grant, RefreshToken, User
from charthouse.identity.scopes import resolve_scopes


class OAuthValidator(OAuth2Validator):  # type: ignore[misc]
    """Validator of authorization codes, refresh tokens and scopes."""

    def _load_application(self, client_id: str | None, request: Any) -> Application | None:
        if request.client is None or request.client.client_id != client_id:
            known = client_id and "\0" not in client_id
            apps = Application.objects.filter(disabled=None)
            request.client = apps.filter(client_id=client_id).first() if known else None
        return request.client  # type: ignore[no-any-return]

    def is_pkce_required(self, client_id: Any, request: Any) -> bool:
        """Return whether the app has no secret; only such apps need PKCE."""
        return bool(request.client and request.client.client_type == Application.CLIENT_PUBLIC)

    def validate_grant_type(
        self, client_id: Any, grant_type: str, client: Application, request: Any, **kw: Any
    ) -> bool:
        return grant_type in ("authorization_code", "refresh_token")

    def validate_response_type(
        self, client_id: Any, response_type: str, client: Any, request: Any, **kw: Any
    ) -> bool:
        return response_type == "code"

    def validate_scopes(
        self, client_id: Any, scopes: list[str], client: Any, request: Any, **kw: Any
    ) -> bool:
        full = resolve_scopes(scopes, client)
        request.scopes = full
        return full is not None

    # Codes

    def save_authorization_code(self, client_id: Any, code: dict[str, str], request: Any, **kw: Any) -> None:
        Grant.objects.create(
            application=request.client,
            user=request.user,
            code=token_pairs.digest_token(code["code"]),
            expires=clock.now() + token_pairs.CODE_LIFETIME,
            redirect_uri=request.redirect_uri,
            redirect_uri_given="redirect_uri" in dict(request.uri_query_params),
            scope=" ".join(request.scopes),
            code_challenge=request.code_challenge or "",
            code_challenge_method=request.code_challenge_method or "",
        )

    def validate_code(self, client_id: Any, code: str, client: Application, request: Any, **kw: Any) -> bool:
        grant = (
            Grant.objects.filter(code=token_pairs.digest_token(code), application=client)
            .select_related("application", "user")
            .first()
        )
        if grant is None:
            return False
        if grant.used is not None:
            token_pairs.revoke_code(grant)
            return False
        if grant.is_expired() or not may_call(grant.user):
            return False
        if request.code_verifier and not grant.code_challenge:
            return False  # the challenge was taken out of the authorization request (RFC 9700, 2.1.1)
        request.grant, request.user, request.scopes = grant, grant.user, grant.scope.split()
        return True

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        return request.grant.code_challenge or None

    def get_code_challenge_method(self, code: str, request: Any) -> str | None:
        return request.grant.code_challenge_method or None

    def confirm_redirect_uri(
        self, client_id: Any, code: str, redirect_uri: str, client: Any, request: Any, *args: Any, **kw: Any
    ) -> bool:
        """Return whether the URI is that of the authorization request. It may be left out only if it was there, too."""
        if request.using_default_redirect_uri and request.grant.redirect_uri_given:
            return False
        return bool(request.grant.redirect_uri == redirect_uri)

    def invalidate_authorization_code(self, client_id: Any, code: str, request: Any, **kw: Any) -> None:
        """Do nothing: ``token_pairs.exchange_code`` marks the code as used, in the transaction that issues the
        tokens.
        """

    # Tokens

    def validate_refresh_token(
        self, refresh_token: str, client: Application, request: Any, **kw: Any
    ) -> bool:
        token = (
            RefreshToken.objects.filter(
                token_checksum=token_pairs.digest_token(refresh_token), application=client, revoked=None
            )
            .select_related("application", "user")
            .first()
        )
        if token is None or not may_call(token.user):
            return False
        request.refresh_token_instance, request.user = token, token.user
        return True

    def get_original_scopes(self, refresh_token: str, request: Any, **kw: Any) -> str:
        allowed = token_pairs.expand_scopes(request.client.scopes)
        return " ".join(scope for scope in request.refresh_token_instance.scope.split() if scope in allowed)

    def is_within_original_scope(
        self, request_scopes: list[str], refresh_token: str, request: Any, **kw: Any
    ) -> bool:
        full = resolve_scopes(request_scopes, request.client)
        if full is None or not set(full) <= set(request.refresh_token_instance.scope.split()):
            return False
        request.scopes = full
        return True

    def save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kw: Any) -> None:
        pair = token["access_token"], token["refresh_token"]
        with transaction.atomic():
            if not applications.lock_enabled(request.client):
                raise errors.InvalidClientError(request=request)
            if request.grant_type == "refresh_token":
                given = token_pairs.refresh_pair(request.refresh_token_instance, request.scopes, *pair)
            else:
                given = token_pairs.exchange_code(request.grant, request.scopes, *pair)
        if not given:  # after the transaction, which commits the revocation for a reused code
            raise errors.InvalidGrantError(request=request)

    def revoke_token(self, token: str, token_type_hint: Any, request: Any, **kw: Any) -> None:
        token_pairs.revoke_token(token, request.client)


def may_call(user: User) -> bool:
    """Return whether apps may act for the user, who must be active and belong to a practice."""
    return bool(user.is_active and user.practice_id is not None)
