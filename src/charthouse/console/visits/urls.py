"""URLs of the pages for visits."""

from django.urls import URLPattern, path

from charthouse.console.visits import charge_views, diagnoses, signing, texts, unsigned, views

urlpatterns: list[URLPattern] = [
    path("session", views.check_session, name="session"),
    path("unsigned-notes", unsigned.show_unsigned, name="unsigned"),
    path("visits/<id:visit>", views.edit_visit, name="visit"),
    path("visits/<id:visit>/note", views.save_note, name="visit-write"),
    path("visits/<id:visit>/draft", views.draft, name="visit-draft"),
    path("visits/<id:visit>/sign", signing.sign, name="visit-lock"),
    path("visits/<id:visit>/unlock", signing.unlock, name="visit-unlock"),
    path("visits/<id:visit>/addenda", signing.add_addendum, name="visit-addendum"),
    path("visits/<id:visit>/carry-forward", texts.carry_forward, name="visit-carry-forward"),
    path("visits/<id:visit>/template", texts.insert_template, name="visit-template"),
    path("visits/<id:visit>/template/save", texts.save_template, name="visit-template-save"),
    path("visits/<id:visit>/diagnoses", diagnoses.add_diagnosis, name="visit-diagnosis"),
    path("visits/<id:visit>/diagnoses/remove", diagnoses.remove_diagnosis, name="visit-diagnosis-remove"),
    path("visits/<id:visit>/charges", charge_views.add_charge, name="visit-charge"),
    path("visits/<id:visit>/charges/remove", charge_views.remove_charge, name="visit-charge-remove"),
    path("visits/<id:visit>/fees", charge_views.list_fees, name="visit-fees"),
]
