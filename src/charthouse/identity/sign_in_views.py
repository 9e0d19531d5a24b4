"""Views for signing in and out: password, then a code if the user has a second factor.

Between the two steps the user is not signed in: the session stores, for five minutes, whose password was correct.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from charthouse.identity import attempt_limits, lockout, origin, second_factor, sessions
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.authorization_requests import allow_redirect_to_app
from charthouse.identity.models import User

PENDING_KEY = "password_was_right"
CODE_TIMEOUT = 300  # seconds between password and code


class SignInForm(AuthenticationForm):
    """The sign-in form."""

    def clean_username(self) -> str:
        """Reject a username longer than its column, which the table of failed attempts could not store."""
        username: str = self.cleaned_data["username"]
        if len(username) > 150:
            raise self.get_invalid_login_error()
        return username


class SignInView(LoginView):
    """The first step: username and password."""

    template_name = "charthouse/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
        """Count the attempt, then check it."""
        self.attempt = attempt_limits.begin_attempt(request, request.POST.get("username", ""))
        return super().post(request, *args, **values)

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """The page that was asked for before, if any; never this one, which redirects users who are signed in."""
        url = origin.get_local_url(self.request, super().get_redirect_url(), "")
        return "" if url.partition("?")[0] == self.request.path else url

    def render_to_response(self, context: dict[str, Any], **values: Any) -> HttpResponse:
        """Render the form, which may be answered by a redirect to the app that asks for an authorization."""
        response = super().render_to_response(context, **values)
        allow_redirect_to_app(self.request, response, self.get_redirect_url())
        return response

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        self.attempt.forgive()
        user: Any = form.get_user()
        if not second_factor.is_enabled(user):
            _start_session(self.request, user)
            return redirect(self.get_success_url())
        self.request.session.cycle_key()
        self.request.session[PENDING_KEY] = {
            "user": user.pk,
            "hash": user.get_session_auth_hash(),
            "backend": user.backend,
            "until": sessions.get_unix_time() + CODE_TIMEOUT,
            "next": self.get_redirect_url(),
        }
        return redirect("sign-in-code")


sign_in = lockout.answer_throttled(SignInView.as_view())
sign_out = LogoutView.as_view(next_page="sign-in")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@lockout.answer_throttled
def verify_code(request: HttpRequest) -> HttpResponseBase:
    """The second step: a code. A session without a recently verified password is redirected to the first step."""
    pending = request.session.get(PENDING_KEY) or {}
    user: Any = User.objects.filter(pk=pending.get("user", 0), is_active=True).first()
    if user is None or not _is_pending(user, pending):
        request.session.pop(PENDING_KEY, None)
        return redirect("sign-in")
    if request.method == "POST":
        attempt = attempt_limits.begin_attempt(request, f"code of {user.pk}")
        if second_factor.verify_code(user, request.POST.get("code", "")[:40]):
            attempt.forgive()
            del request.session[PENDING_KEY]
            user.backend = pending["backend"]
            _start_session(request, user, verified=True)
            return redirect(origin.get_local_url(request, pending["next"], settings.LOGIN_REDIRECT_URL))
        emit_audit_event(
            "sign-in failed", practice_id=user.practice_id, user_id=user.pk, details={"by": "code"}
        )
        wrong = "That code is incorrect. After several wrong ones, wait a little before the next."
        page = render(request, "charthouse/sign_in_code.html", {"wrong": wrong}, status=400)
    else:
        page = render(request, "charthouse/sign_in_code.html")
    allow_redirect_to_app(request, page, pending["next"])
    return page


def _is_pending(user: User, pending: dict[str, Any]) -> bool:
    """Return whether the password was verified shortly before, and nothing has ended the user's sessions since."""
    same = constant_time_compare(user.get_session_auth_hash(), pending.get("hash", ""))
    return same and sessions.get_unix_time() <= pending["until"]


@never_cache
@require_safe
def resume(request: HttpRequest) -> HttpResponseBase:
    """Redirect to the page that was asked for before signing in, whose URL was too long for the sign-in page's."""
    url = sessions.find_waiting_url(request, request.GET.get("page", "")) or settings.LOGIN_REDIRECT_URL
    return HttpResponse(status=302, headers={"Location": url})  # Django's redirects have a maximum length


def _start_session(request: HttpRequest, user: User, *, verified: bool = False) -> None:
    login(request, user)
    sessions.start_session(request, verified=verified)
