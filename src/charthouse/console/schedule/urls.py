"""URLs of the pages for the schedule."""

from django.urls import URLPattern, path

from charthouse.console.schedule import booking, calendar, today

urlpatterns: list[URLPattern] = [
    path("day", today.show_day, name="day"),
    path("calendar", calendar.show_calendar, name="calendar"),
    path("calendar/events", calendar.list_events, name="calendar-events"),
    path("book", booking.choose_patient, name="book"),
    path("book/<id:patient>", booking.book_appointment, name="book-for"),
    path("visits/<id:visit>/status", today.set_status, name="visit-status"),
    path("visits/<id:visit>/room", today.set_room, name="visit-room"),
    path("visits/<id:visit>/check-in", today.check_in, name="visit-check-in"),
    path("visits/<id:visit>/cancel", today.cancel, name="visit-cancel"),
    path("visits/<id:visit>/move", calendar.move_appointment, name="visit-move"),
    path("visits/<id:visit>/delete", booking.delete_appointment, name="visit-delete"),
]
