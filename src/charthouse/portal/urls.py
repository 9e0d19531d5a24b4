"""URLs of the portal."""

from django.urls import URLPattern, URLResolver, path

from charthouse.portal import (
    account,
    appointments,
    bills,
    booking,
    display,
    documents,
    health,
    home,
    invitations,
    messages,
    questionnaires,
    records,
    sign_in,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("portal", home.show_home, name="portal-home"),
    path("portal/appointments", appointments.show_appointments, name="portal-appointments"),
    path("portal/appointments/new", booking.choose_time, name="portal-book"),
    path("portal/appointments/<id:row>/move", booking.choose_other_time, name="portal-move"),
    path("portal/appointments/<id:row>/cancel", booking.cancel_appointment, name="portal-cancel"),
    path("portal/health", health.show_health, name="portal-health"),
    path("portal/health/record.xml", health.download_record, name="portal-record"),
    path("portal/visits/<id:visit>/note.pdf", health.download_note, name="portal-note"),
    path("portal/bills", bills.show_bills, name="portal-bills"),
    path("portal/bills/<id:row>", bills.show_bill, name="portal-bill"),
    path("portal/messages", messages.show_list, name="portal-messages"),
    path("portal/messages/new", messages.write_message, name="portal-write"),
    path("portal/messages/<id:row>", messages.show_message, name="portal-message"),
    path("portal/attachments/<id:row>", messages.download_attachment, name="portal-attachment"),
    path("portal/questionnaires", questionnaires.show_list, name="portal-questionnaires"),
    path("portal/questionnaires/<id:row>", questionnaires.answer, name="portal-questionnaire"),
    path("portal/documents", documents.show_documents, name="portal-documents"),
    path("portal/documents/<id:row>", documents.download_document, name="portal-document"),
    path("portal/images", documents.show_images, name="portal-images"),
    path("portal/images/<id:row>", documents.download_image, name="portal-image"),
    path(
        "portal/images/<id:row>/small", documents.download_image, {"small": True}, name="portal-image-small"
    ),
    path(
        "portal/images/sent/<id:row>/small",
        documents.download_sent_image,
        {"small": True},
        name="portal-sent-image-small",
    ),
    path("portal/images/sent/<id:row>", documents.download_sent_image, name="portal-sent-image"),
    path("portal/records", records.show_records, name="portal-records"),
    path("portal/records/<id:row>", records.choose, name="portal-record-of"),
    path("portal/account", account.change_password, name="portal-account"),
    path("portal/display", display.choose_display, name="portal-display"),
    path("portal/sign-in", sign_in.sign_in, name="portal-sign-in"),
    path("portal/sign-out", sign_in.sign_out, name="portal-sign-out"),
    path("portal/password", sign_in.request_password_link, name="portal-password-link"),
    path("portal/invitations/<str:secret>", invitations.accept_invitation, name="portal-invitation"),
]
