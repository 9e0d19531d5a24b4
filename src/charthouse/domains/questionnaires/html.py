"""HTML that others wrote, made harmless: what text needs is left of it, and nothing that runs, loads or lays itself
over a page. Cleaned when it comes in, and again when a page shows it: a row outlives the rules it was cleaned by."""

import nh3

_TAGS = """
    a abbr b br code del em i ins s small span strong sub sup u
    blockquote caption dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre ul
    table tbody td tfoot th thead tr
"""
# No style, class or id: words of a patient can't look like the page's own. No img: it tells who reads, and when.
_ATTRIBUTES = {"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}}
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS.split()),
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel="noopener noreferrer nofollow",
)


def clean(text: str) -> str:
    """The same text, with the elements and attributes alone that may be shown."""
    return _CLEANER.clean(text)
