"""URLs of the search of the top bar."""

from django.urls import URLPattern, path

from charthouse.console.search import views

urlpatterns: list[URLPattern] = [path("search", views.find, name="search")]
