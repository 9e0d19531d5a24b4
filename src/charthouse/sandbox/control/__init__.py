"""The control API of a sandbox, below ``/_sandbox/v1``. Loaded by the web server of a sandbox alone."""
