"""How texts are put together of others."""

from collections.abc import Iterable

from django.utils.translation import pgettext


def listed(things: Iterable[str]) -> str:
    """Return names one after another, as the reader's language lists them: `a, b`, in Chinese `a、b`."""
    return pgettext("between things", ", ").join(things)
