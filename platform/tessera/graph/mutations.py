"""Mutations of resources: one row, or up to a hundred of them together.

One root field is one unit of work: idempotency key, lock, service and the finished answer stand or
fall together (`run_in_steps` is for services that are several). A refusal is answered in `userErrors`; anything else goes to `errors`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from graphql import (
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLResolveInfo,
    print_ast,
)

from tessera.crud import refusal_of_validation
from tessera.errors import Problem, Refused
from tessera.graph.bulk_mutations import BULK, Undone, bulk_arguments, bulk_payload, bulk_work
from tessera.graph.definitions import Field, argument, required
from tessera.graph.execute import Finished
from tessera.graph.payloads import KEY, Answer, Payloads, UserError
from tessera.graph.plan import Planner
from tessera.graph.registry import Registry
from tessera.graph.values import ValuePlan, value_plan
from tessera.graph.verbs import Verb, description_of, verbs_of
from tessera.idempotency.services import answer_of, claim_key, keep_answer
from tessera.resource import camel
from tessera.unit_of_work import Phase, attempt, defer, unit_of_work

Work = Callable[[dict[str, Any]], Any]
_ID, _VERSION = argument(required(GraphQLID)), argument(GraphQLInt)


def mutation_fields(registry: Registry) -> dict[str, GraphQLField]:
    """Return the mutations of all resources that exist."""
    payloads = Payloads(registry)
    found: dict[str, GraphQLField] = {}
    for shape in registry.shapes:
        for verb in verbs_of(registry, payloads, shape):
            made = {verb.name(): _single(payloads, verb)}
            if verb.word in BULK and not (verb.public or verb.secret):
                made[verb.name("bulk")] = _bulk(registry, payloads, verb)
            if twice := found.keys() & made.keys():
                raise ImproperlyConfigured(f"two mutations are named {sorted(twice)}")
            found |= made
    return found


def _about(verb: Verb) -> dict[str, Any]:
    return {"verb": verb, "permission": verb.permission} | ({"service": verb.service} if verb.service else {})


def _single(payloads: Payloads, verb: Verb) -> GraphQLField:
    arguments = {}
    if verb.takes_row:
        arguments["id"] = _ID
        if verb.versioned:
            arguments["version"] = _VERSION
    if not verb.secret:
        arguments["idempotencyKey"] = KEY
    if verb.input is not None:
        arguments["input"] = argument(required(verb.input) if verb.required else verb.input)

    def work(given: dict[str, Any]) -> Answer:
        verb.demand()
        return verb.apply(given)

    return Field(
        payloads.make(verb.name(), verb.parts, verb.held),
        arguments,
        resolve=Resolver(work, verb.places, run_of(verb.service)),
        description=description_of(verb),
        extensions=_about(verb),
    )


def _bulk(registry: Registry, payloads: Payloads, verb: Verb) -> GraphQLField:
    return Field(
        bulk_payload(registry, payloads, verb),
        bulk_arguments(registry, verb),
        resolve=Resolver(bulk_work(verb, lambda refusal: user_errors(refusal, verb.places)), {}),
        description=f"Do what {verb.name()} does for several rows.",
        extensions={**_about(verb), "items": "items"},
    )


def user_errors(refusal: Refused | ValidationError, places: Mapping[str, str]) -> list[UserError]:
    """Return what a client gets to know of a refusal; `places` says which argument a name in it belongs to."""
    found = refusal if isinstance(refusal, Refused) else refusal_of_validation(refusal)
    return [UserError(_path(each, places), each.message, each.code, each.details) for each in found.problems]


def run_of(service: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return how the mutation of a service is run; a generic one is a unit of work, and refused while the company may only be read."""
    if getattr(service, "steps", False):
        return run_in_steps
    return partial(run_in_unit, while_read_only=getattr(service, "while_read_only", False))


def run_in_unit(
    info: GraphQLResolveInfo, arguments: dict[str, Any], work: Work, plan: ValuePlan, *, while_read_only: bool = False
) -> Any:
    """Return the answer of a mutation that is one unit of work, with its idempotency key."""
    finished: list[Any] = []
    key = arguments.get("idempotencyKey")

    def run() -> None:
        finished.clear()
        claimed = None
        if key is not None:
            claimed, fresh = claim_key(key=key, request_hash=request_hash(info, arguments))
            if not fresh:
                finished.append(json.loads(claimed.answer))
                return
        answer = work(arguments)

        def finish() -> None:
            finished.extend(plan.render_all([answer]))
            if claimed:
                keep_answer(claimed=claimed, answer=json.dumps(finished[0]))

        defer(Phase.RECORD, finish)  # numbers and postings are there by then, the commit is not

    attempt(run, while_read_only=while_read_only)
    return finished[0]


def run_in_steps(info: GraphQLResolveInfo, arguments: dict[str, Any], work: Work, plan: ValuePlan) -> Any:
    """Return the answer of a mutation whose service opens its own transactions and does what it does once by itself.

    The key is claimed when there is an answer to keep; of copies at the same moment, all answer what the first kept.
    """
    key = arguments.get("idempotencyKey")
    if key is None:
        return plan.render_all([work(arguments)])[0]
    asked = request_hash(info, arguments)
    if (kept := answer_of(key=key, request_hash=asked)) is not None:
        return json.loads(kept)
    answer = plan.render_all([work(arguments)])[0]
    with unit_of_work(while_read_only=True):  # the service itself was not refused
        claimed, fresh = claim_key(key=key, request_hash=asked)
        if not fresh:
            return json.loads(claimed.answer)
        keep_answer(claimed=claimed, answer=json.dumps(answer))
    return answer


@dataclass(frozen=True)
class Resolver:
    """The resolver of a mutation; `work` answers as `run` calls it, or raises what is refused.

    `places` says which argument a name in a refusal belongs to.
    """

    work: Work
    places: Mapping[str, str]
    run: Callable[..., Any] = run_in_unit

    def __call__(self, _source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Finished:
        plan = value_plan(Planner(info), info.return_type, info.field_nodes)
        try:
            return Finished(self.run(info, arguments, self.work, plan))
        except Undone as undone:
            answer: Any = undone.answer
        except (Refused, ValidationError) as refusal:
            answer = Answer(user_errors=user_errors(refusal, self.places))
        return Finished(plan.render_all([answer])[0])


def request_hash(info: GraphQLResolveInfo, arguments: dict[str, Any]) -> str:
    """Return the SHA-256 of one mutation as asked: its arguments, and what it wants to be answered."""
    asked = [
        info.field_name,
        arguments,
        [print_ast(node) for node in info.field_nodes],
        [print_ast(fragment) for _, fragment in sorted(info.fragments.items())],
        info.variable_values,
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def _path(problem: Problem, places: Mapping[str, str]) -> list[str]:
    if not problem.field:
        return []
    first, *rest = problem.field
    below = [camel(part) for part in rest]
    place = places.get(first)
    if place == "id":
        return ["id", *below]
    return [place, camel(first), *below] if place else [camel(first), *below]
