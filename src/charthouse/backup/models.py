"""What was backed up and drilled, for the console, metrics and checks. Written by ``charthouse backup``."""

from django.db import models


class BackupRun(models.Model):
    """One backup, or one drill that restored a backup and compared it. ``kind``: full, incremental, logical or drill;
    ``backup``, ``line``: ids in the repository; ``detail``: what failed, for operators, or what is to be known of it;
    ``bytes``: stored again."""

    kind = models.CharField(max_length=20)
    backup = models.CharField(max_length=100, blank=True, default="")
    line = models.CharField(max_length=100, blank=True, default="")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(db_index=True)
    ok = models.BooleanField()
    detail = models.TextField(blank=True, default="")
    bytes = models.BigIntegerField(default=0)

    web_role_may = frozenset({"SELECT"})

    class Meta:
        db_table = "backup_run"

    def __str__(self) -> str:
        return f"{self.kind} {self.backup}"


class BackupStream(models.Model):
    """How far the continuous backup has come: one row, while there is one. ``stored_until``: every write that was
    committed before this time is in the backup."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    line = models.CharField(max_length=100)
    stored_until = models.DateTimeField()
    position = models.CharField(max_length=20)
    error = models.TextField(blank=True, default="")

    web_role_may = frozenset({"SELECT"})

    class Meta:
        db_table = "backup_stream"

    def __str__(self) -> str:
        return f"up to {self.stored_until}"
