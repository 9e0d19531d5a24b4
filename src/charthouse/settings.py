"""Settings, all from the environment. ``charthouse`` commands set it; see ``cli``.

DATABASE_URL           PostgreSQL 15+; the owner of the tables. Web and worker take up the role charthouse_web on it
CHARTHOUSE_DATA        directory of the instance: embedded database, secret key, files (default .charthouse)
CHARTHOUSE_SECRET_KEY  signing key; without it, one is made and kept in the data directory
CHARTHOUSE_SANDBOX     1 in a sandbox: log-ins are printed, loopback only
CHARTHOUSE_BASE_URL    where the server is reached, for links made outside of a request
CHARTHOUSE_HOSTS       comma list of host names that are served (default: loopback names)
"""

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

DATA = Path(os.environ.get("CHARTHOUSE_DATA", ".charthouse")).resolve()
SANDBOX = os.environ.get("CHARTHOUSE_SANDBOX") == "1"
DEBUG = False
WEB_ROLE = "charthouse_web"


def _secret_key() -> str:
    if key := os.environ.get("CHARTHOUSE_SECRET_KEY"):
        return key
    path = DATA / "secret_key"
    if not path.exists():
        DATA.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = _secret_key()
BASE_URL = os.environ.get("CHARTHOUSE_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = os.environ.get("CHARTHOUSE_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")


def _database(role: str | None) -> dict[str, object]:
    url = urlsplit(os.environ.get("DATABASE_URL", "postgresql:///charthouse"))
    query = dict(parse_qsl(url.query))
    options = query.pop("options", "")
    if role:  # nothing that a caller asks may run, or wait for a lock, without end
        options += f" -c role={role} -c statement_timeout=30s -c lock_timeout=10s"
    return {
        "ENGINE": "charthouse.identity.database",
        "NAME": unquote(url.path.lstrip("/")) or "charthouse",
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": query.pop("host", None) or unquote(url.hostname or ""),
        "PORT": str(url.port or query.pop("port", "")),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {**query, "options": f"{options} -c jit=off".strip(), "server_side_binding": True},
    }


# "default" is what requests use; "owner" runs migrations and bulk loads.
DATABASES = {"default": _database(WEB_ROLE), "owner": _database(None)}
DATABASE_ROUTERS: list[str] = []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "oauth2_provider",
    "procrastinate.contrib.django",
    "charthouse.identity",
    "charthouse.files",
    "charthouse.domains.practice",
    "charthouse.domains.patients",
    "charthouse.domains.scheduling",
    "charthouse.dialects",
    "charthouse.console",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "charthouse.identity.middleware.tenant",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "charthouse.identity.middleware.signed_in",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "charthouse.urls"
WSGI_APPLICATION = "charthouse.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing may use it
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "files": {"BACKEND": "charthouse.files.storage.Directory", "OPTIONS": {"location": DATA / "files"}},
}
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
X_FRAME_OPTIONS = "DENY"

OAUTH2_PROVIDER_APPLICATION_MODEL = "identity.Application"
OAUTH2_PROVIDER_GRANT_MODEL = "identity.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "identity.AccessToken"
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "identity.RefreshToken"
OAUTH2_PROVIDER: dict[str, object] = {"COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True}
