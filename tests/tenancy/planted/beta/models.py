from django.db import models
from tessera.models import Model

from tests.tenancy.planted.alpha.models import Thing


class Part(Model):
    thing = models.ForeignKey(Thing, on_delete=models.DO_NOTHING, related_name="+")
    text = models.TextField(blank=True)
