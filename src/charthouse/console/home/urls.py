"""URLs of the pages for the home page."""

from django.urls import URLPattern, path

from charthouse.console.home import views

urlpatterns: list[URLPattern] = [
    path("", views.show_home, name="home"),
]
