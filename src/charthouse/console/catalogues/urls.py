"""URLs of the pages where a practice sets up its lists, a module a section of the menu."""

from charthouse.console.catalogues import billing, charts, directory, practice_lists, visits
from charthouse.console.catalogues.questionnaires import QUESTIONS

SETUP_PAGES = (*visits.PAGES, *charts.PAGES, *practice_lists.PAGES, *billing.PAGES, *directory.PAGES)

urlpatterns = [
    *QUESTIONS.build_urls(),
    *(pattern for catalogue in SETUP_PAGES for pattern in catalogue.build_urls()),
]
