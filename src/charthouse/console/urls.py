"""Pages of the console, and the lines of its menu."""

from django.urls import URLPattern, URLResolver, path

from charthouse.console import account, care, home, offices, outbox, people, settings
from charthouse.console.catalogues import CATALOGUES
from charthouse.console.navigation import Entry, offer

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("account", account.account, name="account"),
    path("account/password", account.password, name="password"),
    path("account/second-factor", account.second_factor_page, name="second-factor"),
    path("account/second-factor/codes", account.recovery_codes, name="recovery-codes"),
    path("account/second-factor/off", account.second_factor_off, name="second-factor-off"),
    path("account/apps/<int:application>/disconnect", account.disconnect, name="disconnect"),
    path("settings", settings.settings, name="settings"),
    path("settings/people", people.listing, name="people"),
    path("settings/people/new", people.new, name="person-new"),
    path("settings/people/<int:row>", people.one, name="person"),
    path("settings/people/<int:row>/<slug:name>", people.deed, name="person-deed"),
    path("settings/offices", offices.listing, name="offices"),
    path("settings/offices/new", offices.new, name="office-new"),
    path("settings/offices/<int:row>", offices.one, name="office"),
    path("settings/offices/<int:row>/rooms/new", offices.room, name="room-new"),
    path("settings/offices/<int:row>/rooms/<int:index>", offices.room, name="room"),
    path("outbox", outbox.outbox, name="outbox"),
    path("outbox/<int:row>", outbox.outgoing, name="outgoing"),
]
offer(
    "Practice",
    Entry(name="People", view="people", icon="users", primary=True),
    Entry(name="Offices", view="offices", icon="building-hospital", primary=True),
    Entry(name="Settings", view="settings", icon="settings", primary=True),
    Entry(name="Outbox", view="outbox", icon="mail", primary=True),
)

urlpatterns += care.urlpatterns

# -- what the practice sets up ----------------------------------------------------------------------------------

for catalogue in CATALOGUES:
    urlpatterns += catalogue.urls()
    offer("Catalogues", catalogue.entry)
