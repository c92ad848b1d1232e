"""What the constraints of usage want."""

ROWS = {"UsageCount": {"used": 1, "beyond": 0}}
