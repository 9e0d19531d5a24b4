"""Sanitized HTML of other authors.

Text elements remain; what runs, loads or covers the page does not. HTML is sanitized when it is received and again
when a page shows it, because a row outlives the rules that it was sanitized by.
"""

import nh3

_TAGS = """
    a abbr b br code del em i ins s small span strong sub sup u
    blockquote caption dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre ul
    table tbody td tfoot th thead tr
"""

# No style, class or id: a patient's text must not look like the page's own. No img: it would report reads.
_ATTRIBUTES = {"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}}

_CLEANER = nh3.Cleaner(
    tags=set(_TAGS.split()),
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel="noopener noreferrer nofollow",
)


def sanitize(text: str) -> str:
    """Return the HTML with allowed elements and attributes only."""
    return _CLEANER.clean(text)
