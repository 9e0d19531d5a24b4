"""What the sandbox's pages are about: which controls each shows, and which it offers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Listing:
    """A table of what a control lists.

    control   the control that lists, and its ``given`` parameters
    rows      the member of its answer that has the rows
    columns   names of their members
    buttons   words on a button → the control that it runs, and its parameters by members of the row
    """

    title: str
    control: str
    rows: str
    columns: tuple[str, ...]
    buttons: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    empty: str = "None."


@dataclass(frozen=True)
class Subject:
    """One page. ``actions``: controls that it has a form for; ``shows``: controls whose answer it shows otherwise: the
    time, the events that can be chosen."""

    slug: str
    title: str
    about: str
    icon: str
    listings: tuple[Listing, ...] = ()
    actions: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()


SUBJECTS = (
    Subject(
        "snapshots",
        "Snapshots",
        "The whole sandbox under a name: the record, files, tokens, webhooks, the clock. Going back ends your session.",
        "history",
        (
            Listing(
                "Snapshots",
                "snapshots.list",
                "snapshots",
                ("name", "saved_at", "bytes"),
                {
                    "Go back": ("snapshots.restore", {"name": "name"}),
                    "Delete": ("snapshots.delete", {"name": "name"}),
                },
            ),
            Listing(
                "Copies that run",
                "forks.list",
                "forks",
                ("port", "base_url", "data"),
                {"Stop": ("forks.delete", {"port": "port"})},
                empty="No copy runs.",
            ),
        ),
        ("snapshots.save", "snapshots.reset", "forks.create"),
    ),
    Subject(
        "scenarios",
        "Scenarios",
        "States that an integration has to cope with, added on top of what is there.",
        "test-pipe",
        (Listing("Added", "scenarios.list", "added", ("name", "practice", "ids"), empty="None was added."),),
        ("scenarios.add",),
    ),
    Subject(
        "faults",
        "Faults",
        "Calls and webhooks that fail as networks, proxies and overloaded servers let them fail.",
        "alert-triangle",
        (
            Listing(
                "Faults that apply",
                "faults.list",
                "faults",
                ("kind", "app", "api_user", "practice", "operation", "share", "count", "seconds"),
                {"Remove": ("faults.remove", {"id": "id"})},
                empty="Nothing fails.",
            ),
        ),
        ("faults.add", "faults.clear"),
    ),
    Subject(
        "modes",
        "Modes and extras",
        "How strictly calls are read, and headers that the hosted APIs do not have.",
        "adjustments",
        (
            Listing(
                "Modes",
                "modes.list",
                "modes",
                ("mode", "app", "api_user"),
                empty="All calls are read faithfully.",
            ),
            Listing(
                "Extras",
                "extras.list",
                "extras",
                ("app", "api_user", "rate_limit_headers", "idempotency_keys", "etags"),
                empty="No answer has extras.",
            ),
        ),
        ("modes.set", "modes.clear", "extras.set", "extras.clear"),
    ),
    Subject(
        "access",
        "Tokens and callers",
        "Access tokens of any user, app and scopes; apps, API users, users and practices to call with.",
        "key",
        (),
        ("tokens.mint", "apps.create", "api_users.create", "users.create", "practices.create"),
    ),
    Subject(
        "events",
        "Events",
        "Cause an event of webhooks by the write that it follows from, and see what was sent.",
        "send",
        (
            Listing(
                "Deliveries",
                "deliveries.list",
                "deliveries",
                ("id", "event", "state", "at", "webhook"),
                {"Send again": ("deliveries.redeliver", {"id": "id"})},
                empty="Nothing was sent yet.",
            ),
        ),
        ("events.trigger", "webhooks.create", "webhooks.delete"),
        ("events.list",),
    ),
    Subject(
        "calls",
        "Calls",
        "The latest calls of either API, also those of unknown callers and to paths that do not exist.",
        "list-details",
        (
            Listing(
                "Latest calls",
                "calls.list",
                "calls",
                ("at", "status", "method", "path", "query", "gate", "caller", "ms"),
                empty="No calls yet.",
            ),
        ),
    ),
)
CLOCK = Subject(
    "clock",
    "Clock",
    "Tokens, quotas, reminders and redeliveries go by it, for everybody here.",
    "clock-play",
    actions=("clock.set", "clock.advance", "clock.freeze", "clock.real"),
    shows=("clock.show",),
)
# Controls after which the session is not known any more.
ENDS_SESSION = ("snapshots.restore", "snapshots.reset")
EVERY = (CLOCK, *SUBJECTS)
# What the button of a form says, where the control's verb would not say it.
BUTTONS = {"clock.real": "Follow the system", "tokens.mint": "Issue", "forks.create": "Run a copy"}


def find_page(control: str) -> str | None:
    """The slug of the page that has a control; None where there is none."""
    for subject in EVERY:
        listed = {listing.control for listing in subject.listings}
        if control in list_offered(subject) | listed | set(subject.shows):
            return subject.slug
    return None


def find_subject(slug: str) -> Subject | None:
    return next((subject for subject in EVERY if subject.slug == slug), None)


def name_button(control: str) -> str:
    """What the button of a control's form says."""
    return BUTTONS.get(control) or control.partition(".")[2].capitalize()


def list_offered(subject: Subject) -> set[str]:
    """The controls that a page may run."""
    buttons = {name for listing in subject.listings for name, _ in listing.buttons.values()}
    return {*subject.actions, *buttons}
