"""Approvals: which documents wait for whom, and what each of them said."""
