from django.db import migrations, models

from charthouse.identity.migration_operations import RunSQLFile


class Migration(migrations.Migration):
    """The row itself is inserted by a migration of ``changes``, which knows the numbers that are stored."""

    dependencies = [("identity", "0005_importing")]

    operations = [
        migrations.CreateModel(
            name="Incarnation",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("number", models.IntegerField()),
                ("server", models.CharField(max_length=40)),
                ("relation", models.BigIntegerField()),
                ("timeline", models.IntegerField()),
                ("transaction_offset", models.BigIntegerField()),
                ("began_at", models.DateTimeField()),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("new", "New"),
                            ("copy", "Restored from a dump, upgraded, or copied"),
                            ("recovery", "Recovered from a backup"),
                            ("failover", "A standby was promoted"),
                            ("marked", "Marked as a copy"),
                        ],
                        max_length=10,
                    ),
                ),
                ("paused_since", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_incarnation")],
            },
        ),
        RunSQLFile(__file__),
    ]
