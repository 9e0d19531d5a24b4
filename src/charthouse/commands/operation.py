"""``charthouse check`` and ``charthouse doctor``. Importing this module sets up Django."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
django.setup()

from charthouse.operation import checking, doctor, findings  # noqa: E402


def check(*, as_json: bool) -> bool:
    """Print what is unsafe or missing, and how to mend it. Return whether nothing is an error."""
    found = checking.list_findings()
    is_safe = not findings.has_errors(found)
    if as_json:
        print(json.dumps({"ok": is_safe, "checks": findings.render_objects(found)}, indent=2))
    else:
        print(findings.render_text(found))
    return is_safe


def print_report(*, as_json: bool) -> None:
    """Print the report for support."""
    report = doctor.make_report()
    print(json.dumps(report, indent=2) if as_json else doctor.render_text(report))
