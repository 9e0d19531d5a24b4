"""Charthouse's tables, read through plain Django: the tables' owner, no row security, a persistent connection."""

from typing import Any

from charthouse.settings import *  # noqa: F403
from charthouse.settings import DATABASES as _DATABASES

_owner: dict[str, Any] = _DATABASES["owner"]
_options = {name: value for name, value in _owner["OPTIONS"].items() if name != "session"}
_session = " ".join(f"-c {name}={value}" for name, value in _owner["OPTIONS"]["session"].items())
DATABASES = {
    "default": {
        **_owner,
        "ENGINE": "django.db.backends.postgresql",
        "OPTIONS": _options | {"options": _session},
    }
}
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "bench.plain.urls"
APPEND_SLASH = False
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["oauth2_provider.contrib.rest_framework.OAuth2Authentication"],
    "DEFAULT_PAGINATION_CLASS": "bench.plain.paging.Pages",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "COERCE_DECIMAL_TO_STRING": True,
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S",
    "PAGE_SIZE": 250,
}
