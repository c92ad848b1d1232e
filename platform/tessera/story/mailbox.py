"""The letters that the development mail backend wrote to files."""

import email
import email.policy
import re
from pathlib import Path

_LINK = re.compile(r"https?://[^\s<>\"]+")


class Mailbox:
    """Look for letters to a person; letters that were there before are known by their count."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def links_to(self, address: str, containing: str) -> list[str]:
        """Return the links with `containing` in letters to `address`, oldest letter first."""
        found: list[str] = []
        files = sorted(self.folder.glob("*.log"), key=lambda file: file.stat().st_mtime) if self.folder.is_dir() else []
        for file in files:
            for text in file.read_bytes().split(b"-" * 79 + b"\n"):
                if not text.strip():
                    continue
                letter = email.message_from_bytes(text.lstrip(), policy=email.policy.default)
                body = letter.get_body(("plain",))
                if address in str(letter["To"]) and body is not None:
                    found += [link.rstrip(".,)") for link in _LINK.findall(body.get_content()) if containing in link]
        return found
