"""The change feed, webhooks and their deliveries, and control of a sandbox's clock."""
