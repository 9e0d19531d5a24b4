"""Checks of the settings, of the data directory and of the clock: ``charthouse check``."""

import os
import shutil
import stat
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from charthouse import clock
from charthouse.audit import anchors
from charthouse.files import encryption_keys
from charthouse.identity import origin
from charthouse.operation.findings import Finding, Level, accept
from charthouse.operation.health import MIN_FREE_BYTES

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOW_BYTES = 5_000_000_000
MIN_KEY_LENGTH = 32  # characters


def check_base_url() -> Finding:
    name, url = "base URL", urlsplit(origin.build_lasting_url(""))
    if url.scheme == "https" or url.hostname in LOOPBACK:
        return accept(name, "https" if url.scheme == "https" else "loopback alone")
    return Finding(
        name,
        Level.ERROR,
        "Users reach the server without TLS: passwords and records can be read on the way.",
        "Put a proxy with TLS before it and set CHARTHOUSE_BASE_URL=https://... (README, Running it for real).",
    )


def check_proxies() -> Finding:
    name = "proxies"
    if settings.TLS and settings.PROXIES == 0:
        return Finding(
            name,
            Level.WARNING,
            "Every caller seems to come from the proxy: limits by address hold for all of them together.",
            "Unset CHARTHOUSE_PROXIES, or set it to the number of proxies.",
        )
    if settings.PROXIES and not settings.TLS:
        return Finding(
            name,
            Level.WARNING,
            "X-Forwarded-For is believed although the base URL names no proxy with TLS.",
            "Unset CHARTHOUSE_PROXIES unless a proxy is in front and the port is reachable by it alone.",
        )
    return accept(name, f"{settings.PROXIES} in front")


def check_sandbox() -> Finding:
    if not settings.SANDBOX:
        return accept("sandbox", "off")
    return Finding(
        "sandbox",
        Level.ERROR,
        "This is a sandbox: its passwords are printed and its clock can be moved.",
        "Never put real patients into it. Begin with charthouse migrate in another data directory.",
    )


def check_mail() -> Finding:
    name, url = "e-mail", urlsplit(settings.SMTP_URL)
    if not settings.SMTP_URL:
        return Finding(
            name,
            Level.WARNING,
            "No SMTP server: reminders and links to set a password wait in the outbox.",
            "Set CHARTHOUSE_SMTP_URL.",
        )
    if url.scheme == "smtp+plain" and url.hostname not in LOOPBACK:
        return Finding(
            name,
            Level.ERROR,
            "E-mail is sent without TLS.",
            "Use smtp:// or smtps:// in CHARTHOUSE_SMTP_URL.",
        )
    return accept(name, f"by {url.scheme}")


def check_anchors() -> Finding:
    name = "anchors"
    if not (settings.ANCHOR_FILE or settings.ANCHOR_EMAIL or settings.ANCHOR_BUCKET):
        return Finding(
            name,
            Level.WARNING,
            "Anchors of the audit are off: nothing shows that its end was cut off.",
            "Set CHARTHOUSE_ANCHOR_FILE, CHARTHOUSE_ANCHOR_EMAIL or CHARTHOUSE_ANCHOR_BUCKET (docs/audit.md).",
        )
    if settings.ANCHOR_FILE:
        path = Path(settings.ANCHOR_FILE)
        try:
            text = path.read_text("utf-8", "replace") if path.exists() else ""
        except OSError:
            text = ""
        newest = anchors.find_newest_time(text)
        if newest is None or newest < clock.now() - anchors.MAX_AGE:
            return Finding(
                name,
                Level.ERROR,
                "The file of anchors got none in the last two days.",
                "Run charthouse worker, see that it may write there, and charthouse audit anchor.",
            )
    return accept(name, "recorded daily")


def check_keys() -> Finding:
    name = "keys"
    if settings.SECRET_KEY_FILE.with_name("secret_key.next").exists():
        return Finding(
            name,
            Level.ERROR,
            "A change of the secret key was interrupted.",
            "Run charthouse rotatekeys again.",
        )
    if settings.SECRET_KEY_FALLBACKS:
        return Finding(
            name,
            Level.WARNING,
            "Former secret keys are still accepted.",
            "Run charthouse rotatekeys with them, then unset CHARTHOUSE_FORMER_KEYS.",
        )
    if len(settings.SECRET_KEY) < MIN_KEY_LENGTH:
        return Finding(
            name, Level.ERROR, "The secret key is short enough to be guessed.", "Run charthouse rotatekeys."
        )
    if settings.FILE_KEYS and "CHARTHOUSE_SECRET_KEY" in os.environ:
        return accept(name, "from the environment")
    return Finding(
        name,
        Level.NOTE,
        "The data directory has the only copy of keys that Charthouse knows of. Without them, files and secrets of a "
        "backup can't be read.",
        "Copy secret_key and file_keys to another place than backups of the database.",
    )


def check_data_directory() -> Finding:
    name, exposed = "data directory", []
    try:
        if settings.DATA.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
            exposed.append("the directory itself")
        for each in (settings.SECRET_KEY_FILE, settings.DATA / encryption_keys.FILE_NAME):
            if each.exists() and each.stat().st_mode & (stat.S_IRWXO | stat.S_IRWXG):
                exposed.append(each.name)
        if not os.access(settings.DATA, os.W_OK):
            return Finding(name, Level.ERROR, "It can't be written to.", "Give it to the user of the server.")
    except OSError as error:
        return Finding(
            name, Level.ERROR, f"It can't be read: {type(error).__name__}.", "See CHARTHOUSE_DATA."
        )
    if exposed:
        return Finding(
            name,
            Level.ERROR,
            f"Other users of this machine may read or change: {', '.join(exposed)}.",
            "chmod 711 the directory, 600 its keys.",
        )
    return accept(name, "closed to other users")


def check_disk() -> Finding:
    try:
        free = shutil.disk_usage(settings.DATA).free
    except OSError as error:
        return Finding(
            "disk", Level.ERROR, f"It can't be read: {type(error).__name__}.", "See CHARTHOUSE_DATA."
        )
    shown = f"{free / 1e9:.1f} GB free for the data directory"
    if free < MIN_FREE_BYTES:
        return Finding("disk", Level.ERROR, f"{shown}.", "Free some, or move the data directory.")
    if free < LOW_BYTES:
        return Finding("disk", Level.WARNING, f"{shown}.", "Free some, or move the data directory.")
    return accept("disk", shown)


def check_clock() -> Finding:
    if clock.get_offset() != timedelta(0):
        return Finding(
            "clock",
            Level.ERROR,
            "The clock was moved: what is written has wrong times.",
            "Only a sandbox may do so.",
        )
    return accept("clock", "the system's")


CHECKS = (
    check_base_url,
    check_proxies,
    check_sandbox,
    check_mail,
    check_anchors,
    check_keys,
    check_data_directory,
    check_disk,
    check_clock,
)
