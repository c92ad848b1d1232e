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
    "ida": ("Ida Marsh", ("base_editor", "importer")),
    "bob": ("Bob Reyes", ("base_reader", "sales_rep", "seller", "participant")),
    "mia": ("Mia Stone", ("base_reader", "sales_manager", "order_manager", "participant")),
    "wes": ("Wes Carter", ("base_reader", "warehouse_clerk")),
    "fay": ("Fay Lindgren", ("base_reader", "orders_reader", "chief_accountant")),
    "sam": ("Sam Adeyemi", ("base_reader", "service_agent", "lead_desk")),
    "kim": ("Kim Osei", ("base_reader", "auditor")),
}
# Roles of the company's own, beside those that the modules propose.
OWN_ROLES = {
    "lead_desk": ("sales.lead_view", "sales.lead_create"),
    "importer": (
        "exchange.import_run_create",
        "exchange.import_run_view",
        "orders.sales_order_import",
        "orders.sales_order_over_discount",  # what was promised before today came in with its discounts
        "stock.receipt_view",
        "stock.receipt_complete",
        "stock.value_view",
    ),
    "auditor": (
        "sales.lead_view",
        "sales.opportunity_view",
        "orders.quote_view",
        "orders.sales_order_view",
        "orders.sales_order_line_view",
        "stock.delivery_view",
        "stock.receipt_view",
        "stock.stock_balance_view",
        "finance.invoice_view",
        "finance.invoice_line_view",
        "finance.payment_view",
        "finance.entry_view",
        "finance.report_view",
        "service.survey_view",
        "service.ticket_view",
    ),
}
BUNDLES = ("crm", "erp", "scm", "oa")


def mail_address(stage: Stage, who: str, company: Company) -> str:
    """Return the address of a sample person; every run has its own."""
    return f"{who}@{stage.ids.get('slug', company.slug)}.example"


def sign_up(stage: Stage, company: Company) -> None:
    """Ask for a tenant, confirm by the link in the letter, and see the first answer."""
    accounts = stage.client(stage.domain)
    slug = _free_slug(stage, accounts, company.slug)
    stage.ids["slug"] = slug
    address = mail_address(stage, OWNER[0], company)
    with stage.step(f"{company.name} signs up") as found:
        document = (
            "mutation ($company: String!, $slug: String!, $email: String!, $password: String!) {"
            " signUp(company: $company, slug: $slug, email: $email, password: $password)"
            " { email userErrors { field code message } } }"
        )
        answer = accounts.query(document, company=company.name, slug=slug, email=address, password=PASSWORD)["signUp"]
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


def enable_bundles(stage: Stage, company: Company) -> None:
    """Switch every bundle on, with the parts that come along, and wait until all of it works."""
    ada = stage.people["ada"]
    with stage.step("the owner switches the bundles on") as found:
        wished = ada.payload("moduleEnable", "result { along }", input={"modules": BUNDLES})
        stage.check("the wish", wished["userErrors"], [])
        wanted = {*BUNDLES, *wished["result"]["along"]}
        rows = stage.until("the modules to come on", lambda: _settled(ada, wanted), 180)
        stage.check("modules that did not come on", [row for row in rows if row["state"] != "ON"], [])
        found["bundles"], found["along"] = ", ".join(BUNDLES), ", ".join(wished["result"]["along"])


def _settled(person: Client, labels: set[str]) -> list[dict[str, str]]:
    """Return these modules as they are once none is on its way any more, nothing before."""
    rows = [row for row in person.query("{ modules { label state why } }")["modules"] if row["label"] in labels]
    return rows if {row["state"] for row in rows} <= {"ON", "FAILED"} else []


def _free_slug(stage: Stage, accounts: Client, wanted: str) -> str:
    """Return the wanted subdomain, or the next free one when an earlier story has it."""
    for number in range(1, 100):
        slug = wanted if number == 1 else f"{wanted}{number}"
        if not accounts.query("query ($slug: String!) { signUpSlug(slug: $slug) { code } }", slug=slug)["signUpSlug"]:
            return slug
    raise LookupError(f"no free subdomain like {wanted}")


def sign_in(stage: Stage, who: str, address: str, name: str) -> Client:
    """Sign in on the accounts host, carry the code to the tenant's host, and hold a token there."""
    accounts = stage.client(stage.domain)
    (company,) = accounts.post("/api/login", {"email": address, "password": PASSWORD})["tenants"]
    host = urlsplit(company["url"]).netloc
    person = stage.client(host)
    person.token = person.post("/session", {"code": company["code"]})["token"]
    stage.people[who] = person
    does = ", ".join(STAFF[who][1]) if who in STAFF else "owner"
    stage.logins.append({"name": name, "email": address, "password": PASSWORD, "url": company["url"], "does": does})
    return person


def make_roles(stage: Stage, company: Company) -> None:
    """Make the roles that only this company has."""
    ada = stage.people["ada"]
    for name, rights in OWN_ROLES.items():
        with stage.step(f"a role of the company's own: {name}") as found:
            permissions = [{"permission": right, "reach": "all"} for right in rights]
            ada.run("roleCreate", input={"name": name, "title": name.capitalize(), "permissions": permissions})
            found["rights"] = len(rights)


def invite_staff(stage: Stage, company: Company) -> None:
    """Invite the people who will work, each with the roles of its work and no others."""
    ada = stage.people["ada"]
    roles = {
        edge["node"]["name"]: edge["node"]["id"]
        for edge in ada.query("{ roles(first: 250) { edges { node { id name } } } }")["roles"]["edges"]
    }
    for who, (name, wanted) in STAFF.items():
        address = mail_address(stage, who, company)
        with stage.step(f"{name} joins as {', '.join(wanted[1:])}") as found:
            ada.run("memberInvite", input={"email": address, "name": name, "roles": [roles[role] for role in wanted]})
            (link, *_) = stage.until("the invitation", partial(Mailbox(stage.mail).links_to, address, "/join/"))
            submit_form(stage.address, link, {"name": name, "password1": PASSWORD, "password2": PASSWORD})
            person = sign_in(stage, who, address, name)
            stage.ids[who] = found["member"] = person.query("{ me { member { id } } }")["me"]["member"]["id"]
