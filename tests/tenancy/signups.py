"""A wish for a company, and the link that confirms it."""

import re

from django.core import mail

from tenants.signup import request_signup

WISH = {
    "company": "Acme Ltd",
    "slug": "acme",
    "email": "Ada@Acme.test",
    "password": "correct horse battery",
    "modules": [],
    "ip": "192.0.2.1",
}


def ask(**changes) -> str:
    """Ask for a tenant and return the token that was mailed."""
    request_signup(**{**WISH, **changes})
    return token_of(mail.outbox[-1])


def token_of(message) -> str:
    return re.search(r"/signup/confirm/(\S+)", message.body).group(1)
