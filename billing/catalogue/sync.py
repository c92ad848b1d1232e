"""Bring the catalogue to Stripe: read what is there, take the steps that are missing, and read again.

A run that was killed is resumed by the next: what it did is found. A second run writes nothing.
"""

from collections.abc import Callable

from stripe import StripeClient, StripeError

from billing.catalogue.offers import Catalogue
from billing.catalogue.syncing.found import Found, SyncRefused, read_stripe
from billing.catalogue.syncing.steps import plan
from billing.catalogue.syncing.writer import Writer


def sync_catalogue(
    *, client: StripeClient, catalogue: Catalogue, dry_run: bool = False, tell: Callable[[str], None] = lambda said: None
) -> int:
    """Take all steps, each told with its place, and return how many there were; with `dry_run` they are only told.

    Raises SyncRefused with the step that Stripe refused, and when Stripe cannot be read or still differs after all of them.
    """
    found = _read(client)
    steps = plan(catalogue, found)
    writer = Writer(client, found.ids())
    for place, step in enumerate(steps, 1):
        tell(f"{place}/{len(steps)} {step.says}")
        if not dry_run:
            try:
                writer.write(step)
            except StripeError as error:
                raise SyncRefused(f"step {place} of {len(steps)}, {step.says}: {error}") from error
    if steps and not dry_run and (missing := plan(catalogue, _read(client))):
        raise SyncRefused(f"Stripe took every step and still differs: {'; '.join(step.says for step in missing)}")
    return len(steps)


def _read(client: StripeClient) -> Found:
    try:
        return read_stripe(client)
    except StripeError as error:
        raise SyncRefused(f"Stripe cannot be read: {error}") from error
