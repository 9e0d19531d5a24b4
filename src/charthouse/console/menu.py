"""The entries of the menu, and the tabs of a chart with their sections."""

from charthouse.console.catalogues.urls import SETUP_PAGES
from charthouse.console.chart import layout, notes
from charthouse.console.chart import lists as chart_lists
from charthouse.console.developer import apps
from charthouse.console.documents.views import DOCUMENTS
from charthouse.console.kit.navigation import MenuEntry, add_menu_entries
from charthouse.console.messages.chart import MESSAGES
from charthouse.console.messages.inbox import INBOX
from charthouse.console.portal import requests
from charthouse.console.resources.billing import ACCOUNT
from charthouse.console.resources.schedule import SCHEDULING
from charthouse.console.tasks.views import TASKS

CARE = (
    MenuEntry(name="Today", view="day", icon="clipboard-heart", permissions=SCHEDULING),
    MenuEntry(name="Calendar", view="calendar", icon="calendar", permissions=SCHEDULING),
    MenuEntry(name="Waiting list", view="waiting-list", icon="clock", permissions=SCHEDULING),
    MenuEntry(name="Patients", view="patients", icon="users", permissions=("Manage Patients",)),
    MenuEntry(
        name="Portal queue",
        view="portal-requests",
        icon="file-upload",
        permissions=("Manage Patients",),
        count=requests.count_open,
    ),
    MenuEntry(name="Notes to sign", view="unsigned", icon="notes", permissions=("Access Clinical Notes",)),
    MenuEntry(
        name="Results to review", view="results-to-review", icon="test-pipe", permissions=("Manage Patients",)
    ),
    MenuEntry(name="Documents to review", view="reviews", icon="files", permissions=("Manage Patients",)),
    TASKS.menu_entry,
    INBOX.menu_entry,
    MenuEntry(name="Receivables", view="receivables", icon="cash", permissions=("Manage Patients", *ACCOUNT)),
)
PRACTICE = (
    MenuEntry(name="People", view="users", icon="users", primary=True),
    MenuEntry(name="Offices", view="offices", icon="building-hospital", primary=True),
    MenuEntry(name="Settings", view="settings", icon="settings", primary=True),
    MenuEntry(name="Portal e-mails", view="portal-emails", icon="send", primary=True),
    MenuEntry(name="Outbox", view="outbox", icon="mail", primary=True),
    MenuEntry(name="Audit", view="audit", icon="history", primary=True),
    MenuEntry(name="Backups", view="backups", icon="database", operator=True),
)
APPS = (
    MenuEntry(name="Apps", view="apps", icon="apps", permissions=(apps.PERMISSION,)),
    MenuEntry(name="Requests", view="requests", icon="list-details", permissions=(apps.PERMISSION,)),
    MenuEntry(name="API explorer", view="explorer", icon="terminal-2", permissions=(apps.PERMISSION,)),
    MenuEntry(name="API users", view="api-users", icon="key", primary=True),
    MenuEntry(name="Webhooks", view="practice-webhooks", icon="send", primary=True),
    MenuEntry(
        name="Sandbox", view="sandbox-start", icon="test-pipe", permissions=(apps.PERMISSION,), sandbox=True
    ),
    MenuEntry(name="API reference", view="docs", icon="book"),
)

_LISTS = {one.segment: one.section for one in (*chart_lists.LISTS, DOCUMENTS, MESSAGES)}
_NOTES = ("Access Clinical Notes",)
CHART_TABS = (
    layout.Tab("Summary", (layout.Section("Summary", "patient"),)),
    layout.Tab("Timeline", (layout.Section("Timeline", "chart-timeline"),)),
    layout.Tab(
        "Visits & notes",
        (
            layout.Section("Visits", "chart-visits", _NOTES),
            notes.NOTES.section,
            _LISTS["notes"],
        ),
        also="/visits/",
    ),
    layout.Tab(
        "Problems & meds",
        tuple(
            _LISTS[name]
            for name in ("problems", "medications", "supplements", "allergies", "vaccines", "maintenance")
        ),
    ),
    layout.Tab(
        "Labs & vitals",
        (
            layout.Section("Labs", "chart-labs"),
            layout.Section("Vitals", "chart-vitals", _NOTES),
        ),
    ),
    layout.Tab(
        "Documents & messages",
        (
            _LISTS["documents"],
            _LISTS["images"],
            layout.Section("Questionnaires", "chart-questionnaires"),
            _LISTS["messages"],
            _LISTS["calls"],
        ),
    ),
    layout.Tab(
        "Account & more",
        (
            layout.Section("Account", "chart-account", tuple(ACCOUNT)),
            layout.Section(
                "Billing", "chart-billing", ("Access Billing", "Show Billing Tab", "Access Patients Payments")
            ),
            layout.Section("Portal", "portal-access"),
            _LISTS["facilities"],
            _LISTS["tags"],
        ),
        has_apps=True,
    ),
)


def register() -> None:
    """Add the entries to the menu and the tabs to the chart. Called once, with the URLs."""
    add_menu_entries("Care", *CARE)
    add_menu_entries("Practice", *PRACTICE)
    add_menu_entries("Apps", *APPS)
    for catalogue in SETUP_PAGES:
        add_menu_entries(catalogue.group, catalogue.menu_entry)
    layout.set_tabs(*CHART_TABS)
