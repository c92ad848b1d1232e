"""Reasons of the reducer in words."""

from django.utils.translation import gettext as _
from tessera.module import modules

from billing.catalogue.selectors import catalogue
from billing.reducer import Cause, Reason


def said(reason: Reason) -> str:
    """Return a reason as a sentence in the reader's language."""
    sentences = _of_account() if not reason.module else _given() if reason.is_given else _withheld()
    return sentences[reason.cause] % {"source": _module(reason.source), "product": _product(reason.product)}


def _of_account() -> dict[Cause, str]:
    return {
        Cause.TRIAL: _("The trial goes on."),
        Cause.TRIAL_OVER: _("The trial is over."),
        Cause.ACTIVE: _("The subscription %(source)s is active."),
        Cause.UNPAID: _("A payment for the subscription %(source)s has failed."),
        Cause.PAUSED: _("The subscription %(source)s is paused."),
        Cause.ENDED: _("The subscription %(source)s has ended."),
        Cause.INCOMPLETE: _("The first payment for the subscription %(source)s is missing."),
        Cause.UNKNOWN_PRODUCT: _("The product %(product)s of the subscription %(source)s is not known."),
    }


def _given() -> dict[Cause, str]:
    return {
        Cause.TRIAL: _("It is part of the trial."),
        Cause.TRIAL_OVER: _("It was part of the trial, which is over."),
        Cause.ACTIVE: _("%(product)s of the subscription %(source)s gives it."),
        Cause.UNPAID: _("%(product)s of the subscription %(source)s gives it; a payment has failed."),
        Cause.PAUSED: _("%(product)s of the subscription %(source)s gives it; the subscription is paused."),
        Cause.ENDED: _("%(product)s of the subscription %(source)s gave it; the subscription has ended."),
        Cause.ALWAYS_ON: _("It is part of the platform."),
        Cause.FREE: _("It is free of charge."),
        Cause.GRANTED: _("It was given to you: %(source)s."),
        Cause.NEEDED: _("The module %(source)s needs it."),
    }


def _withheld() -> dict[Cause, str]:
    return {
        Cause.UNPAID: _("%(product)s of the subscription %(source)s would give it, but a payment has failed."),
        Cause.PAUSED: _("%(product)s of the subscription %(source)s would give it, but the subscription is paused."),
        Cause.ENDED: _("%(product)s of the subscription %(source)s gave it, but the subscription has ended."),
        Cause.INCOMPLETE: _("%(product)s of the subscription %(source)s would give it, but the first payment is missing."),
        Cause.GRANT_OVER: _("It was given to you for a while: %(source)s."),
        Cause.NEEDS: _("It needs the module %(source)s, which was not bought."),
        Cause.NOT_BOUGHT: _("It was not bought."),
    }


def _module(source: str) -> str:
    return str(modules()[source].title) if source in modules() else source


def _product(key: str) -> str:
    offer = catalogue().by_key.get(key)
    return str(offer.title) if offer else key
