"""Databases of past releases, one folder a release, and the test that this version upgrades them with nothing lost."""
