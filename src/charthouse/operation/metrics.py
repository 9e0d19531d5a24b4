"""The metrics of an installation: what each is called and says. ``request_metrics`` counts, ``state_metrics`` measures.

No label is an identifier: each has the values of a declared set, and "other" for anything else, so that callers cannot
add time series.
"""

from dataclasses import dataclass

PREFIX = "charthouse_"
OTHER = "other"
APIS = ("drchrono", "cerbo", "pages")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
GATES = (
    "", "token", "secret", "revoked", "expired", "inactive", "disabled", "quota", "rate", "address", "endpoint",
    "read_only", "plan", "scope", "right", "permission", "request", "validation", "not found", "merged", "method",
    "conflict", "database", "fault",
)  # fmt: skip
HTTP_REASONS = (
    "bad request", "truncated body", "head too large", "body too large", "slow head", "slow body", "slow reader",
    "no room", "overload", "connections",
)  # fmt: skip
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # upper ends of buckets
DELIVERY_STATES = ("waiting", "delivered", "failed")
MESSAGE_STATES = ("waiting", "sent", "failed")
JOB_STATES = ("todo", "doing", "succeeded", "failed", "cancelled", "aborting", "aborted")
CONNECTION_STATES = ("active", "idle", "idle in transaction", "idle in transaction (aborted)")


@dataclass(frozen=True)
class Metric:
    """One metric. ``kind``: counter, histogram (of web server processes, since their server began) or gauge."""

    name: str
    kind: str
    doc: str
    labels: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The name as Prometheus shows it."""
        return f"{PREFIX}{self.name}{'_total' if self.kind == 'counter' else ''}"


REQUESTS = Metric(
    "requests",
    "counter",
    'Requests by API, route template, method, status, and the check that refused them ("" if none did).',
    ("api", "route", "method", "status", "gate"),
)
DURATION = Metric("request_duration_seconds", "histogram", "Time from the request to its response.", ("api",))
REFUSALS = Metric("quota_refusals", "counter", "Requests refused because of rate limits.", ("api",))
HTTP_REFUSALS = Metric(
    "http_refusals",
    "counter",
    "Requests and connections that the web server itself refused or closed, by reason.",
    ("reason",),
)
INFO = Metric("info", "gauge", "Always 1; the version is a label.", ("version",))
DATABASE_UP = Metric("database_up", "gauge", "1 if the database responded within seconds.")
DATABASE_BYTES = Metric("database_bytes", "gauge", "Size of the database.")
CONNECTIONS = Metric("database_connections", "gauge", "Connections to the database by state.", ("state",))
LOCK_WAITS = Metric("database_lock_waits", "gauge", "Connections waiting for a lock.")
TRANSACTION_AGE = Metric(
    "database_oldest_transaction_seconds", "gauge", "Age of the oldest running transaction."
)
WORKER_AGE = Metric(
    "worker_heartbeat_age_seconds",
    "gauge",
    "Time since a worker's last heartbeat; no series if there was none.",
)
FEED_LAG = Metric("feed_lag_seconds", "gauge", "Age of the oldest change not yet processed for webhooks.")
DELIVERIES = Metric(
    "webhook_deliveries",
    "gauge",
    "Deliveries by state: all pending ones, and those of the last hour.",
    ("state",),
)
JOBS = Metric("jobs", "gauge", "Stored worker jobs, by queue and state.", ("queue", "state"))
SENDING_PAUSED = Metric("sending_paused", "gauge", "1 if this is a restored copy, which sends nothing.")
INCARNATION = Metric(
    "database_incarnation", "gauge", "How often the database has been restored, copied, or promoted, plus 1."
)
MESSAGES = Metric("outbox_messages", "gauge", "Emails and text messages by state.", ("state",))
SEAL_AGE = Metric(
    "audit_seal_age_seconds",
    "gauge",
    "Time since the last audit seal; seals are made only if there was activity.",
)
ANCHOR_AGE = Metric(
    "audit_anchor_age_seconds", "gauge", "Time since the last anchor in CHARTHOUSE_ANCHOR_FILE."
)
BACKUP_AGE = Metric(
    "backup_age_seconds", "gauge", "Time since the last good backup started; no series if there is none."
)
BACKUP_LAG = Metric("backup_lag_seconds", "gauge", "Age of the last write in the continuous backup.")
DRILL_AGE = Metric("backup_drill_age_seconds", "gauge", "Time since the last successful drill started.")
DISK_FREE = Metric("disk_free_bytes", "gauge", "Free space for the data directory.")
DISK_SIZE = Metric("disk_size_bytes", "gauge", "Size of the data directory's file system.")
FAILURES = Metric("measurement_failures", "gauge", "Measurements that failed in the last round.")

METRICS = (
    REQUESTS, DURATION, REFUSALS, HTTP_REFUSALS, INFO,
    DATABASE_UP, DATABASE_BYTES, CONNECTIONS, LOCK_WAITS, TRANSACTION_AGE,
    WORKER_AGE, FEED_LAG, DELIVERIES, JOBS, MESSAGES, SENDING_PAUSED, INCARNATION, SEAL_AGE, ANCHOR_AGE,
    BACKUP_AGE, BACKUP_LAG, DRILL_AGE, DISK_FREE, DISK_SIZE, FAILURES,
)  # fmt: skip


def render_table() -> str:
    """Render the table of metrics for docs/operating.md."""
    rows = []
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        rows.append(f"| `{metric.full_name}` | {metric.kind} | {labels} | {metric.doc} |")
    return "\n".join(["| metric | kind | labels | what |", "|---|---|---|---|", *rows])
