"""Pages for people who are not signed in yet, and what every page may load."""

from typing import Any

from django.conf import settings as configuration
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render


class SignIn(AuthenticationForm):
    def clean_username(self) -> str:
        """Nobody has a longer name than its column holds; the table of failed attempts has no room for it either."""
        username: str = self.cleaned_data["username"]
        if len(username) > 150:
            raise self.get_invalid_login_error()
        return username


sign_in = LoginView.as_view(
    template_name="charthouse/sign_in.html", authentication_form=SignIn, redirect_authenticated_user=True
)
sign_out = LogoutView.as_view(next_page="sign-in")


def content_policy(response: HttpResponseBase, form_action: str = "") -> None:
    """Let the browser load nothing from elsewhere. ``form_action`` is one more place that forms may lead to."""
    response["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {form_action}".rstrip()
    )


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """The answer to somebody who has failed to sign in too often; the same whether the name exists or not."""
    minutes = int(configuration.AXES_COOLOFF_TIME.total_seconds() // 60)
    return render(request, "charthouse/locked_out.html", {"minutes": minutes}, status=429)
