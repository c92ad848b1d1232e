"""The kernel and the tenants speak every language we ship, and one text means one thing everywhere."""

from collections import defaultdict

import pytest
from tessera.extraction import extracted, gaps
from tessera.messages import LANGUAGES, catalogue_path, compile_stale, read_catalogue, translated_apps
from tessera.module import Module

APPS = [app for app in translated_apps() if not app.name.startswith("tests.")]
OURS = [app for app in APPS if not isinstance(app, Module) and len(extracted(app))]  # modules: by their contract


@pytest.mark.parametrize("app", OURS, ids=lambda app: app.label)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(app, language):
    path = catalogue_path(app, language)
    assert list(gaps(app, read_catalogue(path) if path.exists() else None)) == []


def test_a_missing_a_fuzzy_and_a_broken_translation_are_named(tmp_path):
    app = next(app for app in OURS if app.label == "tessera")
    known = read_catalogue(catalogue_path(app, LANGUAGES[0]))
    known.get("There is no such record.").string = ""
    known.get("A value is required.").flags.add("fuzzy")
    known.get("This needs the right {right}.").string = "这需要权限 {permission}。"
    known.add("Nobody says this.", "没有人这样说。")
    assert sorted(gaps(app, known)) == [
        "fuzzy: 'A value is required.'",
        "not translated: 'There is no such record.'",
        "other placeholders: 'This needs the right {right}.' became '这需要权限 {permission}。'",
        "translated, but used nowhere: 'Nobody says this.'",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_kernels_texts_are_translated_alike_everywhere(language):
    """gettext merges all catalogues and the kernel's come first: a module whose text means something else says so by a context."""
    meanings = defaultdict(dict)
    for app in (app for app in APPS if isinstance(app, Module) or app.label == "tessera"):
        path = catalogue_path(app, language)
        for message in read_catalogue(path) if path.exists() else ():
            if message.id and message.string:
                meanings[str(message.id), message.context][app.label] = message.string
    differing = {
        text: said for (text, _), said in meanings.items() if "tessera" in said and len(set(map(str, said.values()))) > 1
    }
    assert differing == {}


def test_compiling_again_changes_nothing():
    compile_stale()
    assert compile_stale() == []
