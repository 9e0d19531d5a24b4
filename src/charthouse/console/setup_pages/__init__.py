"""Pages where a practice sets up its lists, one module a section of the menu."""

from charthouse.console.setup_pages import billing, charts, directory, visits

SETUP_PAGES = (*visits.PAGES, *charts.PAGES, *billing.PAGES, *directory.PAGES)

__all__ = ["SETUP_PAGES"]
