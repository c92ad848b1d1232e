"""What kind of file some bytes are, told from the bytes: a browser is never told what a sender claims."""

from pathlib import PurePosixPath

HEAD = 4096
TEXT, OTHER = "text/plain", "application/octet-stream"
ZIP, OLE, PDF = "application/zip", "application/x-ole-storage", "application/pdf"
_BEGINNINGS = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"PK\x03\x04", ZIP),  # and so every office document of today
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),  # office documents of old
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"AC10", "image/vnd.dwg"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_BRANDS = {b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heic", b"avif": "image/avif", b"qt  ": "video/quicktime"}
# The types that the ending of a name promises; another ending promises nothing.
_PROMISED = {
    ("pdf",): {PDF},
    ("png",): {"image/png"},
    ("jpg", "jpeg"): {"image/jpeg"},
    ("gif",): {"image/gif"},
    ("tif", "tiff"): {"image/tiff"},
    ("webp",): {"image/webp"},
    ("heic",): {"image/heic"},
    ("avif",): {"image/avif"},
    ("zip", "docx", "xlsx", "pptx", "odt", "ods", "odp", "ofd"): {ZIP},
    ("doc", "xls", "ppt", "msg"): {OLE},
    ("gz",): {"application/gzip"},
    ("7z",): {"application/x-7z-compressed"},
    ("rar",): {"application/vnd.rar"},
    ("mp3",): {"audio/mpeg"},
    ("ogg",): {"audio/ogg"},
    ("wav",): {"audio/wav"},
    ("mp4", "m4a"): {"video/mp4"},
    ("mov",): {"video/quicktime", "video/mp4"},
    ("dwg",): {"image/vnd.dwg"},
    ("txt", "csv", "json", "jsonl", "xml", "html", "svg", "md", "eml"): {TEXT},
}
PROMISED = {ending: kinds for endings, kinds in _PROMISED.items() for ending in endings}
KNOWN = frozenset({TEXT, "video/mp4", *(kind for _, kind in _BEGINNINGS), *_RIFF.values(), *_BRANDS.values()})


def media_type_of(head: bytes) -> str:
    """Return the media type of a file that begins with `head`, its first `HEAD` bytes; octets when nothing is recognised.

    Text is plain text whatever it says: a page or a script that somebody uploads is never served as one.
    """
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], OTHER)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    return TEXT if _is_text(head) else OTHER


def lies(name: str, kind: str) -> bool:
    """Say whether the ending of a file's name promises another type than its bytes have."""
    promised = PROMISED.get(PurePosixPath(name).suffix.removeprefix(".").lower())
    return promised is not None and kind not in promised


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return len(head) == HEAD and error.start > HEAD - 4  # a character that the end of the head cuts
    return True
