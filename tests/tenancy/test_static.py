"""Static files are the same on every host; production serves them under hashed names."""

import re

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import Client
from tessera.db.checks import check_static_files

SCRIPT = "mfa/js/webauthn.js"
HASHED = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}


@pytest.fixture
def production(settings, tmp_path):
    """Keep and serve static files as production does."""
    settings.STORAGES = {**settings.STORAGES, **HASHED}
    settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS = tmp_path, False


@pytest.mark.parametrize("host", ["localhost:8000", "a.localhost:8000", "nobody.localhost"])
def test_the_script_of_passkeys_is_served_on_every_host(host):
    answer = Client(HTTP_HOST=host).get(f"/static/{SCRIPT}")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/javascript")
    assert b"window.webauthnJSON" in b"".join(answer.streaming_content)


def test_the_page_of_passkeys_asks_for_a_script_that_is_there(_database):
    page = Client(HTTP_HOST="localhost:8000").get("/account/login/").content.decode()
    scripts = re.findall(r'<script[^>]*src="([^"]+)"', page)
    assert scripts
    assert [Client(HTTP_HOST="localhost:8000").get(path).status_code for path in scripts] == [200] * len(scripts)


def test_production_serves_hashed_names_for_ever(production):
    call_command("collectstatic", interactive=False, verbosity=0)
    url = staticfiles_storage.url(SCRIPT)
    assert re.fullmatch(r"/static/mfa/js/webauthn\.[0-9a-f]{12}\.js", url)
    answer = Client(HTTP_HOST="localhost:8000").get(url, headers={"Accept-Encoding": "br"})
    assert (answer.status_code, answer["Content-Encoding"]) == (200, "br")
    assert "immutable" in answer["Cache-Control"]
    assert check_static_files(None) == []


def test_production_does_not_start_before_they_are_collected(production):
    assert [error.id for error in check_static_files(None)] == ["tessera.E050"]
