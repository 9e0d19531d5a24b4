"""Pages for patients."""

from django.urls import URLPattern, URLResolver, path

from charthouse.portal import door, invitations, pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("portal", pages.home, name="portal-home"),
    path("portal/sign-in", door.sign_in, name="portal-sign-in"),
    path("portal/sign-out", door.sign_out, name="portal-sign-out"),
    path("portal/password", door.forgotten, name="portal-forgotten"),
    path("portal/invitations/<str:secret>", invitations.invitation, name="portal-invitation"),
]
