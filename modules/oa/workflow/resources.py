"""What people see of processes, requests and their tasks."""

from django.utils.translation import gettext_lazy as _
from tessera.api import Action, Children, Form, Kanban, List, Resource, RowScope

from modules.oa.workflow import models, services

Task = models.ApprovalTask.State
Instance = models.ProcessInstance.State

Resource(
    model=models.ProcessDefinition,
    fields=(
        "name",
        "kind",
        "transition",
        "order",
        "edition",
        "conditions",
        "steps",
        "fallback_role",
        "state",
        "published_at",
        "published_by",
        "version",
    ),
    create=services.define_process,
    filters=("kind", "transition", "state"),
    order=("name", "kind", "published_at"),
    search=("name",),
    actions=(
        Action("publish", services.publish_process, title=_("Put into force"), states=("draft",)),
        Action("retire", services.retire_process, title=_("Retire"), states=("draft", "published")),
    ),
    views=(
        List(("name", "kind", "transition", "order", "edition", "state")),
        Form(((_("Process"), ("name", "kind", "transition", "order", "conditions", "steps")),)),
    ),
)
Resource(
    model=models.ProcessInstance,
    fields=(
        "definition",
        "kind",
        "document",
        "title",
        "transition",
        "facts",
        "requested_by",
        "state",
        "round",
        "step",
        "created_at",
        "ended_at",
        "version",
    ),
    filters=("kind", "document", "transition", "requested_by", "state", "created_at"),
    order=("created_at", "ended_at"),
    search=("title",),
    children=(Children("tasks", models.ApprovalTask, "instance"), Children("votes", models.Vote, "instance")),
    actions=(
        Action("withdraw", services.withdraw_request, title=_("Withdraw"), states=(Instance.RUNNING, Instance.APPROVED)),
        Action("resubmit", services.resubmit_request, title=_("Submit again"), states=(Instance.RUNNING,)),
        Action("retry", services.retry_request, title=_("Try again"), states=(Instance.APPROVED,)),
    ),
    views=(List(("title", "kind", "transition", "state", "step", "round", "created_at")),),
    scope=RowScope(owner="requested_by", shared=RowScope(owner="tasks__assignee")),
)
Resource(
    model=models.ApprovalTask,
    fields=(
        "instance",
        "kind",
        "document",
        "title",
        "requested_by",
        "round",
        "step",
        "position",
        "assignee",
        "acting_for",
        "transferred_from",
        "added_by",
        "state",
        "answer",
        "opened_at",
        "decided_at",
        "version",
    ),
    filters=("kind", "document", "requested_by", "assignee", "state", "opened_at"),
    order=("opened_at", "decided_at"),
    search=("title",),
    actions=(
        Action("approve", services.approve_task, title=_("Approve"), states=(Task.OPEN,), bulk=True),
        Action("reject", services.reject_task, title=_("Reject"), states=(Task.OPEN,)),
        Action("return", services.return_task, title=_("Return"), states=(Task.OPEN,)),
        Action("delegate", services.delegate_task, title=_("Let a deputy decide"), states=(Task.OPEN,)),
        Action("transfer", services.transfer_task, title=_("Hand on"), states=(Task.OPEN,)),
        Action("add_approver", services.add_approver, title=_("Ask one more"), states=(Task.OPEN,)),
    ),
    views=(List(("title", "kind", "requested_by", "opened_at", "state")), Kanban(by="state", card=("title", "requested_by"))),
    scope=RowScope(owner="assignee"),
)
Resource(
    model=models.Vote,
    fields=("instance", "task", "round", "step", "member", "acting_for", "decision", "comment", "recorded_at"),
    filters=("instance", "member", "decision"),
    order=("recorded_at",),
    scope=RowScope(owner="instance__requested_by", shared=RowScope(owner="instance__tasks__assignee")),
)
Resource(
    model=models.Delegation,
    fields=("member", "deputy", "starts_on", "ends_on", "note", "version"),
    create=services.create_delegation,
    filters=("member", "deputy", "starts_on", "ends_on"),
    order=("starts_on",),
    actions=(Action("end", services.end_delegation, title=_("End")),),
    views=(List(("member", "deputy", "starts_on", "ends_on")),),
    scope=RowScope(owner="member"),
)
