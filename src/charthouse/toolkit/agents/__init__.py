"""``charthouse mcp``: both APIs, and the controls of a sandbox, as tools of the Model Context Protocol."""
