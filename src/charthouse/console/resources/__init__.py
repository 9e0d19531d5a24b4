"""Resources that the console writes and no API serves, one module a domain."""
