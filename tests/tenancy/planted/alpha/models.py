from django.db import models
from tessera.models import Model


class Thing(Model):
    name = models.CharField(max_length=50, db_index=True)
    amount = models.IntegerField(default=0)
    code = models.CharField(max_length=20, default="none")

    class Meta(Model.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="alpha_thing_not_negative"),
            models.UniqueConstraint(fields=["name"], name="alpha_thing_once"),
        ]
