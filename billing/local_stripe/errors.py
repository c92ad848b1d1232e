"""What Stripe answers when a request is wrong or a card is."""

from typing import Any


class StripeError(Exception):
    """An error of the API: its HTTP status, type, code, the parameter at fault, and what else the error object tells."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": kind, "message": message, "code": code, "param": param, **more}

    def body(self) -> dict[str, Any]:
        """Return the error object, without what it does not tell."""
        return {"error": {key: value for key, value in self.error.items() if value is not None}}


def missing(kind: str, key: str, param: str = "id") -> StripeError:
    """Make the error for an object that does not exist."""
    name = kind.rpartition(".")[2]
    return StripeError(f"No such {name}: '{key}'", status=404 if param == "id" else 400, code="resource_missing", param=param)


def declined(decline_code: str, message: str, *, code: str = "card_declined", **more: Any) -> StripeError:
    """Make the error for a card that was refused."""
    return StripeError(message, status=402, kind="card_error", code=code, decline_code=decline_code, **more)
