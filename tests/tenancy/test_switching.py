"""A company switches its modules through its own API; a job does it, and everybody sees how far it is."""

import pytest
from django.db import connections
from tessera.audit.models import AuditEntry
from tessera.context import enter, system
from tessera.module import closure, modules
from tessera.tasks import TaskRefused, tenant_task
from tessera.testing.contract.life import checksums

from tenants import directory, epoch, hosts, switching, tasks
from tenants.installations import disable_module, enable_modules, enabling
from tenants.models import Installation
from tenants.provisioning import create_tenant
from tests.tenancy.people import member_of, owner_of

MODULES = """{ modules { label title kind state requested alwaysOn why version installedVersion depends neededBy since } }"""
SWITCH = "{ result { modules { label state requested } along } userErrors { field code message } }"
ENABLE = f"mutation($modules: [String!]!, $key: String) {{ it: moduleEnable(input: {{modules: $modules}}, idempotencyKey: $key) {SWITCH} }}"
DISABLE = f"mutation($module: String!) {{ it: moduleDisable(input: {{module: $module}}) {SWITCH} }}"
PURGE = f"mutation($module: String!, $typed: String!) {{ it: modulePurge(input: {{module: $module, confirmation: $typed}}) {SWITCH} }}"
RECORDS = "{ kind title count }"
IMPACT = f"""query($module: String!) {{ moduleImpact(module: $module) {{
    module {{ label state }} comesAlong {{ label }} goesOff {{ label requested records {RECORDS} }} keptOnBy records {RECORDS} purgedAfter }} }}"""
WAREHOUSES = "{ warehouses { totalCount } }"


@pytest.fixture
def acme(_database):
    return create_tenant(company="Acme", slug="acme", modules=["crm"])


@pytest.fixture
def ada(acme):
    return owner_of(acme)


@pytest.fixture
def jobs(monkeypatch):
    """Count the jobs that are sent, and send none: a test does them itself by `work`."""
    sent = []
    monkeypatch.setattr(switching, "enqueue", sent.append)
    return sent


def work(tenant) -> None:
    tasks.finish_switching(tenant_id=str(tenant.id))


def of(person, label) -> dict:
    return next(each for each in person.data(MODULES)["modules"] if each["label"] == label)


def told(answer) -> list[tuple]:
    return [(error["code"], error["field"]) for error in answer["it"]["userErrors"]]


def test_a_company_sees_its_modules_each_after_what_it_needs(ada):
    shown = {each["label"]: each for each in ada.data(MODULES)["modules"]}
    assert list(shown) == list(modules())
    since = shown["crm"].pop("since")
    assert since
    assert shown["crm"] == {
        "label": "crm", "title": "CRM", "kind": "BUNDLE", "state": "ON", "requested": True, "alwaysOn": False, "why": "",
        "version": "1.0", "installedVersion": "1.0", "depends": list(modules()["crm"].depends), "neededBy": [],
    }  # fmt: skip
    assert (shown["sales"]["kind"], shown["sales"]["requested"], shown["sales"]["neededBy"]) == ("PART", False, ["crm"])
    assert (shown["base"]["state"], shown["base"]["alwaysOn"]) == ("ON", True)
    assert (shown["stock"]["state"], shown["stock"]["installedVersion"], shown["stock"]["since"]) == ("ABSENT", "", None)
    assert shown["stock"]["neededBy"] == []


def test_titles_are_in_the_readers_language(ada):
    answer = ada.client.post(
        "/graphql", {"query": "{ modules { label title } }"}, "application/json", headers={"Accept-Language": "zh-hans"}
    )
    assert {each["label"]: each["title"] for each in answer.json()["data"]["modules"]}["stock"] == "库存"


def test_enabling_is_seen_at_every_step_and_the_fields_appear_when_it_is_on(acme, ada, jobs):
    unknown = ada.ask(WAREHOUSES)
    answer = ada.data(ENABLE, modules=["stock"])
    assert answer["it"] == {
        "result": {
            "modules": [
                {"label": "base", "state": "ON", "requested": False},
                {"label": "stock", "state": "ENABLING", "requested": True},
            ],
            "along": [],
        },
        "userErrors": [],
    }  # fmt: skip
    assert of(ada, "stock")["state"] == "ENABLING"
    assert ada.ask(WAREHOUSES) == unknown
    assert jobs == [tasks.finish_switching]
    work(acme)
    assert of(ada, "stock")["state"] == "ON"
    assert ada.data(WAREHOUSES)["warehouses"]["totalCount"] == 0


def test_what_comes_along_is_said(acme, ada, jobs):
    impact = ada.data(IMPACT, module="scm")["moduleImpact"]
    assert impact["module"] == {"label": "scm", "state": "ABSENT"}
    assert [each["label"] for each in impact["comesAlong"]] == ["stock"]
    answer = ada.data(ENABLE, modules=["scm"])["it"]["result"]
    assert answer["along"] == ["stock"]
    assert {each["label"] for each in answer["modules"]} == closure(["scm"])


def test_disabling_says_what_goes_and_what_stays_then_the_fields_are_unknown_exactly(acme, ada, jobs):
    never = ada.ask(WAREHOUSES)
    ada.data(ENABLE, modules=["scm"])
    work(acme)
    company = """mutation { companyCreate(input: {code: "A", name: "Acme", currency: "USD"}) { userErrors { code } } }"""
    assert ada.data(company)["companyCreate"]["userErrors"] == []
    before = checksums(acme, closure(["scm"]))
    impact = ada.data(IMPACT, module="scm")["moduleImpact"]
    assert [(each["label"], each["requested"]) for each in impact["goesOff"]] == [("scm", True), ("stock", False)]
    assert {"kind": "stock.Warehouse", "title": "warehouses", "count": 1} in impact["goesOff"][1]["records"]
    assert impact["keptOnBy"] == []
    answer = ada.data(DISABLE, module="scm")["it"]["result"]
    assert [(each["label"], each["state"]) for each in answer["modules"]] == [("stock", "DISABLING"), ("scm", "DISABLING")]
    assert answer["along"] == ["stock"]
    assert ada.ask(WAREHOUSES) == never  # at once, whatever the job does
    work(acme)
    assert (of(ada, "scm")["state"], of(ada, "stock")["state"]) == ("OFF", "OFF")
    assert ada.ask(WAREHOUSES) == never
    assert checksums(acme, closure(["scm"])) == before
    ada.data(ENABLE, modules=["scm"])
    work(acme)
    assert checksums(acme, closure(["scm"])) == before
    assert ada.data(WAREHOUSES)["warehouses"]["totalCount"] == 1


def test_saying_it_again_changes_nothing(acme, ada, jobs):
    first = ada.data(ENABLE, modules=["stock"], key="k")
    assert ada.data(ENABLE, modules=["stock"], key="k") == first
    assert len(jobs) == 1
    work(acme)
    since = of(ada, "stock")["since"]
    answer = ada.data(ENABLE, modules=["stock"])["it"]
    assert (answer["userErrors"], {each["state"] for each in answer["result"]["modules"]}) == ([], {"ON"})
    assert (of(ada, "stock")["since"], len(jobs)) == (since, 1)
    ada.data(DISABLE, module="stock")
    work(acme)
    assert ada.data(DISABLE, module="stock")["it"] == {
        "result": {"modules": [{"label": "stock", "state": "OFF", "requested": False}], "along": []}, "userErrors": [],
    }  # fmt: skip
    assert len(jobs) == 2


@pytest.mark.parametrize(
    ("document", "variables", "finding"),
    [
        (ENABLE, {"modules": ["nothing"]}, ("NOT_FOUND", ["input", "modules"])),
        (DISABLE, {"module": "nothing"}, ("NOT_FOUND", ["input", "module"])),
        (DISABLE, {"module": "base"}, ("IN_USE", ["input", "module"])),
        (DISABLE, {"module": "sales"}, ("IN_USE", ["input", "module"])),
        (PURGE, {"module": "crm", "typed": "crm"}, ("STATE", ["input", "module"])),
        (PURGE, {"module": "base", "typed": "base"}, ("IN_USE", ["input", "module"])),
        (PURGE, {"module": "crm", "typed": "CRM"}, ("INVALID", ["input", "confirmation"])),
        (PURGE, {"module": "nothing", "typed": "nothing"}, ("NOT_FOUND", ["input", "module"])),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_changes_nothing(acme, ada, jobs, document, variables, finding):
    before = ada.data(MODULES)
    assert told(ada.data(document, **variables)) == [finding]
    assert ada.data(MODULES) == before
    assert jobs == []


def test_to_enable_nothing_is_bad_input_that_names_its_field(ada, jobs):
    (error,) = ada.ask(ENABLE, modules=[])["errors"]
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("BAD_INPUT", ["input", "modules"])
    assert jobs == []


def test_the_impact_of_no_module_is_not_found(ada):
    assert ada.codes(IMPACT, module="nothing") == ["NOT_FOUND"]
    assert ada.data(IMPACT, module="sales")["moduleImpact"]["keptOnBy"] == ["crm"]
    assert ada.data(IMPACT, module="base")["moduleImpact"]["goesOff"] == []


def test_only_who_holds_the_right_sees_and_switches(acme):
    bob = member_of(acme)
    for document, variables in ((MODULES, {}), (IMPACT, {"module": "crm"}), (ENABLE, {"modules": ["stock"]})):
        assert bob.codes(document, **variables) == ["FORBIDDEN"]
    assert bob.codes(DISABLE, module="crm") == bob.codes(PURGE, module="crm", typed="crm") == ["FORBIDDEN"]
    assert not Installation.objects.filter(tenant=acme, module="stock").exists()


def test_the_right_to_switch_is_not_the_right_to_purge(acme, jobs):
    bob = member_of(acme, installation__module_switch="all")
    assert bob.data(ENABLE, modules=["stock"])["it"]["userErrors"] == []
    assert bob.codes(PURGE, module="crm", typed="crm") == bob.codes(MODULES) == ["FORBIDDEN"]


def test_a_failure_is_seen_without_its_inside_and_can_be_tried_again(acme, ada, jobs, monkeypatch):
    def stumble(self, tenant):
        raise RuntimeError("secret inside")

    ada.data(ENABLE, modules=["stock"])
    with monkeypatch.context() as broken:
        broken.setattr(type(modules()["stock"]), "on_enable", stumble)
        with pytest.raises(RuntimeError):
            work(acme)
    shown = of(ada, "stock")
    assert (shown["state"], shown["why"]) == ("FAILED", "It failed and was undone; it can be tried again.")
    assert "secret inside" in Installation.objects.get(tenant=acme, module="stock").why
    assert ada.data(ENABLE, modules=["stock"])["it"]["userErrors"] == []
    work(acme)
    assert (of(ada, "stock")["state"], of(ada, "stock")["why"], len(jobs)) == ("ON", "", 2)


def test_purging_wants_the_label_typed_exports_and_forgets(acme, ada, jobs, settings, tmp_path):
    settings.TESSERA_EXPORTS = tmp_path
    ada.data(DISABLE, module="crm")
    work(acme)
    assert told(ada.data(PURGE, module="orders", typed="orders")) == [("IN_USE", ["input", "module"])]
    assert ada.data(IMPACT, module="orders")["moduleImpact"]["purgedAfter"] == ["sales"]
    answer = ada.data(PURGE, module="sales", typed="sales")["it"]
    assert (answer["userErrors"], [each["state"] for each in answer["result"]["modules"]]) == ([], ["PURGING"])
    work(acme)
    assert of(ada, "sales")["state"] == "ABSENT"
    assert [path.name.partition("-")[0] for path in tmp_path.rglob("*.zip")] == ["sales"]
    assert ada.data(PURGE, module="sales", typed="sales")["it"]["userErrors"] == []
    assert len(jobs) == 2


def test_a_module_that_refuses_to_go_says_why_to_who_asked(acme, ada, jobs, monkeypatch):
    from tessera.errors import Refused

    def keep(self, tenant):
        raise Refused("RETENTION", "The law wants these books.")

    ada.data(DISABLE, module="crm")
    work(acme)
    monkeypatch.setattr(type(modules()["sales"]), "on_purge", keep)
    ada.data(PURGE, module="sales", typed="sales")
    with pytest.raises(Refused):
        work(acme)
    assert (of(ada, "sales")["state"], of(ada, "sales")["why"]) == ("OFF", "The law wants these books.")


def test_the_deed_is_audited_under_who_wished_it_also_when_the_clock_does_it(acme, ada, jobs):
    ada.data(ENABLE, modules=["stock"])
    assert tasks.reconcile_tenants() == 0  # somebody attends to it
    Installation.objects.filter(tenant=acme, module="stock").update(since="2026-01-01T00:00:00Z")
    assert tasks.reconcile_tenants() == 1
    with enter(acme.ref(), actor=system("test"), modules=frozenset()):
        entry = AuditEntry.objects.get(label="installation.InstalledModule", after__label="stock")
    assert (entry.actor, entry.actor_name) == (ada.member.pk, "Ada")


def test_a_wish_that_comes_between_is_neither_lost_nor_undone(acme, ada, jobs, monkeypatch):
    """While the job of one wish runs, another module is wished off and switched off."""
    ada.data(ENABLE, modules=["finance"])
    work(acme)
    ada.data(ENABLE, modules=["stock"])
    real = enabling.truth

    def between(tenant):
        found = real(tenant)
        monkeypatch.setattr(enabling, "truth", real)
        ada.data(DISABLE, module="finance")
        work(acme)
        return found

    monkeypatch.setattr(enabling, "truth", between)
    work(acme)
    assert {label: of(ada, label)["state"] for label in ("stock", "finance")} == {"stock": "ON", "finance": "OFF"}


def test_what_is_coming_on_keeps_what_it_needs(acme, ada, jobs):
    ada.data(ENABLE, modules=["orders"])
    work(acme)
    ada.data(DISABLE, module="crm")
    work(acme)
    assert of(ada, "orders")["state"] == "ON"
    ada.data(ENABLE, modules=["sales"])
    assert told(ada.data(DISABLE, module="orders")) == [("IN_USE", ["input", "module"])]


@pytest.mark.committed
def test_the_job_is_sent_once_the_wish_is_kept(_database, monkeypatch):
    acme = create_tenant(company="Acme", slug="acme")
    ada, sent = owner_of(acme), []
    monkeypatch.setattr(tasks.finish_switching, "apply_async", lambda **message: sent.append(message["kwargs"]["tenant_id"]))
    ada.data(ENABLE, modules=["stock"])
    assert sent == [str(acme.id)]
    assert Installation.objects.get(tenant=acme, module="stock").state == "enabling"
    connections["default"].close()
    work(acme)
    assert ada.data(WAREHOUSES)["warehouses"]["totalCount"] == 0


@tenant_task(module="lending")
def lend() -> None:
    pytest.fail("a task of a module that is off was run")


@pytest.mark.committed
def test_other_processes_and_gates_know_with_the_next_request(tenant):
    host = f"{tenant.slug}.localhost"
    assert "lending" in hosts.place_of(host).modules
    kept = dict(epoch._known)  # what another process has looked up
    disable_module(tenant=tenant, module="lending")
    epoch._known.update(kept)
    assert "lending" not in hosts.place_of(host).modules
    with pytest.raises(TaskRefused):
        lend(tenant_id=str(tenant.id))
    assert "lending" not in directory.find(tenant.id)[1]  # what relay, workers and the clock ask
    assert "lending" not in next(modules for ref, modules in directory.active() if ref.id == tenant.id)
    kept = dict(epoch._known)
    enable_modules(tenant=tenant, modules=["lending"])
    epoch._known.update(kept)
    assert "lending" in hosts.place_of(host).modules
