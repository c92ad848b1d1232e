"""Django, untyped, save for what our own types rest on."""

from typing import Any

def __getattr__(name: str) -> Any: ...
