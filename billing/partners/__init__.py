"""Partners get paid: their part of what was paid becomes ledger lines, those statements, and those transfers."""
