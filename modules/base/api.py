"""What other modules may use of the base."""

__all__ = [name for name in dir() if not name.startswith("_")]
