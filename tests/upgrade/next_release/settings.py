from charthouse.settings import *  # noqa: F403
from charthouse.settings import DATA, INSTALLED_APPS

if (DATA / "next_release").exists():
    INSTALLED_APPS = [*INSTALLED_APPS, "tests.upgrade.next_release"]
