"""URLs of the pages for the sandbox."""

from django.urls import URLPattern, path

from charthouse.console.sandbox import clock

urlpatterns: list[URLPattern] = [
    path("sandbox/clock", clock.show_clock, name="clock"),
]
