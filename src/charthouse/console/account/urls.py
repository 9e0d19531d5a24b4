"""URLs of the pages for the user's account."""

from django.urls import URLPattern, path

from charthouse.console.account import views

urlpatterns: list[URLPattern] = [
    path("account", views.show_account, name="account"),
    path("account/password", views.change_password, name="password"),
    path("account/second-factor", views.set_up_second_factor, name="second-factor"),
    path("account/second-factor/codes", views.renew_recovery_codes, name="recovery-codes"),
    path("account/second-factor/off", views.turn_off_second_factor, name="second-factor-off"),
    path("account/apps/<id:application>/disconnect", views.disconnect_app, name="disconnect"),
]
