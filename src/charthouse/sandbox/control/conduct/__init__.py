"""How calls of an app or an API user are read and answered: modes, explanations and extras."""
