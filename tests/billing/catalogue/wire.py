"""The way from the SDK to Stripe: it notes what is written, and can be cut after an answer was made and before it is read."""

from urllib.parse import urlsplit

import stripe


class Killed(BaseException):
    """The process ends here."""


class Wire(stripe.RequestsClient):
    """Carry requests; `written` are those that write, as (method, path). `dies_at` is the write whose answer nobody reads."""

    def __init__(self, dies_at=None):
        super().__init__()
        self.written = []
        self.dies_at = dies_at

    def request(self, method, url, headers, post_data=None):
        answer = super().request(method, url, headers, post_data)
        if method != "get":
            self.written.append((method, urlsplit(url).path))
            if len(self.written) == self.dies_at:
                raise Killed
        return answer


def client_of(local, wire):
    """Return the SDK's client for a local Stripe, over a wire."""
    return stripe.StripeClient("sk_test_local", base_addresses={"api": local.url}, http_client=wire, max_network_retries=0)
