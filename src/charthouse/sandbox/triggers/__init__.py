"""Causing the events of webhooks: for each event of the catalog, the write that it follows from."""
