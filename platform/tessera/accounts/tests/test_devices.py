"""Devices are listed and signed out by their owner everywhere, by administrators in their company; apps act within their scopes."""

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from tessera.access.models import AccessToken
from tessera.access.services import assign_role
from tessera.access.tests.people import make_role
from tessera.accounts.oauth.models import App
from tessera.accounts.tests.apps import BACK, Telephone, register
from tessera.accounts.tests.hosts import Browser, host_of, join, make_account, personal_token
from tessera.context import system
from tessera.outbox.models import OutboxEvent
from tessera.testing.plugin import entered

REVOKE = "mutation ($id: ID!) { accessTokenRevoke(id: $id) { node { revokedAt } userErrors { code } } }"
PUSH = """mutation ($input: DevicePushTokenSetInput!) { devicePushTokenSet(input: $input)
    { node { name pushService } userErrors { code field } } }"""
REGISTER = """mutation ($input: AppRegisterInput!) { appRegister(input: $input)
    { result { secret app { clientId name scopes confidential } } userErrors { code field } } }"""


@pytest.fixture
def phone(browser, bob):
    browser.sign_in("bob@example.com")
    return Telephone(register("all", "company:view", "company:write", "sales:view"), browser)


@pytest.fixture
def ada(browser, tenant):
    """Return the owner of the company, with a token of hers."""
    return personal_token(tenant, join(tenant, make_account("ada@example.com", name="Ada"), owner=True)).secret


def ask(tenant, secret, document, **variables):
    client = Client(HTTP_HOST=host_of(tenant), HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client.post(
        "/graphql", json.dumps({"query": document, "variables": variables}), content_type="application/json"
    ).json()


def at_home(browser, document, **variables):
    body = json.dumps({"query": document, "variables": variables})
    return browser.on(host_of()).post("/graphql", body, content_type="application/json", HTTP_X_TESSERA_REQUEST="1").json()


def grant(tenant, member, **rights):
    with entered(tenant, actor=system("test")):
        assign_role(member=member, role=make_role("more", **rights))


def test_own_devices_of_all_companies_are_listed_and_signed_out(phone, browser, tenant, other_tenant, bob):
    join(other_tenant, bob[1])
    phone.sign_in(tenant)
    second = Telephone(phone.registered, browser).sign_in(other_tenant)
    listed = at_home(browser, "{ devices { id tenantId tenant app name platform place } }")["data"]["devices"]
    assert [each["tenant"] for each in listed] == [other_tenant.name, tenant.name]
    assert {key: listed[0][key] for key in ("app", "name", "platform", "place")} == {
        "app": "Pocket",
        "name": "Bob's phone",
        "platform": "Android 16",
        "place": "127.0.0.1",
    }
    revoke = "mutation ($tenant: ID!, $id: ID!) { deviceRevoke(tenantId: $tenant, id: $id) { id } }"
    wrong = at_home(browser, revoke, tenant=str(tenant.id), id=listed[0]["id"])
    assert wrong["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert (
        at_home(browser, revoke, tenant=listed[0]["tenantId"], id=listed[0]["id"])["data"]["deviceRevoke"]["id"]
        == listed[0]["id"]
    )
    assert [second.whoami(other_tenant).status_code, phone.whoami(tenant).status_code] == [401, 200]
    assert [each["tenant"] for each in at_home(browser, "{ devices { tenant } }")["data"]["devices"]] == [tenant.name]


def test_devices_of_an_app_that_was_removed_are_not_listed(phone, browser, tenant):
    phone.sign_in(tenant)
    other = Telephone(register("all", name="Other"), browser).sign_in(tenant)
    App.objects.get(client=phone.registered.app.client_id).client.delete()
    listed = at_home(browser, "{ devices { id app } }")["data"]["devices"]
    assert listed == [{"id": other.tokens["device"], "app": "Other"}]


def test_devices_are_told_to_nobody_else(phone, tenant, browser):
    phone.sign_in(tenant)
    assert at_home(Browser(), "{ devices { id } }")["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    eve = Browser()
    make_account("eve@example.com")
    eve.sign_in("eve@example.com")
    assert at_home(eve, "{ devices { id } }")["data"]["devices"] == []


def test_an_administrator_signs_a_members_device_out(phone, tenant, ada):
    phone.sign_in(tenant)
    listed = ask(
        tenant, ada, "{ accessTokens(filter: {kind: {eq: APP}}) { nodes { id name platform place appName member { name } } } }"
    )
    (found,) = listed["data"]["accessTokens"]["nodes"]
    assert (found["name"], found["appName"], found["member"]["name"]) == ("Bob's phone", "Pocket", "Bob")
    assert ask(tenant, ada, REVOKE, id=found["id"])["data"]["accessTokenRevoke"]["userErrors"] == []
    assert phone.whoami(tenant).status_code == 401
    assert phone.renew().json()["error"] == "invalid_grant"


def test_a_device_keeps_where_it_is_notified_until_it_is_signed_out(phone, tenant, ada):
    secret = phone.sign_in(tenant).tokens["access_token"]
    kept = ask(tenant, secret, PUSH, input={"service": "FCM", "token": "fcm-1"})["data"]["devicePushTokenSet"]
    assert kept == {"node": {"name": "Bob's phone", "pushService": "FCM"}, "userErrors": []}
    missing = ask(tenant, secret, PUSH, input={"token": "fcm-2"})["data"]["devicePushTokenSet"]
    assert missing["userErrors"] == [{"code": "REQUIRED", "field": ["input", "service"]}]
    no_device = ask(tenant, ada, PUSH, input={"service": "FCM", "token": "fcm-1"})["data"]["devicePushTokenSet"]
    assert no_device["userErrors"] == [{"code": "STATE", "field": ["input", "token"]}]
    (row,) = ask(tenant, ada, "{ accessTokens(filter: {kind: {eq: APP}}) { nodes { id } } }")["data"]["accessTokens"]["nodes"]
    ask(tenant, ada, REVOKE, id=row["id"])
    with entered(tenant, actor=system("test")):
        assert AccessToken.objects.filter(kind="app").values_list("push_service", "push_token").get() == ("", "")


def test_a_push_token_belongs_to_the_device_that_named_it_last(phone, browser, tenant):
    phone.sign_in(tenant)
    second = Telephone(phone.registered, browser).sign_in(tenant)
    for each in (phone, second):
        ask(tenant, each.tokens["access_token"], PUSH, input={"service": "APNS", "token": "apns-1"})
    with entered(tenant, actor=system("test")):
        held = dict(AccessToken.objects.filter(kind="app").values_list("pk", "push_token"))
    assert {str(key): token for key, token in held.items()} == {phone.tokens["device"]: "", second.tokens["device"]: "apns-1"}


def test_an_app_has_the_rights_of_its_scopes_that_its_member_has(phone, tenant, bob):
    grant(tenant, bob[0], sales__lead_view="all", stock__move_view="all", access__role_manage="all")
    phone.scope = "openid sales:view company:view"
    secret = phone.sign_in(tenant).tokens["access_token"]
    assert phone.whoami(tenant).json()["rights"] == [
        "access.access_token_view",
        "access.member_view",
        "access.push_token_set",
        "files.file_upload_view",
        "sales.lead_view",
    ]
    why = '{ explainAccess(permission: "access.role_manage") { granted whyNot } }'
    told = {"granted": False, "whyNot": "The app in use was not given the scope company:write."}
    assert ask(tenant, secret, why)["data"]["explainAccess"] == told


def test_no_app_makes_itself_a_credential_or_a_webhook(phone, tenant, bob):
    grant(tenant, bob[0], webhooks__subscription_manage="all", webhooks__delivery_replay="all")
    secret = phone.sign_in(tenant).tokens["access_token"]
    rights = phone.whoami(tenant).json()["rights"]
    assert not {"access.token_issue", "webhooks.subscription_manage"} & set(rights) and "webhooks.delivery_replay" in rights
    issue = 'mutation { accessTokenIssue(input: {name: "mine", scopes: ["*"]}) { userErrors { code } } }'
    assert ask(tenant, secret, issue)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    why = ask(tenant, secret, '{ explainAccess(permission: "access.token_issue") { granted whyNot } }')["data"]["explainAccess"]
    assert why == {"granted": False, "whyNot": "No app is given this right."}


def test_an_app_is_registered_for_the_own_company_and_its_secret_shown_once(tenant, other_tenant, browser, bob, ada):
    wish = {"name": "Partner", "redirectUris": ["https://partner.example/done"], "scopes": ["sales:view"], "confidential": True}
    made = ask(tenant, ada, REGISTER, input=wish)["data"]["appRegister"]
    assert made["userErrors"] == [] and made["result"]["secret"].startswith("tsr_c_")
    app = App.objects.select_related("client").get()
    assert (app.tenant_id, app.is_ours, app.client.check_secret(made["result"]["secret"])) == (tenant.id, False, True)
    (listed,) = ask(tenant, ada, "{ apps { clientId name scopes redirectUris } }")["data"]["apps"]
    assert listed["scopes"] == ["openid", "profile", "email", "offline_access", "sales:view"]
    rotate = "mutation ($id: String!) { appSecretRotate(input: {clientId: $id}) { result { secret } userErrors { code } } }"
    second = ask(tenant, ada, rotate, id=listed["clientId"])["data"]["appSecretRotate"]["result"]["secret"]
    app.client.refresh_from_db()
    assert (app.client.check_secret(made["result"]["secret"]), app.client.check_secret(second)) == (False, True)
    with entered(tenant, actor=system("test")):
        told = list(OutboxEvent.objects.filter(name__startswith="access.app_").order_by("seq").values_list("name", flat=True))
    assert told == ["access.app_registered", "access.app_secret_rotated"]


def test_an_app_of_another_company_is_like_none(tenant, other_tenant, ada):
    theirs = register("all", tenant=other_tenant)
    remove = "mutation ($id: String!) { appRemove(input: {clientId: $id}) { userErrors { code } } }"
    assert ask(tenant, ada, remove, id=theirs.app.client_id)["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert ask(tenant, ada, "{ apps { name } }")["data"]["apps"] == []


def test_a_removed_app_is_signed_out_everywhere(tenant, browser, bob, ada):
    browser.sign_in("bob@example.com")
    phone = Telephone(register("all", tenant=tenant), browser).sign_in(tenant)
    remove = "mutation ($id: String!) { appRemove(input: {clientId: $id}) { userErrors { code } } }"
    assert ask(tenant, ada, remove, id=phone.registered.app.client_id)["data"]["appRemove"]["userErrors"] == []
    assert phone.whoami(tenant).status_code == 401
    with entered(tenant, actor=system("test")):
        assert AccessToken.objects.get(kind="app").revoked_at is not None


def test_registering_apps_is_for_administrators(phone, tenant, bob):
    secret = personal_token(tenant, bob[0]).secret
    wish = {"name": "Partner", "redirectUris": [BACK], "scopes": []}
    assert ask(tenant, secret, REGISTER, input=wish)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert ask(tenant, secret, "{ apps { name } }")["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    "uri",
    [
        "http://partner.example/done",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://partner.example/done#x",
        "https://*.partner.example/done",
        "https://user@partner.example/done",
        "https:///done",
        "https://partner.example:x/done",
        "https://partner.example/a b",
        "//partner.example/done",
        "pocket:/done",
        "",
    ],
)
def test_codes_go_to_no_address_that_somebody_else_could_be_at(tenant, ada, uri):
    wish = {"name": "Partner", "redirectUris": [BACK, uri], "scopes": ["sales:view"]}
    made = ask(tenant, ada, REGISTER, input=wish)["data"]["appRegister"]
    assert made["userErrors"] == [{"code": "INVALID", "field": ["input", "redirectUris", "1"]}]
    assert not App.objects.exists()


def test_an_unknown_scope_is_refused_with_its_place(tenant, ada):
    wish = {"name": "Partner", "redirectUris": [BACK], "scopes": ["sales:view", "sales:fly"]}
    assert ask(tenant, ada, REGISTER, input=wish)["data"]["appRegister"]["userErrors"] == [
        {"code": "INVALID", "field": ["input", "scopes", "1"]}
    ]


def test_the_operator_registers_apps_for_all_companies(browser, bob, tenant, capsys):
    call_command("app", "register", "Tessera", "--redirect", BACK, "--scope", "all", "--ours")
    app = App.objects.select_related("client").get()
    assert (app.tenant_id, app.is_ours, app.client.skip_consent, app.client.type) == (None, True, True, "public")
    assert app.client_id in capsys.readouterr().out
    call_command("app", "list")
    assert "Tessera" in capsys.readouterr().out
    call_command("app", "remove", app.client_id)
    assert not App.objects.exists()
    with pytest.raises(CommandError, match="there is no app"):
        call_command("app", "remove", app.client_id)


def test_the_page_of_devices_signs_one_out(phone, browser, tenant, bob):
    phone.sign_in(tenant)
    host = browser.on(host_of())
    page = host.get("/account/devices").content.decode()
    assert "Bob&#x27;s phone" in page and "Android 16" in page and tenant.name in page
    assert host.post("/account/devices", {"tenant": str(tenant.id), "device": "x"}).status_code == 404
    assert host.post("/account/devices", {"tenant": str(tenant.id), "device": str(tenant.id)}).status_code == 404
    gone = host.post("/account/devices", {"tenant": str(tenant.id), "device": phone.tokens["device"]})
    assert (gone.status_code, phone.whoami(tenant).status_code) == (302, 401)
    assert "No app is signed in for you." in host.get("/account/devices").content.decode()
    assert Client(HTTP_HOST=host_of()).get("/account/devices")["Location"].startswith("/account/login/")
