"""URLs of the pages for the sandbox."""

from django.urls import URLPattern, path

from charthouse.console.sandbox import pages

urlpatterns: list[URLPattern] = [
    path("sandbox", pages.show_start, name="sandbox-start"),
    path("sandbox/<slug:slug>", pages.show_subject, name="sandbox"),
]
