"""Words that mean several things are shown to Chinese readers in the sense of where they stand."""

import pytest
from django.apps import apps
from django.utils import translation
from django.utils.text import capfirst
from tessera.module import modules
from tessera.permissions import all_permissions
from tessera.resource import RESOURCES

from modules.oa.workflow.steps import StepRule

COLUMNS = {
    "finance.Entry.reverses": "被冲销的凭证",
    "finance.Allocation.reverses": "被取消的核销",
    "stock.StockMove.returns_move": "被退回的移动",
    "finance.EntryLine.account": "科目",
    "access.Member.account_id": "账户",
    "finance.Invoice.org_unit": "部门",
    "finance.InvoiceLine.unit": "单位",
    "sales.Opportunity.org_unit": "部门",
    "access.RoleAssignment.unit": "部门",
    "finance.InvoiceLine.position": "行号",
    "base.PaymentTermLine.position": "序号",
    "base.Assignment.position": "岗位",
    "custom.CustomField.position": "位置",
    "base.Position.title": "岗位名称",
    "sales.Opportunity.title": "标题",
    "base.Assignment.valid_from": "生效日期",
    "workflow.Delegation.starts_on": "开始日期",
    "workflow.Vote.comment": "审批意见",
    "service.Survey.comment": "意见",
    "workflow.ProcessInstance.facts": "依据",
    "webhooks.WebhookSubscription.events": "事件",
    "workflow.ApprovalTask.instance": "审批申请",
    "outbox.OutboxEvent.request": "请求",
    "workflow.ProcessDefinition.order": "顺序",
    "service.Survey.document": "订单",
    "finance.OpenItem.residual": "未清金额",
    "finance.Invoice.tax_total": "税额",
    "finance.InvoiceTax.tax": "税种",
    "base.Item.active": "启用",
    "webhooks.WebhookAttempt.delivery": "投递",
}
CHOICES = {
    ("finance.PeriodLock.state", "open"): "未结账",
    ("sales.Opportunity.state", "open"): "进行中",
    ("service.Ticket.state", "open"): "待处理",
    ("workflow.ApprovalTask.state", "open"): "待办",
    ("billing.Invoice.status", "open"): "未付",
    ("billing.Checkout.state", "open"): "进行中",
    ("finance.PeriodLock.state", "closed"): "已结账",
    ("service.Ticket.state", "closed"): "已关闭",
    ("finance.Invoice.direction", "purchase"): "采购",
    ("stock.Receipt.kind", "supplier"): "采购入库",
    ("finance.Payment.direction", "in"): "收款",
    ("finance.Payment.direction", "out"): "付款",
    ("billing.Invoice.status", "paid"): "已付",
    ("base.TaxRate.tax_point", "invoice"): "开票时",
    ("finance.Invoice.kind", "invoice"): "发票",
    ("base.Address.kind", "delivery"): "收货地址",
    ("access.Member.state", "active"): "有效",
    ("tenants.Tenant.state", "active"): "正常",
    ("webhooks.WebhookSubscription.state", "active"): "启用",
    ("webhooks.WebhookDelivery.state", "done"): "已送达",
    ("bulk.BulkOperation.state", "done"): "完成",
    ("access.RolePermission.reach", "all"): "全部",
}
ACTIONS = {
    "Payment.reverse": "冲销",
    "Delivery.return": "退货",
    "FiscalPeriod.close": "结账",
    "Ticket.close": "关闭",
}
RIGHTS = {"finance.account_view": "查看科目", "base.org_unit_view": "查看部门", "base.unit_view": "查看单位"}


@pytest.fixture(autouse=True)
def chinese():
    with translation.override("zh-hans"):
        yield


def column(name):
    label, _, field = name.rpartition(".")
    return apps.get_model(label)._meta.get_field(field)


@pytest.mark.parametrize(("name", "words"), COLUMNS.items())
def test_a_column_is_named_as_its_table_means_it(name, words):
    assert column(name).verbose_name == words


@pytest.mark.parametrize(("name", "value", "words"), [(*key, words) for key, words in CHOICES.items()])
def test_a_choice_is_named_as_its_column_means_it(name, value, words):
    assert dict(column(name).flatchoices)[value] == words


@pytest.mark.parametrize(("name", "words"), ACTIONS.items())
def test_an_action_is_named_as_its_record_means_it(name, words):
    resource, _, verb = name.partition(".")
    found = {action.verb: action.title for each in RESOURCES.values() if each.name == resource for action in each.actions}
    assert found[verb] == words


@pytest.mark.parametrize(("code", "words"), RIGHTS.items())
def test_a_right_is_named_after_what_it_is_for(code, words):
    assert all_permissions()[code] == words


def test_the_menu_of_finance_shows_ledger_accounts_and_not_those_that_sign_in():
    assert {item.resource: item.title for item in modules()["finance"].menu}["Account"] == "会计科目"
    assert capfirst(apps.get_model("accounts.Account")._meta.verbose_name_plural) == "账户"


def test_a_step_that_all_approve_is_no_reach_over_all():
    assert StepRule.ALL.label == "全部（会签）"
