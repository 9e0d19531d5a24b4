"""What may be said of a resource: types, sources, keys, filters, policy, operations, events, registry."""
