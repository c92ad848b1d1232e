"""What tessera.testing.rows cannot know of a model's values."""

KIND = {"kind": "orders.Quote"}  # of the documents that a request may be about, the kind that any mix of modules knows first
ROWS = {"ProcessInstance": KIND, "ApprovalTask": KIND}
