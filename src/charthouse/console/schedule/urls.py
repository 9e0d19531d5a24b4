"""URLs of the pages for the schedule."""

from django.urls import URLPattern, path

from charthouse.console.schedule import (
    appointment,
    booking,
    calendar,
    slots,
    today,
    waiting,
    waiting_booked,
    waiting_offers,
)

urlpatterns: list[URLPattern] = [
    path("day", today.show_day, name="day"),
    path("calendar", calendar.show_calendar, name="calendar"),
    path("calendar/events", calendar.list_events, name="calendar-events"),
    path("book", booking.book, name="book"),
    path("book/patients", booking.list_patients, name="book-patients"),
    path("book/next", slots.find_next, name="book-next"),
    path("book/series", slots.preview_series, name="book-series"),
    path("book/<id:patient>", booking.book_appointment, name="book-for"),
    path("appointments/<id:visit>", appointment.show_appointment, name="appointment"),
    path("appointments/<id:visit>/edit", appointment.edit_appointment, name="appointment-edit"),
    path("appointments/<id:visit>/undo", appointment.undo_edit, name="appointment-undo"),
    path("visits/<id:visit>/status", today.set_status, name="visit-status"),
    path("visits/<id:visit>/room", today.set_room, name="visit-room"),
    path("visits/<id:visit>/check-in", today.check_in, name="visit-check-in"),
    path("visits/<id:visit>/cancel", today.cancel, name="visit-cancel"),
    path("visits/<id:visit>/move", calendar.move_appointment, name="visit-move"),
    path("visits/<id:visit>/delete", booking.delete_appointment, name="visit-delete"),
    path("waiting-list", waiting.show_list, name="waiting-list"),
    path("waiting-list/new", waiting.add, name="waiting-list-new"),
    path("waiting-list/<id:row>", waiting.edit, name="waiting-list-edit"),
    path("waiting-list/<id:row>/remove", waiting.remove, name="waiting-list-remove"),
    path("waiting-list/<id:row>/book/<id:slot>", waiting_offers.book, name="waiting-list-book"),
    path("waiting-list/<id:row>/undo", waiting_offers.undo_booking, name="waiting-list-undo"),
    path("waiting-list/<id:row>/off/<id:visit>", waiting_booked.take_off, name="waiting-list-off"),
    path("waiting-list/<id:row>/return", waiting_booked.put_back, name="waiting-list-return"),
    path("freed-slots/<id:slot>/dismiss", waiting_offers.dismiss, name="freed-slot-dismiss"),
]
