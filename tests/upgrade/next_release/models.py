from django.db import models


class Reading(models.Model):
    class Meta:
        app_label = "next_release"
        indexes = (models.Index(fields=["taken_at"], name="reading_taken"),)

    value = models.IntegerField()
    taken_at = models.DateTimeField(null=True)
