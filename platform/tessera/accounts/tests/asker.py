"""Another process of the product: answers who one is, for each line of `host token` that it reads.

Run as `python asker.py`; it prints the status and the rights, as JSON, and lives until its input ends.
"""

import json
import sys

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402

settings.ROOT_URLCONF = "tessera.accounts.tests.urls"
for line in sys.stdin:
    host, token = line.split()
    answer = Client(HTTP_HOST=host, HTTP_AUTHORIZATION=f"Bearer {token}").get("/whoami")
    rights = answer.json()["rights"] if answer.status_code == 200 else None
    print(json.dumps([answer.status_code, rights]), flush=True)
