"""URLs of pages and OAuth endpoints. API requests are dispatched before, by ``wsgi``."""

from django.urls import URLPattern, URLResolver, include, path

handler400 = "charthouse.portal.error_pages.render_unreadable"
handler403 = "charthouse.portal.error_pages.render_not_allowed"
handler404 = "charthouse.portal.error_pages.render_not_found"
handler500 = "charthouse.portal.error_pages.render_fault"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("charthouse.identity.urls")),
    path("", include("charthouse.files.urls")),
    path("", include("charthouse.interchange.notes.urls")),
    path("", include("charthouse.gateway.urls")),
    path("", include("charthouse.portal.urls")),
    path("", include("charthouse.console.urls")),
]
