"""Pages of the console, and the lines of its menu."""

from django.urls import URLPattern, URLResolver, path

from charthouse.console import (
    account,
    api_explorer,
    api_users,
    app_webhooks,
    applications,
    audit,
    care_urls,
    home,
    offices,
    outbox,
    portal_emails,
    practice_settings,
    practice_webhooks,
    request_log,
    sandbox_clock,
    users,
)
from charthouse.console.navigation import Entry, offer
from charthouse.console.questionnaires import QUESTIONS
from charthouse.console.setup_pages import SETUP_PAGES

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("account", account.account, name="account"),
    path("account/password", account.password, name="password"),
    path("account/second-factor", account.second_factor_page, name="second-factor"),
    path("account/second-factor/codes", account.recovery_codes, name="recovery-codes"),
    path("account/second-factor/off", account.second_factor_off, name="second-factor-off"),
    path("account/apps/<int:application>/disconnect", account.disconnect, name="disconnect"),
    path("settings", practice_settings.settings, name="settings"),
    path("settings/portal", portal_emails.letters_page, name="portal-letters"),
    path("settings/people", users.listing, name="people"),
    path("settings/people/new", users.new, name="person-new"),
    path("settings/people/<int:row>", users.one, name="person"),
    path("settings/people/<int:row>/primary", users.hand_over, name="person-primary"),
    path("settings/people/<int:row>/<slug:name>", users.deed, name="person-deed"),
    path("settings/offices", offices.listing, name="offices"),
    path("settings/offices/new", offices.new, name="office-new"),
    path("settings/offices/<int:row>", offices.one, name="office"),
    path("settings/offices/<int:row>/rooms/new", offices.room, name="room-new"),
    path("settings/offices/<int:row>/rooms/<int:index>", offices.room, name="room"),
    path("developer/apps", applications.listing, name="apps"),
    path("developer/apps/new", applications.new, name="app-new"),
    path("developer/apps/<int:row>", applications.one, name="app"),
    path("developer/apps/<int:row>/edit", applications.edit, name="app-edit"),
    path("developer/apps/<int:row>/secret", applications.rotate, name="app-rotate"),
    path("developer/apps/<int:row>/deauthorize", applications.stop, name="app-stop-all"),
    path("developer/apps/<int:row>/deauthorize/<int:user>", applications.stop, name="app-stop"),
    path("developer/apps/<int:row>/switch", applications.switch, name="app-switch"),
    path("developer/apps/<int:row>/bodies", applications.capture, name="app-capture"),
    path("developer/apps/<int:row>/webhooks", app_webhooks.listing, name="webhooks"),
    path("developer/apps/<int:row>/webhooks/new", app_webhooks.new, name="webhook-new"),
    path("developer/webhooks/<int:row>", app_webhooks.one, name="webhook"),
    path("developer/webhooks/<int:row>/edit", app_webhooks.edit, name="webhook-edit"),
    path("developer/webhooks/<int:row>/verify", app_webhooks.verify, name="webhook-verify"),
    path("developer/webhooks/<int:row>/ping", app_webhooks.ping, name="webhook-ping"),
    path("developer/deliveries/<int:row>", app_webhooks.delivery, name="delivery"),
    path("developer/requests", request_log.listing, name="requests"),
    path("developer/requests/<int:row>", request_log.one, name="request"),
    path("developer/explorer", api_explorer.listing, name="explorer"),
    path("developer/explorer/<slug:name>", api_explorer.operation, name="operation"),
    path("settings/api-users", api_users.listing, name="programs"),
    path("settings/api-users/new", api_users.new, name="program-new"),
    path("settings/api-users/<int:row>", api_users.one, name="program"),
    path("settings/api-users/<int:row>/secret", api_users.renew, name="program-renew"),
    path("settings/webhooks", practice_webhooks.listing, name="endpoints"),
    path("settings/webhooks/new", practice_webhooks.new, name="endpoint-new"),
    path("settings/webhooks/<int:row>", practice_webhooks.one, name="endpoint"),
    path("settings/webhooks/<int:row>/edit", practice_webhooks.edit, name="endpoint-edit"),
    path("settings/webhooks/<int:row>/delete", practice_webhooks.delete, name="endpoint-delete"),
    path("settings/webhooks/deliveries/<int:row>", practice_webhooks.delivery, name="endpoint-delivery"),
    path("sandbox/clock", sandbox_clock.clock_page, name="clock"),
    path("audit", audit.listing, name="audit"),
    path("audit/export", audit.export, name="audit-export"),
    path("outbox", outbox.outbox, name="outbox"),
    path("outbox/<int:row>", outbox.outgoing, name="outgoing"),
]
offer(
    "Practice",
    Entry(name="People", view="people", icon="users", primary=True),
    Entry(name="Offices", view="offices", icon="building-hospital", primary=True),
    Entry(name="Settings", view="settings", icon="settings", primary=True),
    Entry(name="Portal e-mails", view="portal-letters", icon="send", primary=True),
    Entry(name="Outbox", view="outbox", icon="mail", primary=True),
    Entry(name="Audit", view="audit", icon="history", primary=True),
)

urlpatterns += care_urls.urlpatterns

# -- what the practice sets up ----------------------------------------------------------------------------------

offer(
    "Apps",
    Entry(name="Apps", view="apps", icon="apps", permissions=(applications.DEVELOPERS,)),
    Entry(name="Requests", view="requests", icon="list-details", permissions=(applications.DEVELOPERS,)),
    Entry(name="API explorer", view="explorer", icon="terminal-2", permissions=(applications.DEVELOPERS,)),
    Entry(name="API users", view="programs", icon="key", primary=True),
    Entry(name="Webhooks", view="endpoints", icon="send", primary=True),
    Entry(
        name="Clock", view="clock", icon="clock-play", permissions=(applications.DEVELOPERS,), sandbox=True
    ),
    Entry(name="API reference", view="docs", icon="book"),
)

urlpatterns += QUESTIONS.urls()
for catalogue in SETUP_PAGES:
    urlpatterns += catalogue.urls()
    offer(catalogue.group, catalogue.entry)
