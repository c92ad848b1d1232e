"""The curated surface of the kernel: what a module may import, and nothing else is public."""

from tessera.access.ports import org_reach, units_within
from tessera.access.selectors import active_among, actor_of_member, members_in_role
from tessera.access.staleness import reach_depends_on
from tessera.accounts.addresses import tenant_url
from tessera.audit.selectors import history_of
from tessera.context import Actor, Reach, current, system
from tessera.crud import validate
from tessera.errors import ApiError, Code, Forbidden, NotFound, Problem, Refused
from tessera.events import Event, during, event, late, on, publish
from tessera.exchange.importer import Importer
from tessera.fields import (
    AmountField,
    CurrencyField,
    KeyField,
    MemberKey,
    ModuleKey,
    PercentField,
    PriceField,
    QuantityField,
    RateField,
    new_id,
)
from tessera.gates import Answer, Transition, gate
from tessera.installation.selectors import settings_of
from tessera.lineage.links import Link, link_many
from tessera.lineage.selectors import DocumentEdge, document_graph, relates
from tessera.lineage.services import (
    close_hold,
    content_hash,
    kind_of,
    link_documents,
    link_lines,
    linked,
    linked_amounts,
    refuse_while_held,
    release_hold,
    save_revision,
    save_revisions,
    waiting_hold,
)
from tessera.machine import check_move, move
from tessera.models import Manager, Model, QuerySet, Record
from tessera.module import MenuItem, Module, ModulePrice, Permission, Role
from tessera.money import Money, line_net, minor_units, part_of, round_money, round_to, spread
from tessera.numbering.services import assign_number, void_number
from tessera.ordering import OrGreatest
from tessera.ports import Port, port
from tessera.quantity import convert
from tessera.quotas import Meter
from tessera.resource import Action, Children, Computed, Form, Kanban, List, Mutation, Report, Resource, RowScope, Under
from tessera.scope import visible_rows
from tessera.search.expressions import search_index
from tessera.service import demand, service
from tessera.signing import BadToken, sign, unsign
from tessera.tasks import enqueue, tenant_task
from tessera.unit_of_work import Phase, apart, defer, lock_for_update, on_commit, savepoint
from tessera.usage.services import use
from tessera.wording import listed

__all__ = [name for name in dir() if not name.startswith("_")]
