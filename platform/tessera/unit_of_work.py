"""One business operation: one transaction, phases in a fixed order, the only place that writes.

The order is: validate and gates, lock, write and hooks, numbers, posting, audit and outbox,
COMMIT. Services run the first three themselves; what must come late is deferred to a `Phase`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum
from typing import Any, TypeVar

from django.db import DataError, IntegrityError, OperationalError, connections, transaction

from tessera.context import current
from tessera.integrity import refusal_of
from tessera.read_only import refuse_while_read_only

Made = TypeVar("Made")


class Phase(IntEnum):
    """When deferred work runs, after the services and before the commit."""

    NUMBERS = 1
    POST = 2
    RECORD = 3


class Unit:
    """What one unit of work has gathered so far."""

    def __init__(self) -> None:
        self.deferred: dict[Phase, list[Callable[[], None]]] = defaultdict(list)
        self.audit: list[Any] = []
        self.facts: list[Any] = []
        self.numbers: list[Any] = []
        self.known: dict[Any, Any] = {}
        self.serving = False
        self.tentative = False
        self.trying = False

    @contextmanager
    def service(self) -> Iterator[None]:
        """Mark that a service runs, so that the services it calls are not outermost."""
        before, self.serving = self.serving, True
        try:
            yield
        finally:
            self.serving = before

    def once(self, key: Any, read: Callable[[], Made]) -> Made:
        """Return what `read` found when it was asked for first in this unit; whoever changes it drops it from `known`."""
        if key not in self.known:
            self.known[key] = read()
        return self.known[key]

    @property
    def posts(self) -> bool:
        """Say whether postings wait, which others may go by."""
        return bool(self.deferred[Phase.POST])

    def settle(self) -> None:
        """Run what waits for its phase, but for the record: numbers, then postings."""
        with self.service():
            while work := self.deferred[Phase.NUMBERS] or self.deferred[Phase.POST]:
                work.pop(0)()  # what posts may ask for further numbers: they come before the rest is posted

    def mark(self) -> tuple:
        return ({phase: len(work) for phase, work in self.deferred.items()}, len(self.audit), len(self.facts), len(self.numbers))

    def rewind(self, mark: tuple) -> None:
        deferred, audit, facts, numbers = mark
        for phase, work in self.deferred.items():
            del work[deferred.get(phase, 0) :]
        del self.audit[audit:]
        del self.facts[facts:]
        del self.numbers[numbers:]
        self.known.clear()


_unit: ContextVar[Unit | None] = ContextVar("tessera_unit", default=None)
_finishers: list[Callable[[Unit], None]] = []


class WriteOutsideUnit(RuntimeError):
    """Raised when a row of a tenant is written outside a unit of work."""


def current_unit() -> Unit:
    """Return the unit of work in force; raise where there is none."""
    found = _unit.get()
    if found is None:
        raise WriteOutsideUnit("rows are written by services, inside a unit of work")
    return found


def in_unit() -> bool:
    """Say whether a unit of work is in force."""
    return _unit.get() is not None


@contextmanager
def apart() -> Iterator[None]:
    """Let each service called in here be outermost to the gates: what is held then is that service, and no more is undone.

    For whoever makes documents and moves them on in one go, as the rows of an import do.
    """
    unit = current_unit()
    before, unit.serving = unit.serving, False
    try:
        yield
    finally:
        unit.serving = before


def finisher(work: Callable[[Unit], None], *, first: bool = False) -> Callable[[Unit], None]:
    """Register work of the kernel that runs once per unit, in the RECORD phase (audit, outbox).

    What comes `first` may still write: the others record it.
    """
    _finishers.insert(0 if first else len(_finishers), work)
    return work


def defer(phase: Phase, work: Callable[[], None]) -> None:
    """Run `work` in `phase` of the current unit, before its commit."""
    current_unit().deferred[phase].append(work)


def on_commit(work: Callable[[], None]) -> None:
    """Run `work` after the commit, in the tenant and as the actor of now, not of then."""
    from tessera.context import enter

    context = current()

    def run() -> None:
        with enter(context.tenant, actor=context.actor, modules=context.modules, request_id=context.request_id):
            work()

    # allow raw-on-commit: this is the one that keeps the tenant
    transaction.on_commit(run, using="default")


@contextmanager
def unit_of_work(*, while_read_only: bool = False) -> Iterator[Unit]:
    """Open a unit of work, or join the one in force.

    READ_ONLY is raised where a company may only be read, unless this is to be possible even then.
    """
    running = _unit.get()
    if running is not None:
        yield running
        return
    current()
    if not while_read_only:
        refuse_while_read_only()
    unit = Unit()
    token = _unit.set(unit)
    try:
        # allow bare-atomic: this is the unit of work
        with transaction.atomic(using="default"):
            yield unit
            unit.settle()
            unit.serving = True
            for record in unit.deferred[Phase.RECORD]:
                record()
            for finish in _finishers:
                finish(unit)
    except (IntegrityError, DataError) as error:
        raise refusal_of(error) from error
    finally:
        _unit.reset(token)


class SavepointNeeded(Exception):
    """Raised out of a tentative unit where a part of it is to be undone and the rest is not."""


def attempt(work: Callable[[], Made], *, while_read_only: bool = False) -> Made:
    """Run `work` as a unit of work, at first without savepoints: nothing needs them while nothing fails.

    Where a part fails that is to be undone alone, the whole is undone and run again with savepoints. `work` therefore
    begins from what it was given, and has no effect outside the transaction but by `on_commit`.
    """
    if in_unit():
        return work()
    try:
        with unit_of_work(while_read_only=while_read_only) as unit:
            unit.tentative = True
            return work()
    except SavepointNeeded:
        pass
    with unit_of_work(while_read_only=while_read_only):
        return work()


def is_trial() -> bool:
    """Say whether what fails now is done again with savepoints: what PostgreSQL refuses by itself need not be looked for before."""
    unit = _unit.get()
    return unit is not None and unit.trying


@contextmanager
def savepoint() -> Iterator[None]:
    """Try a part of the unit: on an exception its writes and everything it gathered are undone."""
    unit = current_unit()
    if unit.tentative:
        before, unit.trying = unit.trying, True
        try:
            yield
        except OperationalError:  # a deadlock or a timeout ends the whole, and is not met by trying again at once
            raise
        except Exception as error:
            raise SavepointNeeded from error
        finally:
            unit.trying = before
        return
    mark = unit.mark()
    try:
        # allow bare-atomic: this is the unit of work
        with transaction.atomic(using="default"):
            yield
    except BaseException as error:
        unit.rewind(mark)
        if isinstance(error, (IntegrityError, DataError)):
            raise refusal_of(error) from error
        raise


def lock_for_update(queryset: Any) -> list[Any]:
    """Lock rows `FOR UPDATE` in the order of their keys, so that two lockers never meet head on."""
    if not connections["default"].in_atomic_block:
        raise WriteOutsideUnit("locks are taken inside a unit of work")
    return list(queryset.select_for_update(of=("self",)).order_by("pk"))
