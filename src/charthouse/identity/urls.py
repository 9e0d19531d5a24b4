"""Pages and endpoints of identity."""

from django.urls import URLPattern, URLResolver, path

from charthouse.identity import oauth_views, password_reset, sign_in_views

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in", sign_in_views.sign_in, name="sign-in"),
    path("sign-in/code", sign_in_views.verify_code, name="sign-in-code"),
    path("sign-in/resume", sign_in_views.resume, name="sign-in-resume"),
    path("sign-out", sign_in_views.sign_out, name="sign-out"),
    path("password", password_reset.request_link, name="forgotten"),
    path("password/<uidb64>/<token>", password_reset.set_password, name="set-password"),
    path("o/authorize", oauth_views.authorize),
    path("o/authorize/", oauth_views.authorize, name="authorize"),
    path("o/token/", oauth_views.issue_token, name="token"),
    path("o/revoke_token/", oauth_views.revoke_token, name="revoke-token"),
]
