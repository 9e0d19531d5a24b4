"""The subcommands of ``charthouse``: their arguments, and what they run, a module for each subject."""
