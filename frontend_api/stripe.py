"""POST /stripe/webhook on the accounts host: what Stripe tells is kept and answered; what follows from it comes later."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.events.inbox import MOST, BadEvent, BadSignature, receive_event
from billing.gateway.client import is_billing_on
from tenants.views import on_accounts_host


@csrf_exempt
@on_accounts_host
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Answer 200 for an event that is kept now or was before, 400 for what is not Stripe's, 413 for what is too long."""
    if not is_billing_on():
        raise Http404
    body = request.read(MOST + 1)
    if len(body) > MOST:
        return _plain("The event is too long.", 413)
    try:
        receive_event(body=body, signature=request.headers.get("Stripe-Signature", ""))
    except (BadSignature, BadEvent) as refused:
        return _plain(f"This is refused: {refused}.", 400)
    return _plain("Thank you.", 200)


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
