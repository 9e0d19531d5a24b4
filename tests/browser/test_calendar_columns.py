"""A day of the calendar in columns: by room and provider, dragged from one to the other, undone, colors by type."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from charthouse.domains.practice.models import Doctor
from charthouse.domains.scheduling.models import AppointmentProfile
from charthouse.identity import tenancy
from tests.browser.axe import find_violations_in_both_themes
from tests.domains.scheduling.calendar import Calendar

DAY = "2026-03-10"


def test_a_visit_is_dragged_to_another_room_and_back(
    page: Page, enter: Callable[[str], Page], calendar: Calendar
) -> None:
    with tenancy.within(calendar.clinic.id):
        kind = AppointmentProfile.objects.filter(name="Visit 00").get()
    visit = calendar.book(f"{DAY}T09:00:00", reason="Cough", exam_room=1, profile=kind.pk)
    calendar.book(f"{DAY}T10:00:00", reason="Rash", exam_room=2)
    enter(f"/calendar?date={DAY}&by=room&color=type")
    first, second = (page.get_by_role("region", name=f"Room {one}") for one in (1, 2))
    moved = first.locator(".fc-event", has_text="Cough")
    expect(moved).to_be_visible()
    expect(moved).to_have_css("background-color", "rgb(58, 135, 173)")
    expect(second.locator(".fc-event", has_text="Rash")).to_be_visible()
    assert find_violations_in_both_themes(page) == []
    moved.hover(position={"x": 20, "y": 6})
    page.mouse.down()
    target = second.locator('.fc-timegrid-slot-lane[data-time="09:00:00"]').bounding_box()
    assert target
    page.mouse.move(target["x"] + 30, target["y"] + 10, steps=8)
    page.mouse.up()
    expect(page.locator("#calendar-done")).to_contain_text("moved to Room 2, Tue, Mar 10")
    expect(second.locator(".fc-event", has_text="Cough")).to_have_count(1)
    assert calendar.read_appointment(visit)["exam_room"] == 2
    page.get_by_role("button", name="Undo").click()
    expect(first.locator(".fc-event", has_text="Cough")).to_have_count(1)
    expect(second.locator(".fc-event", has_text="Cough")).to_have_count(0)
    assert calendar.read_appointment(visit)["exam_room"] == 1


def test_columns_of_providers_and_their_state_in_the_address(
    page: Page, enter: Callable[[str], Page], calendar: Calendar
) -> None:
    other: Doctor = calendar.add_colleague(first_name="Otto", last_name="Other")
    calendar.book(f"{DAY}T09:00:00", reason="Cough")
    enter(f"/calendar?date={DAY}&by=doctor")
    expect(page.get_by_role("region", name=str(calendar.doctor)).locator(".fc-event")).to_have_count(1)
    column = page.get_by_role("region", name=str(other))
    expect(column.locator(".fc-event")).to_have_count(0)
    page.get_by_role("link", name="Day after").click()
    expect(page.get_by_role("heading", name="Wednesday, March 11, 2026")).to_be_visible()
    assert "by=doctor" in page.url
    column.locator('.fc-timegrid-slot-lane[data-time="10:00:00"]').click(position={"x": 30, "y": 5})
    expect(page.get_by_label("Provider")).to_have_value(str(other.pk))
    assert "time=2026-03-11T10" in page.url
