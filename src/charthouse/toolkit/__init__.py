"""Tools of integration developers around a running sandbox: the declarations of its control API, and the command line,
the Python client and the fixtures of pytest that are made of them. Django is not needed here."""
