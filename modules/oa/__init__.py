"""OA: documents, approvals and working together."""
