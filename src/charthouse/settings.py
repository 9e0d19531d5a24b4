"""Settings, all from the environment. ``charthouse`` commands set it; see ``cli``.

DATABASE_URL           PostgreSQL 15+, as the owner of the tables. Web server and worker assume the role charthouse_web.
                       Several hosts, as in postgresql://user@one:5432,two:5432/charthouse: the one that is no standby
CHARTHOUSE_POOLER_URL  the same database through a pooler that keeps no sessions, as PgBouncer in transaction mode, for
                       requests and jobs (docs/scale.md). DATABASE_URL remains the server itself
CHARTHOUSE_READ_URL    a standby of the database, which lists of the APIs are read from (docs/scale.md). Several hosts:
                       the one that is a standby
CHARTHOUSE_READ_LAG    seconds that it may be behind (default 10)
CHARTHOUSE_DATA        directory of the instance: embedded database, secret key, files (default .charthouse)
CHARTHOUSE_SECRET_KEY  signing key; by default generated and stored in the data directory
CHARTHOUSE_FILES       storage of files: a directory (default files/ in the data directory), or s3://bucket/prefix;
                       credentials, endpoint and region of the store come from the usual AWS_ variables
CHARTHOUSE_FILE_KEYS   keys that files are encrypted with, number:base64,... (see files.encryption_keys); by default
                       generated and stored in the data directory
CHARTHOUSE_FORMER_KEYS comma-separated former signing keys, still accepted for verification and decryption; to change
                       the key: charthouse rotatekeys
CHARTHOUSE_AUDIT_DAYS  retention of the request log and the audit in days (default 2192: six years)
CHARTHOUSE_ANCHOR_FILE    file, on another mount, to which the worker appends the audit's anchor every day
CHARTHOUSE_ANCHOR_EMAIL   address to which it is sent, by CHARTHOUSE_SMTP_URL
CHARTHOUSE_ANCHOR_BUCKET  s3://bucket/prefix of the objects it is put into; credentials as for CHARTHOUSE_FILES
CHARTHOUSE_ANCHOR_BUCKET_DAYS  for how many days such an object is locked (default: as CHARTHOUSE_AUDIT_DAYS; 0: the
                       bucket's own rule); the bucket needs Object Lock
CHARTHOUSE_BACKUP      where backups go: a directory on another disk or machine, or s3://bucket/prefix (docs/backup.md)
CHARTHOUSE_BACKUP_PASSPHRASE_FILE  file of the passphrase that backups are sealed with
CHARTHOUSE_BACKUP_RECIPIENT   instead: public key that they are sealed to, as charthouse backup keygen prints it
CHARTHOUSE_BACKUP_IDENTITY_FILE  file of the private key that opens them, to restore and to verify
CHARTHOUSE_BACKUP_HOURS       hours between two backups by the worker (default 24)
CHARTHOUSE_BACKUP_FULL_DAYS   days after which the next one is a full one (default 7)
CHARTHOUSE_BACKUP_KEEP_DAYS   days back to which a restore is possible (default 30)
CHARTHOUSE_BACKUP_DRILL_DAYS  days between two drills by the worker (default 7; 0: none)
CHARTHOUSE_OPERATORS   comma-separated user names of those who operate the installation: they see in the console what is
                       of all practices, as backups (default: nobody)
CHARTHOUSE_SANDBOX     1 in a sandbox: credentials are printed, loopback only
CHARTHOUSE_BASE_URL    scheme and host that users reach the server by, as in https://ehr.example, for all absolute URLs;
                       with https, cookies are Secure and HSTS is sent (default http://127.0.0.1:8000)
CHARTHOUSE_HOSTS       comma-separated host names that are served besides that of the base URL (default: loopback names)
CHARTHOUSE_PRACTICE_HOSTS  comma-separated host=practice id, as in alder.ehr.example=1: those hosts are served as well;
                       Cerbo's API and the patient portal under them belong to that practice alone
CHARTHOUSE_PROXIES     number of proxies in front, each of which adds to X-Forwarded-For (default: 1 where the base URL
                       is https, else 0, which ignores the header)
CHARTHOUSE_TOKEN_LIMIT calls per minute to the OAuth endpoints by one app from one address (default 60; 0: no limit)
CHARTHOUSE_SIGN_IN_LIMIT  failed attempts to sign in, in 15 minutes, from one address, and under one name (default 30;
                       0: no limit)
CHARTHOUSE_LOG_FIRST   1: an API call is answered only after it has been written to the request log
CHARTHOUSE_CERBO_EVENTS  other names for events of Cerbo webhooks, comma-separated, as rx.created=prescription.created
CHARTHOUSE_NEW_APP_LIMIT  calls an hour of an app that is registered in the console (default: no limit)
CHARTHOUSE_API_LIMITS  calls per minute of one API user by class, comma-separated, as standard=600,heavy_read=60;
                       email_per_patient=1 limits the e-mails per minute that calls may send to one patient,
                       credential_validation=10 the checks per minute of one user's credentials
CHARTHOUSE_FAILOVER    where standbys are promoted automatically: seconds, as in 60. A promoted server whose last
                       replayed transaction is not older is the same database; any other sends nothing until
                       charthouse resume (default 0: every one is a copy)
CHARTHOUSE_LOG         log on stderr: text (default) or json, and its level (default WARNING), as in json,INFO
CHARTHOUSE_METRICS     address and port of Prometheus metrics, as in 127.0.0.1:9464 (default: none)
CHARTHOUSE_SMTP_URL    SMTP server: smtp://user:password@host:587 (STARTTLS), smtps://… (TLS), smtp+plain://…
CHARTHOUSE_MAIL_FROM   sender of every e-mail (default: no-reply at the host of the base URL)
CHARTHOUSE_SMS_URL     SMS gateway: receives POSTs of JSON {"to", "text"} with CHARTHOUSE_SMS_TOKEN as bearer token
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.http.request import split_domain_port

from charthouse import clock, database_urls, durable, logs
from charthouse.backup import configuration
from charthouse.datadir import CommandError

DATA = Path(os.environ.get("CHARTHOUSE_DATA", ".charthouse")).resolve()
SANDBOX = os.environ.get("CHARTHOUSE_SANDBOX") == "1"
AUDIT_DAYS = int(os.environ.get("CHARTHOUSE_AUDIT_DAYS", "2192"))
BACKUP = configuration.read_configuration()
OPERATORS = frozenset(
    name.strip() for name in os.environ.get("CHARTHOUSE_OPERATORS", "").split(",") if name.strip()
)
ANCHOR_FILE = os.environ.get("CHARTHOUSE_ANCHOR_FILE", "")
ANCHOR_EMAIL = os.environ.get("CHARTHOUSE_ANCHOR_EMAIL", "")
ANCHOR_BUCKET = os.environ.get("CHARTHOUSE_ANCHOR_BUCKET", "")
ANCHOR_BUCKET_DAYS = int(os.environ.get("CHARTHOUSE_ANCHOR_BUCKET_DAYS", str(AUDIT_DAYS)))
TOKEN_LIMIT = int(os.environ.get("CHARTHOUSE_TOKEN_LIMIT", "60"))
SIGN_IN_LIMIT = int(os.environ.get("CHARTHOUSE_SIGN_IN_LIMIT", "30"))
LOG_FIRST = os.environ.get("CHARTHOUSE_LOG_FIRST") == "1"
FAILOVER = int(os.environ.get("CHARTHOUSE_FAILOVER", "0"))  # seconds
_limits = [part.partition("=") for part in os.environ.get("CHARTHOUSE_API_LIMITS", "").split(",") if part]
# Calls per hour of an app that is registered in the console; None: no limit.
NEW_APP_LIMIT = int(os.environ.get("CHARTHOUSE_NEW_APP_LIMIT") or 0) or None
API_LIMITS = {name.strip(): int(calls) for name, _, calls in _limits}
_events = [part.partition("=") for part in os.environ.get("CHARTHOUSE_CERBO_EVENTS", "").split(",") if part]
CERBO_EVENTS = {name.strip(): other.strip() for name, _, other in _events if other.strip()}
DEBUG = False
if SANDBOX:
    clock.follow_file(DATA / "clock")
WEB_ROLE, APPLICATION_NAME = database_urls.WEB_ROLE, database_urls.APPLICATION_NAME
SECRET_KEY_FILE = DATA / "secret_key"


def _secret_key() -> str:
    if key := os.environ.get("CHARTHOUSE_SECRET_KEY"):
        return key
    key = durable.read_or_create(SECRET_KEY_FILE, secrets.token_urlsafe(50)).strip()
    if not key:
        raise CommandError(f"{SECRET_KEY_FILE} is empty. Put the secret key back from a backup.")
    return key


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("CHARTHOUSE_FORMER_KEYS", "").split(",") if key]
FILE_KEYS = os.environ.get("CHARTHOUSE_FILE_KEYS", "")


def _base_url() -> str:
    url = os.environ.get("CHARTHOUSE_BASE_URL", "http://127.0.0.1:8000").strip().rstrip("/")
    parts = urlsplit(url)
    origin = parts.scheme in ("http", "https") and parts.hostname and "@" not in url
    if not origin or url.lower() != f"{parts.scheme}://{parts.netloc}".lower():
        raise CommandError("CHARTHOUSE_BASE_URL is scheme and host alone, as in https://ehr.example")
    if os.environ.get("CHARTHOUSE_TLS") == "1" and parts.scheme != "https":
        raise CommandError(
            "CHARTHOUSE_TLS is no longer a setting: CHARTHOUSE_BASE_URL=https://ehr.example (with the name of this "
            "server) says that users reach it over TLS."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


BASE_URL = _base_url()
# Which form of DrChrono's API wins where its reference page and the hosted API disagree: seed, live, or "" for each
# difference's own default (domains/practice/drchrono/differences.py).
DRCHRONO = os.environ.get("CHARTHOUSE_DRCHRONO", "")
if DRCHRONO not in ("", "seed", "live"):
    raise CommandError("CHARTHOUSE_DRCHRONO is seed, live, or not set.")
TLS = BASE_URL.startswith("https:")
# Over TLS there is a proxy: this server doesn't speak it.
PROXIES = int(os.environ.get("CHARTHOUSE_PROXIES") or TLS)
_hosts = [part.partition("=") for part in os.environ.get("CHARTHOUSE_PRACTICE_HOSTS", "").split(",") if part]
PRACTICE_HOSTS = {host.strip().lower(): int(practice) for host, _, practice in _hosts}
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_more_hosts = [host.strip() for host in os.environ.get("CHARTHOUSE_HOSTS", "").split(",") if host.strip()]
ALLOWED_HOSTS = [BASE_URL.partition("://")[2], *(_more_hosts or LOOPBACK_HOSTS), *PRACTICE_HOSTS]
ALLOWED_HOSTS[0] = split_domain_port(ALLOWED_HOSTS[0])[0]


def _files(where: str) -> dict[str, object]:
    if where.startswith("s3://"):
        bucket, _, prefix = where.removeprefix("s3://").partition("/")
        options: dict[str, object] = {"bucket_name": bucket, "location": prefix.strip("/")}
        return {"BACKEND": "charthouse.files.bucket.BucketStorage", "OPTIONS": options}
    return {
        "BACKEND": "charthouse.files.storage.DirectoryStorage",
        "OPTIONS": {"location": where or DATA / "files"},
    }


DATABASES = database_urls.describe_databases(os.environ)
QUEUE_DATABASE = "queue" if "queue" in DATABASES else "default"
READ_URL = os.environ.get("CHARTHOUSE_READ_URL", "")
READ_LAG = float(os.environ.get("CHARTHOUSE_READ_LAG", "10"))  # seconds
DATABASE_ROUTERS: list[str] = []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "oauth2_provider",
    "procrastinate.contrib.django",
    "charthouse.identity",
    "charthouse.files",
    "charthouse.jobs",
    "charthouse.outbox",
    "charthouse.audit",
    "charthouse.backup",
    "charthouse.changes",
    "charthouse.domains.practice",
    "charthouse.domains.patients",
    "charthouse.domains.scheduling",
    "charthouse.domains.clinical",
    "charthouse.domains.medications",
    "charthouse.domains.labs",
    "charthouse.domains.billing",
    "charthouse.domains.documents",
    "charthouse.domains.inventory",
    "charthouse.domains.questionnaires",
    "charthouse.domains.messaging",
    "charthouse.domains.tasks",
    "charthouse.retention",
    "charthouse.interchange",
    "charthouse.gateway",
    "charthouse.console",
    "charthouse.portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "charthouse.identity.middleware.limit_body_size",
    "charthouse.identity.middleware.reset_tenant",
    "charthouse.portal.sessions.PortalSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "charthouse.identity.middleware.establish_tenant",
    "django.contrib.messages.middleware.MessageMiddleware",
    "charthouse.identity.sessions.enforce_session_rules",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "charthouse.identity.middleware.add_content_security_policy",
    "axes.middleware.AxesMiddleware",
    "charthouse.audit.page_log.log_pages",
]

METRICS = os.environ.get("CHARTHOUSE_METRICS", "")
if METRICS:
    MIDDLEWARE.insert(0, "charthouse.operation.request_metrics.count_pages")

ROOT_URLCONF = "charthouse.urls"
APPEND_SLASH = False  # a redirect would drop the body of a POST
WSGI_APPLICATION = "charthouse.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent],  # templates of the console lie beside their views
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "charthouse.identity.incarnations.describe_to_pages",
            ]
        },
    }
]

AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "charthouse.identity.backend.Backend",
]
# The first is for passwords, the second for app secrets, which are long and random.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "charthouse.identity.hashers.SecretHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
# The console is in English; the portal and what patients are sent in these languages (domains.patients.languages).
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Spanish")]
LOCALE_PATHS = [Path(__file__).parent / "locale"]
STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # unused
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "files": _files(os.environ.get("CHARTHOUSE_FILES", "")),
}
EMAIL_BACKEND = "charthouse.outbox.backend.QueuedEmailBackend"
SMTP_URL = os.environ.get("CHARTHOUSE_SMTP_URL", "")
DEFAULT_FROM_EMAIL = os.environ.get("CHARTHOUSE_MAIL_FROM") or f"no-reply@{urlsplit(BASE_URL).hostname}"
SMS_URL = os.environ.get("CHARTHOUSE_SMS_URL", "")
SMS_TOKEN = os.environ.get("CHARTHOUSE_SMS_TOKEN", "")
FILE_UPLOAD_HANDLERS = ["charthouse.files.spool.SpoolUploadHandler"]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
X_FRAME_OPTIONS = "DENY"
WHITENOISE_USE_FINDERS = True

# Cookies: not readable by scripts, not sent cross-site, and only over TLS where the base URL has it. The scheme of a
# request is that of the base URL (identity.origin), not what a header says.
SESSION_COOKIE_NAME = "charthouse_session"
CSRF_COOKIE_NAME = "charthouse_csrf"
CSRF_FAILURE_VIEW = "charthouse.portal.error_pages.render_csrf_failure"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SESSION_COOKIE_AGE = 12 * 3600  # see identity.sessions
PASSWORD_RESET_TIMEOUT = 24 * 3600
OTP_TOTP_ISSUER = "Charthouse"
CSRF_COOKIE_AGE = None
SECURE_HSTS_SECONDS = 365 * 86400 if TLS else 0

# Five wrong passwords for one user name from one address lock that pair for 15 minutes, by the system's own clock.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "charthouse.identity.lockout.render_locked_out"
AXES_CLIENT_IP_CALLABLE = "charthouse.identity.client_ip.get_request_ip"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "next", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True

try:
    LOGGING = logs.build_config(os.environ.get("CHARTHOUSE_LOG", ""), DATA)
except ValueError as _error:
    raise CommandError(str(_error)) from None

OAUTH2_PROVIDER_APPLICATION_MODEL = "identity.Application"
OAUTH2_PROVIDER_GRANT_MODEL = "identity.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "identity.AccessToken"  # noqa: S105
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "identity.RefreshToken"  # noqa: S105
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "oauth2_provider.IDToken"  # noqa: S105
OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "oauth2_provider.DeviceGrant"
# Most of the package's own migrations change the models that are swapped for those above.
MIGRATION_MODULES = {"oauth2_provider": "charthouse.identity.migrations.oauth2_provider"}
# identity.token_pairs defines the lifetimes of codes and tokens, identity.scopes the scopes.
OAUTH2_PROVIDER: dict[str, object] = {
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "CLIENT_SECRET_HASHER": "secret_sha256",
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.WebApplicationServer",
    "OAUTH2_VALIDATOR_CLASS": "charthouse.identity.oauth_validator.OAuthValidator",
    "SCOPES_BACKEND_CLASS": "charthouse.identity.scopes.ScopesBackend",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 48 * 3600,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "PKCE_REQUIRED": False,
    # These grants are not supported, nor access tokens in the query of an API call.
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
}
# Behavior of the hosted API that its clients rely on: docs/decisions/0010-oauth.md.
SILENCED_SYSTEM_CHECKS = [
    f"oauth2_provider.{warning}" for warning in ("W003", "W005", "W007", "W008", "W010")
]
