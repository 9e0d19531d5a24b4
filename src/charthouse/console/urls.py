"""URLs of the console: those of its subjects."""

from django.urls import URLPattern

from charthouse.console import menu
from charthouse.console.account import urls as account
from charthouse.console.audit import urls as audit
from charthouse.console.backups import urls as backups
from charthouse.console.billing import urls as billing
from charthouse.console.catalogues import urls as catalogues
from charthouse.console.chart import urls as chart
from charthouse.console.codes import urls as codes
from charthouse.console.developer import urls as developer
from charthouse.console.documents import urls as documents
from charthouse.console.home import urls as home
from charthouse.console.labs import urls as labs
from charthouse.console.messages import urls as messages
from charthouse.console.outbox import urls as outbox
from charthouse.console.patients import urls as patients
from charthouse.console.portal import urls as portal
from charthouse.console.questionnaires import urls as questionnaires
from charthouse.console.sandbox import urls as sandbox
from charthouse.console.schedule import urls as schedule
from charthouse.console.search import urls as search
from charthouse.console.settings import urls as settings
from charthouse.console.tasks import urls as tasks
from charthouse.console.visits import urls as visits

SUBJECTS = (
    home, schedule, patients, chart, visits, billing, documents, questionnaires, labs, messages, tasks, portal, account,
    settings, catalogues, developer, sandbox, audit, outbox, search, backups, codes,
)  # fmt: skip
urlpatterns: list[URLPattern] = [pattern for subject in SUBJECTS for pattern in subject.urlpatterns]

menu.register()
