"""Pages for patients."""

from django.urls import URLPattern, URLResolver, path

from charthouse.portal import (
    account,
    appointments,
    documents,
    home,
    invitations,
    messages,
    questionnaires,
    sign_in,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("portal", home.home, name="portal-home"),
    path("portal/appointments", appointments.appointments, name="portal-appointments"),
    path("portal/messages", messages.listing, name="portal-messages"),
    path("portal/messages/new", messages.write, name="portal-write"),
    path("portal/messages/<int:row>", messages.one, name="portal-message"),
    path("portal/attachments/<int:row>", messages.attachment, name="portal-attachment"),
    path("portal/questionnaires", questionnaires.listing, name="portal-questionnaires"),
    path("portal/questionnaires/<int:row>", questionnaires.one, name="portal-questionnaire"),
    path("portal/documents", documents.documents, name="portal-documents"),
    path("portal/documents/<int:row>", documents.document, name="portal-document"),
    path("portal/images", documents.pictures, name="portal-images"),
    path("portal/images/<int:row>", documents.picture, name="portal-image"),
    path("portal/images/sent/<int:row>", documents.sent_picture, name="portal-sent-image"),
    path("portal/account", account.account, name="portal-account"),
    path("portal/sign-in", sign_in.sign_in, name="portal-sign-in"),
    path("portal/sign-out", sign_in.sign_out, name="portal-sign-out"),
    path("portal/password", sign_in.forgotten, name="portal-forgotten"),
    path("portal/invitations/<str:secret>", invitations.invitation, name="portal-invitation"),
]
