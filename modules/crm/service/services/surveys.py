"""Surveys: sent once per delivered order, answered once by whoever holds the link."""

from datetime import timedelta
from math import ceil
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
from tessera.api import (
    ApiError,
    BadToken,
    Code,
    Meter,
    NotFound,
    Refused,
    current,
    link_documents,
    lock_for_update,
    move,
    publish,
    service,
    settings_of,
    sign,
    tenant_url,
    unsign,
    use,
)

from modules.base.api import Company, ContactPoint, Party
from modules.crm.service import events
from modules.crm.service.models import Survey, Ticket
from modules.crm.service.models.ticket import Priority
from modules.crm.service.services.tickets import open_ticket
from modules.crm.service.settings import ServiceSettings

LETTER = _noop(
    "Hello {name},\n\nyour order {number} from {company} is delivered. How did we do? It takes a minute to say:\n\n{link}\n"
)
PURPOSE = "service.survey"
LONGEST = timedelta(days=3650)  # how long a survey is open is kept with the survey
COMMENT = 5000
PAUSE, HOUR, MOST_AN_HOUR = timedelta(minutes=10), timedelta(hours=1), 100


@service()
def send_survey(
    *, kind: str, document: UUID, number: str, company: Company, party: Party, contact: Party | None = None
) -> Survey:
    """Ask the customer about a delivered document (of model `kind`), once; asked again, nothing happens."""
    known = Survey.objects.filter(document=document).first()
    if known is not None:
        return known
    survey = Survey(
        document=document,
        document_number=number,
        company=company,
        party=party,
        contact=contact,
        email=_email_of(contact) or _email_of(party),
        expires_at=timezone.now() + timedelta(days=settings_of(ServiceSettings).survey_days),
    )
    survey.save()
    link_documents(source_kind=kind, source=document, target=survey)
    if survey.email:
        use(Meter.MESSAGES)
    publish(events.SurveySent(subject=survey.pk, serial=survey.serial))
    return survey


@service(permission="service.survey_resend")
def resend_survey(*, survey: Survey, email: str = "") -> Survey:
    """Send the letter again, to another address if one is given; the earlier link is void.

    RATE_LIMITED is raised for the same survey within ten minutes, and beyond a hundred letters an hour.
    """
    survey = _locked(survey.pk)
    if survey.state != Survey.State.SENT:
        raise Refused("STATE", _("This survey is not open any more."), "state")
    _limit_resending(survey)
    if email:
        try:
            validate_email(email)
        except ValidationError:
            raise Refused("INVALID", _("This is no e-mail address."), "email") from None
        survey.email = email
    if not survey.email:
        raise Refused("REQUIRED", _("Nobody's e-mail address is known; name one."), "email")
    survey.serial += 1
    survey.mailed_at, survey.resent_at = None, timezone.now()
    survey.expires_at = survey.resent_at + timedelta(days=settings_of(ServiceSettings).survey_days)
    survey.save()
    use(Meter.MESSAGES)
    publish(events.SurveySent(subject=survey.pk, serial=survey.serial))
    return survey


def _limit_resending(survey: Survey) -> None:
    now = timezone.now()
    if survey.resent_at and (left := survey.resent_at + PAUSE - now) > timedelta():
        raise _too_often(left)
    lately = Survey.objects.filter(resent_at__gt=now - HOUR).order_by("-resent_at").values_list("resent_at", flat=True)
    if len(newest := list(lately[:MOST_AN_HOUR])) == MOST_AN_HOUR:
        raise _too_often(newest[-1] + HOUR - now)


def _too_often(left: timedelta) -> ApiError:
    message = _("Letters were sent again just now. Please try again later.")
    return ApiError(Code.RATE_LIMITED, message, retryAfter=ceil(left.total_seconds()))


@service()
def mail_survey(*, survey: UUID, serial: int) -> bool:
    """Mail the letter of a serial, once; an outdated or addressless one is not mailed. Say whether it was.

    Called by a handler, which is tried again until the mail server takes the letter. One that is answered already did go out, since its
    link is nowhere else: whoever mailed it was killed before that was kept.
    """
    found = _locked(survey)
    if found.serial != serial or found.mailed_at or not found.email or found.state == Survey.State.EXPIRED:
        return False
    if found.state == Survey.State.ANSWERED:
        found.mailed_at = found.answered_at
    else:
        _send_letter(found)
        found.mailed_at = timezone.now()
    found.save()
    return True


def _send_letter(found: Survey) -> None:
    person = found.contact or found.party
    shown = {
        "name": person.name,
        "number": found.document_number,
        "company": found.company.name,
        "link": tenant_url(current().tenant, f"/public/surveyAnswer/{token_of(found)}"),
    }
    with translation.override(person.language or current().tenant.language):
        send_mail(_("How was your order {number}?").format(**shown), _(LETTER).format(**shown), None, [found.email])


@service(permission="service.survey_answer", public=True)
def answer_survey(*, token: str, score: int, comment: str = "") -> Survey:
    """Take a customer's answer, once: `score` is 1 (bad) to 5 (good). A low score opens a ticket.

    The same answer said again changes nothing; another one is refused.
    `token` is the last part of the link in the letter; it is all that is needed.
    """
    survey = _opened_by(token)
    if not 1 <= score <= 5:
        raise Refused("INVALID", _("A score is between 1 and 5."), "score")
    if len(comment) > COMMENT:
        raise Refused("INVALID", _("A comment has at most {n} characters.").format(n=COMMENT), "comment")
    if survey.state == Survey.State.ANSWERED:
        if (survey.score, survey.comment) == (score, comment):
            return survey  # a form that was sent twice: the first answer to it was lost on the way
        raise Refused("STATE", _("This survey is answered already."), "token")
    survey.score, survey.comment, survey.answered_at = score, comment, timezone.now()
    move(survey, Survey.State.ANSWERED, also=("score", "comment", "answered_at"))
    publish(events.SurveyAnswered(subject=survey.pk, score=score, party=survey.party_id))
    if score <= settings_of(ServiceSettings).low_score:
        _open_ticket(survey)
    return survey


@service()
def expire_surveys() -> int:
    """End the surveys that nobody answered in time; return how many."""
    late = Survey.objects.filter(state=Survey.State.SENT, expires_at__lt=timezone.now())
    rows = lock_for_update(late)
    for survey in rows:
        move(survey, Survey.State.EXPIRED)
    return len(rows)


def token_of(survey: Survey) -> str:
    """Return what answers the survey: a signature, kept nowhere."""
    return sign(PURPOSE, [survey.pk.hex, survey.serial])


def _opened_by(token: str) -> Survey:
    """Return the survey that a token opens, locked; refuse every other token alike."""
    refusal = Refused("NOT_FOUND", _("This link is not valid any more."), "token")
    try:
        key, serial = unsign(PURPOSE, token, LONGEST)
        survey = _locked(UUID(key))
    except (BadToken, NotFound):
        raise refusal from None
    outdated = survey.serial != serial or survey.state == Survey.State.EXPIRED
    if outdated or (survey.state == Survey.State.SENT and survey.expires_at < timezone.now()):
        raise refusal
    return survey


def _open_ticket(survey: Survey) -> Ticket:
    return open_ticket(
        subject=_("{score} of 5 for order {number}").format(score=survey.score, number=survey.document_number),
        description=survey.comment,
        priority=Priority.HIGH,
        company=survey.company,
        party=survey.party,
        contact=survey.contact,
        survey=survey,
    )


def _locked(key: UUID) -> Survey:
    rows = lock_for_update(Survey.objects.filter(pk=key))
    if not rows:
        raise NotFound()
    return rows[0]


def _email_of(party: Party | None) -> str:
    if party is None:
        return ""
    points = party.contact_points.filter(kind=ContactPoint.Kind.EMAIL).order_by("id")
    return points.values_list("value", flat=True).first() or ""
