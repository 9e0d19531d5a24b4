"""The names of the commands and pages that control a sandbox. Imports nothing: every command of ``charthouse`` reads
them."""

GROUPS = {
    "tokens": "Issue access tokens in a sandbox",
    "apps": "Register OAuth apps in a sandbox",
    "api-users": "Add API users to a sandbox",
    "users": "Add users to a sandbox",
    "practices": "Add practices to a sandbox",
    "snapshots": "Save the state of a sandbox, and go back to it",
    "forks": "Run copies of a sandbox on other ports",
    "faults": "Let calls and webhooks of a sandbox fail",
    "webhooks": "Register and delete webhooks in a sandbox",
    "deliveries": "List what webhooks of a sandbox were sent, and send it again",
    "events": "List the events of webhooks, and cause them in a sandbox",
    "calls": "List the API calls to a sandbox",
    "modes": "Read calls to a sandbox strictly or leniently",
    "extras": "Add headers to answers of a sandbox that the hosted APIs do not have",
    "scenarios": "Add states that integrations have to cope with to a sandbox",
    "clock": "Say what time it is in a sandbox, or move or stop its clock",
}
DEFAULT_VERBS = {
    "clock": "show",
    "deliveries": "list",
    "calls": "list",
    "events": "list",
    "modes": "list",
    "scenarios": "list",
    "extras": "list",
}
# Slugs of the console's pages, below /sandbox, that have the controls of groups with other names.
PAGES = {
    "forks": "snapshots",
    "extras": "modes",
    "tokens": "access",
    "apps": "access",
    "api_users": "access",
    "users": "access",
    "practices": "access",
    "webhooks": "events",
    "deliveries": "events",
}
SHORT_COMMANDS = {"trigger": "events.trigger"}  # command → the control that it runs
