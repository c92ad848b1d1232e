"""The process of streams without the checks of `frontend_api.asgi`, which the database of the tests does not pass."""

import django

django.setup()

from frontend_api.streams.app import Application  # noqa: E402 (needs the apps)

application = Application()
