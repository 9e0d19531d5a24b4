"""Template tags and filters of the console."""

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from charthouse.console.kit import appointments, formats, local_times, undo
from charthouse.console.kit.cells import Dot, Thumbnail
from charthouse.console.kit.forms import EMPTY_LABEL
from charthouse.console.kit.tables import Badge, Cell
from charthouse.engine.declaration.times import parse_timestamp

register = template.Library()


@register.simple_tag
@cache  # a page has about sixty
def icon(name: str) -> SafeString:
    """Render a symbol of icons.svg, hidden from screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("charthouse/console/icons.svg"),
        name,
    )


@register.simple_tag
def badge(text: str, color: str = "secondary") -> SafeString:
    """Render a badge."""
    return format_html('<span class="badge bg-{}-lt">{}</span>', color, text)


@register.filter
def format_value(value: Any) -> Any:
    """Format a value for people: yes or no, a dash for nothing, local times."""
    if value is None or value == "" or value == []:
        return format_html('<span class="text-secondary">{}</span>', EMPTY_LABEL)
    if isinstance(value, Dot | Thumbnail):
        return value.render()
    if isinstance(value, Badge):
        return badge(value.text, value.color)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, date):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), _day(value))
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, list | tuple | set | frozenset):
        return format_html("{}", ", ".join(str(item) for item in value))
    return value


@register.filter
def format_time(value: datetime) -> SafeString:
    """Format a time as Mar 10, 2026, 9:05 AM: an aware one in the user's time zone; a naive one is local already."""
    at = local_times.to_local(value) if value.tzinfo else value
    text = f"{_day(at)}, {appointments.format_clock(at)}"
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), text)


@register.filter
def utc(value: datetime) -> str:
    """Format a time in UTC, with its zone."""
    return f"{formats.format_utc(value)} UTC"


@register.filter
def in_utc(value: datetime) -> str:
    """Format a time in UTC, below a heading that says so."""
    return formats.format_utc(value)


@register.filter
def wire_moment(text: str) -> SafeString:
    """Format a time that an API wrote in UTC, as in a note of a task."""
    return format_time(parse_timestamp(text))


@register.filter
def us_date(value: date | None) -> str:
    """Format a date as 04/12/1987."""
    return formats.format_date(value)


@register.filter
def clock(value: datetime) -> str:
    """Format a local time as 9:05 AM."""
    return appointments.format_clock(value)


@register.filter
def phone(value: str | None) -> str:
    """Format a phone number as (303) 555-0142."""
    return formats.format_phone(value or "")


@register.filter
def money(value: Any) -> str:
    """Format an amount as $1,234.50."""
    return formats.format_money(value)


@register.filter
def undo_of(tags: str) -> dict[str, Any] | None:
    """Read from a message's tags what undoes its act."""
    return undo.read_undo(tags)


@register.filter
def cell(value: Cell) -> Any:
    """Render a cell of a table."""
    content = format_value(value.value)
    return format_html('<a href="{}">{}</a>', value.link, content) if value.link else content


def _day(value: date) -> str:
    return f"{value:%b} {value.day}, {value.year}"


@register.filter
def get(values: dict[str, Any], name: str) -> Any:
    """Get a value by a name that is no identifier."""
    return values.get(name, "")
