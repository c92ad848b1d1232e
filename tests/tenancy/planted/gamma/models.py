from django.db import models
from tessera.models import Model


class Note(Model):
    text = models.TextField(blank=True)
