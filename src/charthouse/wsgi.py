"""The web server's entry: API calls go to their dialect, everything else to Django's pages."""
