"""URLs and menu entries of the console."""

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
    working_hours,
)
from charthouse.console.navigation import MenuEntry, add_menu_entries
from charthouse.console.questionnaires import QUESTIONS
from charthouse.console.setup_pages import SETUP_PAGES

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.show_home, name="home"),
    path("account", account.show_account, name="account"),
    path("account/password", account.change_password, name="password"),
    path("account/second-factor", account.set_up_second_factor, name="second-factor"),
    path("account/second-factor/codes", account.renew_recovery_codes, name="recovery-codes"),
    path("account/second-factor/off", account.turn_off_second_factor, name="second-factor-off"),
    path("account/apps/<id:application>/disconnect", account.disconnect_app, name="disconnect"),
    path("settings", practice_settings.edit_settings, name="settings"),
    path("settings/portal", portal_emails.edit_emails, name="portal-emails"),
    path("settings/people", users.show_list, name="users"),
    path("settings/people/new", users.invite, name="user-new"),
    path("settings/people/<id:row>", users.edit, name="user"),
    path("settings/people/<id:row>/primary", users.hand_over_primary, name="user-primary"),
    path("settings/people/<id:row>/hours", working_hours.edit, name="user-hours"),
    path("settings/people/<id:row>/<slug:name>", users.confirm_action, name="user-action"),
    path("settings/offices", offices.show_list, name="offices"),
    path("settings/offices/new", offices.add, name="office-new"),
    path("settings/offices/<id:row>", offices.edit, name="office"),
    path("settings/offices/<id:row>/rooms/new", offices.edit_room, name="room-new"),
    path("settings/offices/<id:row>/rooms/<index:index>", offices.edit_room, name="room"),
    path("developer/apps", applications.show_list, name="apps"),
    path("developer/apps/new", applications.register, name="app-new"),
    path("developer/apps/<id:row>", applications.show_app, name="app"),
    path("developer/apps/<id:row>/edit", applications.edit, name="app-edit"),
    path("developer/apps/<id:row>/secret", applications.rotate_secret, name="app-rotate"),
    path("developer/apps/<id:row>/deauthorize", applications.deauthorize, name="app-stop-all"),
    path("developer/apps/<id:row>/deauthorize/<id:user>", applications.deauthorize, name="app-stop"),
    path("developer/apps/<id:row>/switch", applications.switch_app, name="app-switch"),
    path("developer/apps/<id:row>/bodies", applications.switch_capture, name="app-capture"),
    path("developer/apps/<id:row>/webhooks", app_webhooks.show_list, name="webhooks"),
    path("developer/apps/<id:row>/webhooks/new", app_webhooks.add, name="webhook-new"),
    path("developer/webhooks/<id:row>", app_webhooks.show_webhook, name="webhook"),
    path("developer/webhooks/<id:row>/edit", app_webhooks.edit, name="webhook-edit"),
    path("developer/webhooks/<id:row>/verify", app_webhooks.verify_receiver, name="webhook-verify"),
    path("developer/webhooks/<id:row>/ping", app_webhooks.send_ping, name="webhook-ping"),
    path("developer/deliveries/<id:row>", app_webhooks.show_delivery, name="delivery"),
    path("developer/requests", request_log.show_list, name="requests"),
    path("developer/requests/<id:row>", request_log.show_call, name="request"),
    path("developer/explorer", api_explorer.show_list, name="explorer"),
    path("developer/explorer/<slug:name>", api_explorer.show_operation, name="operation"),
    path("settings/api-users", api_users.show_list, name="api-users"),
    path("settings/api-users/new", api_users.add, name="api-user-new"),
    path("settings/api-users/<id:row>", api_users.edit, name="api-user"),
    path("settings/api-users/<id:row>/secret", api_users.renew_secret, name="api-user-secret"),
    path("settings/webhooks", practice_webhooks.show_list, name="practice-webhooks"),
    path("settings/webhooks/new", practice_webhooks.add, name="practice-webhook-new"),
    path("settings/webhooks/<id:row>", practice_webhooks.show_webhook, name="practice-webhook"),
    path("settings/webhooks/<id:row>/edit", practice_webhooks.edit, name="practice-webhook-edit"),
    path("settings/webhooks/<id:row>/delete", practice_webhooks.delete, name="practice-webhook-delete"),
    path(
        "settings/webhooks/deliveries/<id:row>",
        practice_webhooks.show_delivery,
        name="practice-webhook-delivery",
    ),
    path("sandbox/clock", sandbox_clock.show_clock, name="clock"),
    path("audit", audit.show_list, name="audit"),
    path("audit/export", audit.export, name="audit-export"),
    path("outbox", outbox.show_list, name="outbox"),
    path("outbox/<id:row>", outbox.show_message, name="outbox-message"),
]
add_menu_entries(
    "Practice",
    MenuEntry(name="People", view="users", icon="users", primary=True),
    MenuEntry(name="Offices", view="offices", icon="building-hospital", primary=True),
    MenuEntry(name="Settings", view="settings", icon="settings", primary=True),
    MenuEntry(name="Portal e-mails", view="portal-emails", icon="send", primary=True),
    MenuEntry(name="Outbox", view="outbox", icon="mail", primary=True),
    MenuEntry(name="Audit", view="audit", icon="history", primary=True),
)

urlpatterns += care_urls.urlpatterns

# -- setup pages ------------------------------------------------------------------------------------------------

add_menu_entries(
    "Apps",
    MenuEntry(name="Apps", view="apps", icon="apps", permissions=(applications.PERMISSION,)),
    MenuEntry(name="Requests", view="requests", icon="list-details", permissions=(applications.PERMISSION,)),
    MenuEntry(
        name="API explorer", view="explorer", icon="terminal-2", permissions=(applications.PERMISSION,)
    ),
    MenuEntry(name="API users", view="api-users", icon="key", primary=True),
    MenuEntry(name="Webhooks", view="practice-webhooks", icon="send", primary=True),
    MenuEntry(
        name="Clock", view="clock", icon="clock-play", permissions=(applications.PERMISSION,), sandbox=True
    ),
    MenuEntry(name="API reference", view="docs", icon="book"),
)

urlpatterns += QUESTIONS.build_urls()
for catalogue in SETUP_PAGES:
    urlpatterns += catalogue.build_urls()
    add_menu_entries(catalogue.group, catalogue.menu_entry)
