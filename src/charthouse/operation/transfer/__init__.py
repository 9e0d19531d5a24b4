"""A practice leaves with all that is its own, and moves into another installation. The format: docs/export.md."""
