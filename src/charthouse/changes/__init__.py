"""What changed and who is told: the change feed, webhooks and their deliveries, and the clock that a sandbox moves."""
