"""Choices are enums: without this their members look like tuples. The rest of Django is Any."""

import enum
from typing import Any

class TextChoices(str, enum.Enum):  # noqa: UP042  as Django has it
    def __init__(self, value: str, label: Any = ...) -> None: ...
    @property
    def label(self) -> str: ...
    choices: Any
    values: Any
    labels: Any

class IntegerChoices(int, enum.Enum):
    def __init__(self, value: int, label: Any = ...) -> None: ...
    @property
    def label(self) -> str: ...
    choices: Any
    values: Any
    labels: Any

def __getattr__(name: str) -> Any: ...
