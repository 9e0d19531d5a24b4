"""Template filters of the portal."""

from datetime import date

from django import template

from charthouse.domains.patients import languages

register = template.Library()


@register.filter(expects_localtime=True)
def when(value: date | None, style: str) -> str:
    """Format a date or a time in the language of the page. ``style``: see ``languages.format_time``."""
    return languages.format_time(value, style)
