"""Keys that id tokens are signed with: files, named by the environment; a machine of one's own makes itself one."""

import contextlib
import os
from pathlib import Path


def signing_keys(paths: str) -> list[dict]:
    """Return django-allauth's setting from paths of PEM files, separated by the system's separator; the first one signs.

    The ones behind it are the keys of before, which stay published until nobody has a token of them.
    """
    return [{"pem": Path(path).read_text()} for path in paths.split(os.pathsep)]


def local_key(path: Path) -> Path:
    """Return the path of a key that is made the first time, for a machine of one's own."""
    if not path.exists():
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(f".{os.getpid()}")
        with open(new, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with contextlib.suppress(FileExistsError):  # another process was first: its key counts
            os.link(new, path)
        new.unlink()
    return path
