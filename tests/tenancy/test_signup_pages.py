"""Signing up in a browser and over the API of the accounts host."""

import re

import pytest
from django.core import mail
from django.test import Client

from tenants.graphql import Mutation, Query
from tenants.models import Tenant
from tenants.signup import request_signup
from tests.tenancy.signups import WISH, token_of

pytestmark = pytest.mark.usefixtures("fresh_sign_ups")


def browse(path, host="localhost:8000", **data):
    browser = Client(HTTP_HOST=host)
    return browser.post(path, data) if data else browser.get(path)


FORM = {key: WISH[key] for key in ("company", "slug", "email", "password")}


def test_the_page_signs_up_confirms_and_leads_to_the_company():
    assert browse("/signup").status_code == 200
    answer = browse("/signup", **FORM)
    assert (answer.status_code, answer["Location"]) == (302, "/signup/sent")
    assert b"Check your mail" in browse("/signup/sent").content
    link = f"/signup/confirm/{token_of(mail.outbox[-1])}"
    assert b"Acme Ltd" in browse(link).content
    assert not Tenant.objects.filter(slug="acme").exists()
    answer = browse(link, go="1")
    assert (answer.status_code, answer["Location"]) == (302, "http://acme.localhost:8000/session/start")
    assert Tenant.objects.get(slug="acme").state == "active"


def test_the_page_shows_findings_at_their_fields_and_never_the_password():
    answer = browse("/signup", **{**FORM, "slug": "www", "email": "<b>"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This address is reserved." in page and "Enter a valid email address." in page
    assert WISH["password"] not in page and "<b>" not in page


def test_a_bad_link_says_so():
    answer = browse("/signup/confirm/forged")
    assert answer.status_code == 422
    assert b"not valid any more" in answer.content


@pytest.mark.parametrize("path", ["/signup", "/signup/sent", "/signup/confirm/x", "/dev/mail"])
def test_the_pages_are_on_the_accounts_host_only(tenant, path):
    assert browse(path, host="a.localhost").status_code == 404


def test_the_mail_page_shows_links_and_exists_in_development_only(settings, tmp_path):
    assert browse("/dev/mail").status_code == 404
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "django.core.mail.backends.filebased.EmailBackend", str(tmp_path)
    request_signup(**{**WISH, "company": "<Acme>", "language": "zh-hans"})
    page = browse("/dev/mail").content.decode()
    assert "确认您的 Tessera 注册" in page and "ada@acme.test" in page and "&lt;Acme&gt;" in page
    assert re.search(r'href="http://localhost:8000/signup/confirm/[^"]+"', page)


def graph(text, **values):
    import graphene
    from django.test import RequestFactory

    schema = graphene.Schema(query=Query, mutation=Mutation)
    return schema.execute(text, variables=values, context=RequestFactory().post("/graphql"))


def test_the_api_signs_up_and_confirms(planted):
    offered = graph("{ signUpModules { name title } }").data["signUpModules"]
    assert {"name": "pack", "title": "Pack"} in offered
    text = """mutation($slug: String!, $modules: [String!]) {
        signUp(company: "Acme", slug: $slug, email: "ada@acme.test", password: "correct horse battery", modules: $modules) {
            email userErrors { field code message } } }"""
    refused = graph(text, slug="www", modules=["pack"])
    assert refused.data["signUp"] == {
        "email": None,
        "userErrors": [{"field": ["slug"], "code": "RESERVED", "message": "This address is reserved."}],
    }
    assert graph(text, slug="acme", modules=["pack"]).data["signUp"] == {"email": "ada@acme.test", "userErrors": []}
    confirm = "mutation($token: String!) { signUpConfirm(token: $token) { tenant { slug url } userErrors { code } } }"
    done = graph(confirm, token=token_of(mail.outbox[-1])).data["signUpConfirm"]
    assert done == {"tenant": {"slug": "acme", "url": "http://acme.localhost:8000/"}, "userErrors": []}
    assert graph(confirm, token="forged").data["signUpConfirm"] == {"tenant": None, "userErrors": [{"code": "TOKEN"}]}
    free = graph('{ ours: signUpSlug(slug: "acme") { code } free: signUpSlug(slug: "bolt") { code } }').data
    assert free == {"ours": [{"code": "UNIQUE"}], "free": []}
