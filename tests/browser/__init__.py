from tests import waiting

# What keeps Chromium from asking anything of anybody.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
QUIET += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
PATIENCE = 1000 * waiting.PATIENCE  # milliseconds, as Playwright counts
