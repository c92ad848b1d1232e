"""What the constraints of webhooks want."""

ROWS = {"WebhookSubscription": {"url": "https://hooks.example.com/in", "secret": "", "events": ["nothing.at_all"]}}
