"""URLs of the pages for tasks."""

from charthouse.console.tasks.views import TASKS

urlpatterns = TASKS.build_urls()
