"""The names of the commands and pages that control a sandbox. Imports nothing: every command of ``charthouse`` reads
them."""

GROUPS = {
    "tokens": "Issue access tokens in a sandbox",
    "apps": "Register OAuth apps in a sandbox",
    "api-users": "Add API users to a sandbox",
    "users": "Add users to a sandbox",
    "practices": "Add practices to a sandbox",
    "snapshots": "Save and restore the state of a sandbox",
    "forks": "Run copies of a sandbox on other ports",
    "faults": "Make requests and webhooks of a sandbox fail",
    "webhooks": "Register and delete webhooks in a sandbox",
    "deliveries": "List and resend webhook deliveries of a sandbox",
    "events": "List webhook events, and trigger them in a sandbox",
    "calls": "List the API requests to a sandbox",
    "modes": "Set strict or lenient reading of requests to a sandbox",
    "extras": "Add headers to a sandbox's responses that the hosted APIs don't have",
    "scenarios": "Add states that integrations must handle to a sandbox",
    "clock": "Show, move, or stop the clock of a sandbox",
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
