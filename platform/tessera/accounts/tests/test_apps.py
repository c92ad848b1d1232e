"""An app is let in by a person, into one company, and gets a token that is a device there."""

import jwt
import pytest
from django.test import Client

from tessera.access.models import AccessToken
from tessera.access.services import deactivate_member, sign_out_member
from tessera.accounts.models import Account
from tessera.accounts.oauth.models import App
from tessera.accounts.tests.apps import BACK, Telephone, brought, device, facts, register
from tessera.accounts.tests.hosts import Browser, host_of, join
from tessera.audit.models import AuditEntry
from tessera.context import system
from tessera.testing.plugin import entered

REVOKE, USERINFO = "/identity/o/api/revoke", "/identity/o/api/userinfo"


@pytest.fixture
def phone(browser, bob):
    """Return bob's telephone; he is signed in in its browser."""
    browser.sign_in("bob@example.com")
    return Telephone(register("all", "company:view", "sales:view"), browser)


def test_a_person_lets_an_app_in_and_it_is_a_device(phone, tenant, bob):
    answer = phone.sign_in(tenant).tokens
    assert (answer["token_type"], answer["expires_in"], answer["refresh_expires_in"]) == ("Bearer", 3600, 60 * 24 * 3600)
    assert (answer["tenant"], answer["api"]) == (str(tenant.id), f"http://{host_of(tenant)}/graphql")
    assert phone.whoami(tenant).json()["name"] == "Bob"
    made = device(tenant, pk=answer["device"])
    assert (made.kind, made.name, made.platform, made.app_name, made.place) == (
        "app",
        "Bob's phone",
        "Android 16",
        "Pocket",
        "127.0.0.1",
    )
    assert (made.member_id, made.app, facts(tenant, "access.device_signed_in")) == (bob[0].pk, phone.registered.app.client_id, 1)


def test_secrets_are_stored_as_hashes_only(phone, tenant):
    phone.sign_in(tenant)
    with entered(tenant, actor=system("test")):
        kept = str(AccessToken.objects.values()) + str(list(AuditEntry.objects.values_list("after", flat=True)))
    for secret in (phone.tokens["access_token"], phone.tokens["refresh_token"]):
        assert secret not in kept and secret[20:] not in kept


def test_the_page_says_who_asks_for_what_and_where(phone, tenant):
    page = phone.open(scope="openid sales:view").content.decode()
    for text in ("Let Pocket in", tenant.name, "bob@example.com", "See: Sales", "Know that it is you"):
        assert text in page
    assert "Do everything" not in page


def test_who_is_not_signed_in_signs_in_first_and_comes_back(tenant, bob, browser):
    phone = Telephone(register("all"), browser)
    assert phone.open()["Location"].startswith("/account/login/?next=/identity/o/authorize%3F")


def test_who_cancels_sends_the_app_away(phone):
    assert brought(phone.answer(phone.open(), action="cancel")) == {"error": "access_denied", "state": "s1"}


def test_an_app_of_ours_is_let_in_unasked_and_sends_only_its_documents(browser, bob, tenant, settings):
    browser.sign_in("bob@example.com")
    phone = Telephone(register("all", is_ours=True), browser)
    phone.tokens = phone.exchange(brought(phone.open())["code"]).json()
    assert phone.whoami(tenant).json()["name"] == "Bob"
    settings.TESSERA_TRUSTED_ONLY = True
    theirs = Telephone(register("all"), browser).sign_in(tenant)
    codes = []
    for each in (phone, theirs):
        client = Client(HTTP_HOST=host_of(tenant), HTTP_AUTHORIZATION=f"Bearer {each.tokens['access_token']}")
        answer = client.post("/graphql", {"query": "{ me { tenant } }"}, content_type="application/json").json()
        codes.append(answer["errors"][0]["extensions"]["code"] if "errors" in answer else answer["data"]["me"]["tenant"])
    assert codes == ["FORBIDDEN", tenant.name]


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ],
)
@pytest.mark.parametrize("confidential", [False, True])
def test_s256_is_demanded_of_every_app(browser, bob, wrong, confidential):
    browser.sign_in("bob@example.com")
    phone = Telephone(register("all", confidential=confidential), browser)
    answer = brought(phone.open(**wrong))
    assert (answer["error"], answer["state"]) == ("invalid_request", "s1") and "code" not in answer


@pytest.mark.parametrize(
    "wrong",
    [{"redirect_uri": "https://evil.example/done"}, {"client_id": "nobody"}, {"redirect_uri": None}, {"resource": "nowhere"}],
)
def test_an_answer_never_goes_where_nobody_registered(phone, wrong):
    page = phone.open(**wrong)
    assert page.status_code == 400 and "cannot be let in" in page.content.decode()


def test_a_scope_that_the_app_is_not_registered_for_is_refused(phone):
    assert brought(phone.open(scope="openid stock:write"))["error"] == "invalid_scope"


def test_a_code_needs_its_verifier_and_its_app(phone, browser, tenant):
    code = phone.let_in(tenant)
    assert phone.exchange(code, code_verifier="x" * 50).json()["error"] == "invalid_grant"
    stranger = Telephone(register("all", name="Other"), browser)
    assert stranger.exchange(phone.let_in(tenant), code_verifier=phone.verifier).json()["error"] == "invalid_grant"


def test_a_code_that_comes_again_signs_out_what_it_became(phone, tenant):
    code = phone.let_in(tenant)
    phone.tokens = phone.exchange(code).json()
    assert phone.whoami(tenant).status_code == 200
    phone.tokens = phone.renew().json()
    assert phone.exchange(code).json()["error"] == "invalid_grant"
    assert phone.whoami(tenant).status_code == 401
    assert phone.renew().json()["error"] == "invalid_grant"


def test_a_code_dies_with_the_password(phone, tenant, bob):
    code = phone.let_in(tenant)
    bob[1].set_password("another horse 43")
    bob[1].save()
    assert phone.exchange(code).json()["error"] == "invalid_grant"


def end_deactivation(tenant, member, account):
    with entered(tenant, actor=system("test")):
        deactivate_member(member=member)


def end_sign_out(tenant, member, account):
    with entered(tenant, actor=system("test")):
        sign_out_member(member=member)


def end_password(tenant, member, account):
    account.set_password("another horse 43")
    account.save()


def end_account(tenant, member, account):
    Account.objects.update(is_active=False)


def end_app(tenant, member, account):
    App.objects.get().client.delete()


@pytest.mark.parametrize("end", [end_deactivation, end_sign_out, end_password, end_account, end_app])
def test_what_an_app_acts_with_is_dead_at_once(phone, tenant, bob, end):
    phone.sign_in(tenant)
    assert phone.whoami(tenant).status_code == 200
    end(tenant, *bob)
    assert phone.whoami(tenant).status_code == 401
    assert phone.renew().status_code in (400, 401)
    assert (
        Client(HTTP_HOST=host_of()).get(USERINFO, HTTP_AUTHORIZATION=f"Bearer {phone.tokens['access_token']}").status_code == 401
    )


def test_signing_out_of_the_browser_leaves_the_app_signed_in(phone, tenant, browser):
    phone.sign_in(tenant)
    browser.on(host_of()).post("/account/logout/")
    assert phone.whoami(tenant).status_code == 200


def test_an_app_signs_itself_out(phone, browser, tenant):
    phone.sign_in(tenant)
    other = Telephone(register("all", name="Other"), browser)
    assert other.post(REVOKE, token=phone.tokens["refresh_token"]).status_code == 200
    assert phone.whoami(tenant).status_code == 200
    assert phone.post(REVOKE, token=phone.tokens["refresh_token"]).status_code == 200
    assert phone.whoami(tenant).status_code == 401
    assert device(tenant, kind="app").revoked_at is not None


def test_a_person_of_two_companies_chooses_one_and_switches_by_its_address(phone, tenant, other_tenant, bob):
    join(other_tenant, bob[1])
    page = phone.open()
    assert tenant.name in page.content.decode() and other_tenant.name in page.content.decode()
    assert phone.answer(page).status_code == 200  # none chosen: asked again
    phone.sign_in(tenant)
    second = Telephone(phone.registered, phone.browser).sign_in(other_tenant, resource=f"http://{host_of(other_tenant)}/graphql")
    assert second.tokens["tenant"] == str(other_tenant.id)
    crossed = [phone.whoami(other_tenant).status_code, second.whoami(tenant).status_code]
    assert [phone.whoami(tenant).status_code, second.whoami(other_tenant).status_code, *crossed] == [200, 200, 401, 401]


def test_a_code_of_one_company_is_not_taken_for_another(phone, tenant, other_tenant, bob):
    join(other_tenant, bob[1])
    code = phone.let_in(tenant)
    assert phone.exchange(code, resource=f"http://{host_of(other_tenant)}").json()["error"] == "invalid_target"


def test_an_app_of_a_company_asks_its_members_only_for_it(browser, tenant, other_tenant, bob):
    join(other_tenant, bob[1])
    browser.sign_in("bob@example.com")
    phone = Telephone(register("all", tenant=other_tenant), browser)
    assert tenant.name not in phone.open().content.decode()
    assert phone.sign_in(other_tenant).tokens["tenant"] == str(other_tenant.id)
    assert brought(phone.open(resource=f"http://{host_of(tenant)}"))["error"] == "invalid_target"


def test_who_is_no_member_anywhere_is_told_so(browser, tenant, bob, other_tenant):
    browser.sign_in("bob@example.com")
    phone = Telephone(register("all", tenant=other_tenant), browser)
    page = phone.open()
    assert page.status_code == 200 and "no member of a company" in page.content.decode()


def test_silence_is_kept_where_nobody_has_to_be_asked(browser, tenant, bob):
    ours, theirs = (Telephone(register("all", is_ours=own), browser) for own in (True, False))
    assert brought(ours.open(prompt="none"))["error"] == "login_required"
    assert brought(ours.open(prompt="none", scope="all"))["error"] == "login_required"
    browser.sign_in("bob@example.com")
    assert "code" in brought(ours.open(prompt="none"))
    assert brought(theirs.open(prompt="none"))["error"] == "consent_required"


def test_a_confidential_app_shows_its_secret(browser, tenant, bob):
    browser.sign_in("bob@example.com")
    phone = Telephone(register("all", confidential=True, redirect_uris=[BACK, "https://app.example.com/done"]), browser)
    code = phone.let_in(tenant)
    assert phone.exchange(code, client_secret="wrong").json()["error"] == "invalid_client"
    assert phone.exchange(code).status_code == 200
    assert phone.registered.secret not in str(list(App.objects.values("client__secret")))


def test_it_is_found_and_says_who_somebody_is(phone, tenant, bob):
    host = Client(HTTP_HOST=host_of())
    found = host.get("/.well-known/openid-configuration").json()
    assert (found["issuer"], found["code_challenge_methods_supported"]) == (f"http://{host_of()}", ["S256"])
    assert found == host.get("/.well-known/oauth-authorization-server").json()
    phone.scope = "openid profile email all"
    tokens = phone.sign_in(tenant, nonce="n1").tokens
    (key,) = host.get(found["jwks_uri"].partition(host_of())[2]).json()["keys"]
    claims = jwt.decode(
        tokens["id_token"],
        jwt.PyJWK(key).key,
        algorithms=["RS256"],
        audience=phone.registered.app.client_id,
        issuer=found["issuer"],
    )
    assert (claims["sub"], claims["nonce"], claims["name"]) == (str(bob[1].pk), "n1", "Bob")
    asked = host.get(found["userinfo_endpoint"].partition(host_of())[2], HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
    told = {"sub": str(bob[1].pk), "name": "Bob", "locale": "en", "email": "bob@example.com", "email_verified": True}
    assert asked.json() == told


def test_a_provider_is_of_the_accounts_host_alone(tenant, browser):
    client = browser.on(host_of(tenant))
    for path in ("/.well-known/openid-configuration", "/.well-known/jwks.json", "/identity/o/authorize", "/identity/o/api/token"):
        assert client.get(path).status_code == 404


def test_too_many_attempts_are_stopped(phone, settings):
    settings.IDP_OIDC_RATE_LIMITS = {"token": "2/m/ip"}
    assert [phone.renew("x").status_code for _ in range(3)] == [400, 400, 429]


def test_another_browser_cannot_answer_for_bob(phone):
    page, other = phone.open(), Browser()
    phone.browser = other
    assert phone.answer(page)["Location"].startswith("/account/login/")
