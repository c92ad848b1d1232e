"""What `tessera.testing.rows` cannot know: what an operation is made of."""

ROWS = {
    "BulkOperation": {
        "kind": "export",
        "state": "waiting",
        "text": "{ parties { nodes { id } } }",
        "variables": {},
        "language": "en",
        "token": None,
        "permission": "base.party_view",
        "input_file": None,
        "result_file": None,
        "lease": None,
        "leased_until": None,
        "finished_at": None,
        "rows_failed": 0,
    }
}
