"""OpenAPI documents, printed from the declarations."""
