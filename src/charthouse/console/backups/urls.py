"""URLs of the page for backups."""

from django.urls import URLPattern, path

from charthouse.console.backups import views

urlpatterns: list[URLPattern] = [path("backups", views.show_list, name="backups")]
