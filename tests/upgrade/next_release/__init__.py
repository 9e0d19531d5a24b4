"""The next release, as an app with the migrations that it would have: what contributors may write while servers of the
release before go on serving. Its settings add it once the file ``next_release`` is in the data directory."""
