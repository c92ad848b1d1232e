"""Write a new module's package from the template: small, whole, and already kept by the contract."""

import re
from pathlib import Path

from tessera.module import VENDOR, modules
from tessera.vendors import begins_with

TEMPLATE = Path(__file__).parent / "templates" / "module"
LABEL = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
NOUN = re.compile(r"[A-Z][a-z0-9]+([A-Z][a-z0-9]+)*")
PLACEHOLDER = re.compile(r"{{ ?(\w+) ?}}")
EACH_TEXT = re.compile(r"{% for text in own_texts %}\n(.*?){% endfor %}", re.DOTALL)


class CannotStart(ValueError):
    """Raised for a name that cannot be a module's or a noun's, or a folder that is there already."""


def words_of(label: str, noun: str, vendor: str = "") -> dict[str, str]:
    """Return what the template's placeholders stand for, for the module `label` of a vendor and the noun `SparePart`."""
    words = re.findall(r"[A-Z][a-z0-9]+", noun)
    text = " ".join(words[bool(vendor) :]).lower()  # people read of a van, programs of an AcmeVan
    plural = (
        text[:-1] + "ies" if re.search(r"[^aeiou]y$", text) else f"{text}es" if re.search(r"(s|x|ch|sh)$", text) else f"{text}s"
    )
    return {
        "label": label,
        "short": f"{label[:8]}_{text.replace(' ', '_')[:9]}".replace("__", "_").strip("_"),  # an index has 30 characters at most
        "Label": "".join(part.title() for part in label.split("_")),
        "title": label.removeprefix(f"{vendor}_").replace("_", " ").capitalize(),
        "Noun": noun,
        "noun": "_".join(words).lower(),
        "noun_text": text,
        "nouns": plural,
        "Nouns": plural.capitalize(),
        "of_vendor": f'\n    vendor = "{vendor}"' if vendor else "",
    }


def start_module(label: str, noun: str, into: Path, vendor: str = "") -> list[Path]:
    """Write the package `label` with one resource `noun` below `into`; return the files, or raise CannotStart.

    What is written for a `vendor` has names that begin with its prefix: `acme_fleet` with `AcmeVan`.
    """
    if not LABEL.fullmatch(label) or len(label) > 40:
        raise CannotStart(f"{label!r} is no module's name: use lower case letters, digits and underscores")
    if not NOUN.fullmatch(noun) or len(noun) > 40:
        raise CannotStart(f"{noun!r} is no noun in CamelCase, such as SparePart")
    if vendor and not VENDOR.fullmatch(vendor):
        raise CannotStart(f"{vendor!r} is no vendor's prefix: use 2 to 20 small letters and digits, a letter first")
    if vendor and not (begins_with(vendor, label) and begins_with(vendor, noun)):
        names = f"{vendor}_{label.removeprefix(f'{vendor}_')} {vendor.capitalize()}{noun.removeprefix(vendor.capitalize())}"
        raise CannotStart(f"names of {vendor} begin with its prefix, such as: {names}")
    if label in modules():
        raise CannotStart(f"a module {label} is installed already")
    target = into / label
    if target.exists():
        raise CannotStart(f"{target} is there already")
    words = words_of(label, noun, vendor)
    written = []
    for source in sorted(TEMPLATE.rglob("*-tpl")):
        parts = [label if part == "package" else filled(part, words) for part in source.relative_to(TEMPLATE).parts]
        path = target.joinpath(*parts).with_name(parts[-1].removesuffix("-tpl"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(filled(source.read_text(), words))
        written.append(path)
    return written


def filled(text: str, words: dict[str, str]) -> str:
    """Return a text of the template with its placeholders filled; an unknown one is a KeyError."""
    own = sorted({words["title"], words["noun_text"], words["nouns"], words["Nouns"]} - {"name", "note"})
    text = EACH_TEXT.sub(lambda found: "\n".join(found[1].replace("{{ text }}", each) for each in own), text)
    return PLACEHOLDER.sub(lambda found: words[found[1]], text)
