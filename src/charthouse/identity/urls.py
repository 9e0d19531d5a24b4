"""Pages and endpoints of identity."""

from django.urls import URLPattern, URLResolver, path

from charthouse.identity import oauth, pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in", pages.sign_in, name="sign-in"),
    path("sign-out", pages.sign_out, name="sign-out"),
    path("o/authorize", oauth.authorize),
    path("o/authorize/", oauth.authorize, name="authorize"),
    path("o/token/", oauth.token, name="token"),
    path("o/revoke_token/", oauth.revoke_token, name="revoke-token"),
]
