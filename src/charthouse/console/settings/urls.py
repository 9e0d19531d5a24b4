"""URLs of the pages for the practice's settings."""

from django.urls import URLPattern, path

from charthouse.console.settings import (
    api_users,
    offices,
    portal_emails,
    practice,
    users,
    webhooks,
    working_hours,
)

urlpatterns: list[URLPattern] = [
    path("settings", practice.edit_settings, name="settings"),
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
    path("settings/api-users", api_users.show_list, name="api-users"),
    path("settings/api-users/new", api_users.add, name="api-user-new"),
    path("settings/api-users/<id:row>", api_users.edit, name="api-user"),
    path("settings/api-users/<id:row>/secret", api_users.renew_secret, name="api-user-secret"),
    path("settings/webhooks", webhooks.show_list, name="practice-webhooks"),
    path("settings/webhooks/new", webhooks.add, name="practice-webhook-new"),
    path("settings/webhooks/<id:row>", webhooks.show_webhook, name="practice-webhook"),
    path("settings/webhooks/<id:row>/edit", webhooks.edit, name="practice-webhook-edit"),
    path("settings/webhooks/<id:row>/delete", webhooks.delete, name="practice-webhook-delete"),
    path("settings/webhooks/<id:row>/resend", webhooks.resend, name="practice-webhook-resend"),
    path(
        "settings/webhooks/deliveries/<id:row>",
        webhooks.show_delivery,
        name="practice-webhook-delivery",
    ),
]
