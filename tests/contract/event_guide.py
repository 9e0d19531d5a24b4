"""``python -m tests.contract.event_guide`` writes docs/guides/events.md from the declarations."""

import os
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "events.md"

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
    os.environ.setdefault("CHARTHOUSE_SECRET_KEY", "nothing is signed")
    import django

    django.setup()
    from charthouse.gateway.docs.event_bodies import print_guide

    PAGE.write_text(print_guide())
