"""The kernel and the tenants speak every language we ship, and one text means one thing everywhere."""

import pytest
from django.apps import apps
from tessera.clashes import clashes
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
def test_one_text_has_one_translation(language):
    assert [clash.text for clash in clashes(language)] == []


def test_a_text_that_apps_or_a_library_translate_differently_is_named(monkeypatch):
    def read(path):
        known = read_catalogue(path)
        if path == catalogue_path(apps.get_app_config("finance"), LANGUAGES[0]):
            known.add("Stock", "存货")
            known.add("Note", "备注")  # in allauth's catalogue, which comes before
            known.add("takes back", "反冲", context="stock")
        return known

    monkeypatch.setattr("tessera.clashes.read_catalogue", read)
    assert {clash.text: clash.apps for clash in clashes(LANGUAGES[0])} == {
        "'Stock' is '存货' in finance, '库存' in stock; '库存' is shown": {"finance", "stock"},
        "'Note' is '备注' in finance; '注意' is shown": {"finance"},
        "'takes back' (stock) is '反冲' in finance, '被退回的移动' in stock; '被退回的移动' is shown": {"finance", "stock"},
    }


def test_compiling_again_changes_nothing():
    compile_stale()
    assert compile_stale() == []
