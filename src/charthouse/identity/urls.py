"""Pages and endpoints of identity."""

from django.urls import URLPattern, URLResolver, path

from charthouse.identity import oauth, passwords, sign_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in", sign_in.sign_in, name="sign-in"),
    path("sign-in/code", sign_in.code, name="sign-in-code"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("password", passwords.forgotten, name="forgotten"),
    path("password/<uidb64>/<token>", passwords.set_password, name="set-password"),
    path("o/authorize", oauth.authorize),
    path("o/authorize/", oauth.authorize, name="authorize"),
    path("o/token/", oauth.token, name="token"),
    path("o/revoke_token/", oauth.revoke_token, name="revoke-token"),
]
