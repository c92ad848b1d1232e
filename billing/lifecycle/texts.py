"""What letters and banners say, in the language in force; days and times are those of the company."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from tessera.accounts.addresses import accounts_url
from tessera.quotas import Meter

from billing.models import Letter
from billing.reducer import Access, Notice
from tenants.models import Tenant

Kind = Letter.Kind


def billing_url(tenant: Tenant) -> str:
    """Return the address of a company's billing page, on the accounts host."""
    return accounts_url(settings.TESSERA_BILLING_PAGE.format(slug=tenant.slug))


def day_of(tenant: Tenant, at: datetime) -> str:
    """Return the day of a moment where the company is, as it is written in the language in force."""
    return date_format(at.astimezone(ZoneInfo(tenant.time_zone)), "DATE_FORMAT")


def text_of(letter: Letter) -> tuple[str, str]:
    """Return the subject and the text of a letter."""
    tenant, shown = letter.tenant, letter.shown
    said = {"company": tenant.name, "url": billing_url(tenant), "days": shown.get("days", 0)}
    if "at" in shown:
        said["day"] = day_of(tenant, datetime.fromisoformat(shown["at"]))
    if letter.kind == Kind.LIMIT:
        said |= _of_limit(shown)
    if letter.kind == Kind.SPEND:
        said |= {**shown, "percent": f"{shown['percent']} %"}
    subject, text = _TEXTS[letter.kind](shown)
    return subject.format(**said), f"{text.format(**said)}\n\n{said['url']}\n"


def _trial_ends(shown: dict) -> tuple[str, str]:
    subject = ngettext("The trial of {company} ends in {days} day", "The trial of {company} ends in {days} days", shown["days"])
    return subject, _(
        "The trial of {company} ends on {day}. From then on everything can be read and exported, and nothing can be changed, until "
        "you choose a plan."
    )


def _trial_over(shown: dict) -> tuple[str, str]:
    return _("The trial of {company} is over"), _(
        "The trial of {company} is over. Everything can be read and exported, and nothing can be changed. Choose a plan, and it works "
        "again at once. Otherwise it is suspended on {day}; its data is kept."
    )


def _suspends(shown: dict) -> tuple[str, str]:
    return _("{company} will be suspended on {day}"), _(
        "On {day} {company} is suspended: nobody can use it, and its data is kept. To prevent that, pay what is due or choose a plan."
    )


def _archives(shown: dict) -> tuple[str, str]:
    return _("{company} will be archived on {day}"), _(
        "{company} is suspended, and on {day} it is archived: all its data is exported, and you are told when it will be deleted. Pay "
        "what is due or choose a plan, and it works again at once."
    )


def _deletes(shown: dict) -> tuple[str, str]:
    return _("All data of {company} will be deleted on {day}"), _(
        "{company} is archived. All its data, with its files, is exported and waits for you to download it. On {day} the data is "
        "deleted for good. Choose a plan before, and everything works again at once."
    )


def _deleted(shown: dict) -> tuple[str, str]:
    return _("All data of {company} is deleted"), _(
        "All data of {company} is deleted. Its export can be downloaded until {day}; then it is deleted too."
    )


def _limit(shown: dict) -> tuple[str, str]:
    subject = _("{company} has used {percent} of its {meter}")
    if shown["percent"] < 100:
        return subject, _("Of {included} {meter} that the plan of {company} includes, {used} are used.")
    if shown["is_soft"]:
        return subject, _(
            "All {included} {meter} that the plan of {company} includes are used. Work goes on; what is used beyond is added to the "
            "next invoice. A larger plan may cost less."
        )
    return subject, _(
        "All {included} {meter} that the plan of {company} includes are used. What needs more is refused, until some is free or a "
        "larger plan is chosen."
    )


def _spend(shown: dict) -> tuple[str, str]:
    subject = _("{company} has reached {percent} of its spend cap")
    if shown["percent"] < 100:
        return subject, _(
            "{company} spends {spend} {currency} this month on bundles, modules and use beyond its plan; its cap is {cap} {currency}."
        )
    return subject, _(
        "{company} spends {spend} {currency} this month on bundles, modules and use beyond its plan, and its cap is {cap} {currency}: "
        "nothing more can be bought beside the plan until the cap is raised. Work goes on."
    )


_TEXTS = {
    Kind.TRIAL_ENDS: _trial_ends,
    Kind.TRIAL_OVER: _trial_over,
    Kind.SUSPENDS: _suspends,
    Kind.ARCHIVES: _archives,
    Kind.DELETES: _deletes,
    Kind.DELETED: _deleted,
    Kind.LIMIT: _limit,
    Kind.SPEND: _spend,
}


def _of_limit(shown: dict) -> dict[str, object]:
    counts = {name: number_format(shown[name], use_l10n=True, force_grouping=True) for name in ("used", "included")}
    return {"percent": f"{shown['percent']} %", "meter": meter_title(shown["meter"]), **counts}


def meter_title(meter: str) -> str:
    """Return what is counted, as it is called in a sentence."""
    return {
        Meter.SEATS: _("seats"),
        Meter.STORAGE: _("bytes of storage"),
        Meter.AUTOMATION_RUNS: _("automation runs of this month"),
        Meter.MESSAGES: _("messages of this month"),
    }[Meter(meter)]


def banner_of(tenant: Tenant, access: Access, notice: Notice | None, next_at: datetime | None) -> str:
    """Return what everybody in the company is told on every page; "" for nothing. `next_at` is when its access changes next."""
    if notice is None:
        return ""
    key = (notice, access is not Access.FULL)
    said = {
        (Notice.TRIAL_ENDS, False): _("The trial ends on {day}. Choose a plan to go on working."),
        (Notice.TRIAL_OVER, True): _(
            "The trial is over: everything can be read and exported, nothing can be changed. Choose a plan."
        ),
        (Notice.PAYMENT_FAILED, False): _("A payment has failed. Unless it is paid, nothing can be changed from {day} on."),
        (Notice.PAYMENT_FAILED, True): _(
            "A payment has failed: everything can be read, nothing can be changed, until it is paid."
        ),
        (Notice.ENDED, True): _("The subscription has ended: everything can be read and exported, nothing can be changed."),
        (Notice.DISPUTED, False): _("A payment is disputed. Please see Billing."),
        (Notice.DISPUTED, True): _("A payment is disputed. Please see Billing."),
        (Notice.PAUSED, True): _("The subscription is paused: everything can be read and exported, nothing can be changed."),
        (Notice.PAUSED, False): _("The subscription is paused."),
        (Notice.CANCELS, False): _("The subscription ends on {day}."),
    }.get(key)
    if said is None or ("{day}" in said and next_at is None):
        return _("Please see Billing.")
    return said.format(day=day_of(tenant, next_at) if next_at else "")
