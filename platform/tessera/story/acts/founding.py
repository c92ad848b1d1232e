"""Act one: a company signs up, and its people join with just the rights they need."""

from functools import partial
from urllib.parse import urlsplit

from tessera.story.browser import submit_form
from tessera.story.client import Client
from tessera.story.companies import Company
from tessera.story.mailbox import Mailbox
from tessera.story.stage import Stage

PASSWORD = "harbour-lantern-42"  # noqa: S105  of sample people in a sample company
OWNER = ("ada", "Ada Holm")
STAFF = {
    "bob": ("Bob Reyes", ("base_reader", "sales_rep", "seller", "participant")),
    "mia": ("Mia Stone", ("base_reader", "orders_reader", "participant")),
    "wes": ("Wes Carter", ("base_reader", "warehouse_clerk")),
    "fay": ("Fay Lindgren", ("base_reader", "orders_reader", "chief_accountant")),
    "sam": ("Sam Adeyemi", ("base_reader", "service_agent")),
}
BUNDLES = ("crm", "erp", "scm", "oa")


def mail_address(stage: Stage, who: str, company: Company) -> str:
    """Return the address of a sample person; every run has its own."""
    return f"{who}@{stage.ids.get('slug', company.slug)}.example"


def sign_up(stage: Stage, company: Company) -> None:
    """Ask for a tenant with all bundles, confirm by the link in the letter, and see the first answer."""
    accounts = stage.client(stage.domain)
    slug = _free_slug(stage, accounts, company.slug)
    stage.ids["slug"] = slug
    address = mail_address(stage, OWNER[0], company)
    with stage.step(f"{company.name} signs up") as found:
        document = (
            "mutation ($company: String!, $slug: String!, $email: String!, $password: String!, $modules: [String!]) {"
            " signUp(company: $company, slug: $slug, email: $email, password: $password, modules: $modules)"
            " { email userErrors { field code message } } }"
        )
        answer = accounts.query(
            document, company=company.name, slug=slug, email=address, password=PASSWORD, modules=list(BUNDLES)
        )["signUp"]
        stage.check("sign-up is accepted", answer["userErrors"], [])
        found["email"] = address
    with stage.step("the link in the letter is clicked") as found:
        (link, *_) = stage.until("the letter", lambda: Mailbox(stage.mail).links_to(address, "/signup/confirm/"))
        token = urlsplit(link).path.rstrip("/").rpartition("/")[2]
        document = "mutation ($token: String!) { signUpConfirm(token: $token) { tenant { slug url } userErrors { field code message } } }"
        answer = accounts.query(document, token=token)["signUpConfirm"]
        stage.check("the confirmation", answer["userErrors"], [])
        found["url"] = answer["tenant"]["url"]
        stage.ids["url"] = answer["tenant"]["url"]
    with stage.step("the owner signs in and asks the first question") as found:
        ada = sign_in(stage, "ada", address, OWNER[1])
        me = ada.query("{ me { member { id name } modules } }")["me"]
        found["member"] = me["member"]["id"]
        stage.ids["ada"] = me["member"]["id"]
        stage.until("all modules to be on", lambda: _all_on(ada), 120)


def _free_slug(stage: Stage, accounts: Client, wanted: str) -> str:
    """Return the wanted subdomain, or the next free one when an earlier story has it."""
    for number in range(1, 100):
        slug = wanted if number == 1 else f"{wanted}{number}"
        if not accounts.query("query ($slug: String!) { signUpSlug(slug: $slug) { code } }", slug=slug)["signUpSlug"]:
            return slug
    raise LookupError(f"no free subdomain like {wanted}")


def _all_on(ada: Client) -> bool:
    return set(BUNDLES) <= set(ada.query("{ me { modules } }")["me"]["modules"])


def sign_in(stage: Stage, who: str, address: str, name: str) -> Client:
    """Sign in on the accounts host, carry the code to the tenant's host, and hold a token there."""
    accounts = stage.client(stage.domain)
    (company,) = accounts.post("/api/login", {"email": address, "password": PASSWORD})["tenants"]
    host = urlsplit(company["url"]).netloc
    person = stage.client(host)
    person.token = person.post("/session", {"code": company["code"]})["token"]
    stage.people[who] = person
    stage.logins.append({"name": name, "email": address, "password": PASSWORD, "url": company["url"]})
    return person


def invite_staff(stage: Stage, company: Company) -> None:
    """Invite the people who will work, each with the roles of its work and no others."""
    ada = stage.people["ada"]
    roles = {
        edge["node"]["name"]: edge["node"]["id"]
        for edge in ada.query("{ roles(first: 250) { edges { node { id name } } } }")["roles"]["edges"]
    }
    for who, (name, wanted) in STAFF.items():
        address = mail_address(stage, who, company)
        with stage.step(f"{name} is invited as {', '.join(wanted[1:])} and joins") as found:
            ada.run("memberInvite", input={"email": address, "name": name, "roles": [roles[role] for role in wanted]})
            (link, *_) = stage.until("the invitation", partial(Mailbox(stage.mail).links_to, address, "/join/"))
            submit_form(stage.address, link, {"name": name, "password1": PASSWORD, "password2": PASSWORD})
            person = sign_in(stage, who, address, name)
            stage.ids[who] = found["member"] = person.query("{ me { member { id } } }")["me"]["member"]["id"]
