# What keeps Chromium from asking anything of anybody.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
QUIET += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
PATIENCE = 120_000  # milliseconds after which something that should happen has failed, on the busiest machine
