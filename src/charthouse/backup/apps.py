from django.apps import AppConfig


class BackupConfig(AppConfig):
    """Backups of the database, of files and of keys; restoring them; drills."""

    name = "charthouse.backup"
    label = "backup"
