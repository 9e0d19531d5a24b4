"""Pages of the console, and the lines of its menu."""

from django.urls import URLPattern, URLResolver, path

from charthouse.console import home, settings
from charthouse.console.catalogues import CATALOGUES
from charthouse.console.navigation import Entry, offer

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("settings", settings.settings, name="settings"),
]
offer("Practice", Entry(name="Settings", view="settings", icon="settings", primary=True))

for catalogue in CATALOGUES:
    urlpatterns += catalogue.urls()
    offer("Catalogues", catalogue.entry)
