"""The resource engine: what may be declared of a resource, and how a request runs through the declaration.

Knows no domain and no dialect. ``sql`` composes and runs statements; ``declaration`` says what a resource is;
``execution`` takes a request through parse, plan, run and render; ``openapi`` prints the documents.
"""
