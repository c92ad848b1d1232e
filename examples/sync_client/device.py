"""A device that works offline: writes are kept and sent when there is a line, changes of others are merged field by field."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from sync_client.api import Api
from sync_client.kinds import KINDS, Kind
from sync_client.merging import merge
from sync_client.store import LOCAL, Conflict, Record, Sending, Store

GONE = ("DELETED", "REMOVED")
BY_TYPE = {kind.type: kind for kind in KINDS}


class Device:
    """One device of one member. Everything but `sync` works without a line."""

    def __init__(self, api: Api, store: Store) -> None:
        self.api, self.store = api, store

    # what a person does

    def create(self, kind: Kind, **values: Any) -> str:
        """Make a record and return its id, which the server replaces."""
        made = Record(f"{LOCAL}{uuid4()}", kind.type, mine=values)
        with self.store.transaction():
            self.store.keep(made)
        return made.id

    def edit(self, id: str, **values: Any) -> None:
        """Change fields of a record."""
        record = self.record(id)
        with self.store.transaction():
            mine = {name: value for name, value in (record.mine | values).items() if record.base.get(name, ...) != value}
            self.store.keep(replace(record, mine=mine))

    def delete(self, id: str) -> None:
        """Delete a record; one that the server has never had is only forgotten."""
        record = self.record(id)
        with self.store.transaction():
            if not record.version and self.store.sending(id) is None:
                self.store.drop(id)
            else:
                self.store.keep(replace(record, doomed=True))

    def record(self, id: str) -> Record:
        """Return a record; LookupError where there is none (any more)."""
        found = self.store.find(id)
        if found is None:
            raise LookupError(id)
        return found

    def shown(self, kind: Kind) -> dict[str, dict[str, Any]]:
        """Return what is shown of a kind, by id."""
        return {each.id: each.values for each in self.store.records(kind.type) if not each.doomed}

    def decide(self, conflict: Conflict, *, mine: bool) -> None:
        """Settle a conflict in favour of what was written here, or of what is there."""
        record = self.record(conflict.record)
        with self.store.transaction():
            self.store.settle(conflict.id)
            if conflict.field:
                if mine:
                    self.store.keep(replace(record, mine=record.mine | {conflict.field: conflict.mine}))
            elif conflict.theirs is not None:  # it was to be deleted here
                self.store.keep(replace(record, doomed=mine))
            elif not record.held:
                raise ValueError(f"nothing is held of {record.id}")
            elif record.version:  # the server took nothing of it
                self.store.keep(replace(record, held=False, mine=record.mine if mine else {}))
            elif mine:
                self.store.keep(replace(record, held=False))
            else:
                self.store.drop(record.id)

    # what happens when there is a line

    def sync(self) -> None:
        """Send what waits, then take in what changed; raises Offline at any point, and goes on from there next time."""
        self._push()
        self._pull()
        self._push()  # what was merged, and what has its parent's id only now

    def _push(self) -> None:
        for kind in KINDS:
            for record in self.store.records(kind.type):
                self._send(kind, record)

    def _send(self, kind: Kind, record: Record) -> None:
        sending = self.store.sending(record.id)
        if sending is None:
            if not record.waits or any(str(record.mine.get(name, "")).startswith(LOCAL) for name in kind.references):
                return
            with self.store.transaction():
                sending = self._begin(record)
        self._answered(kind, record, sending, self._ask(kind, sending))

    def _begin(self, record: Record) -> Sending:
        verb = "delete" if record.doomed and record.version else "update" if record.version else "create"
        return self.store.begin(record.id, verb, record.version, {} if verb == "delete" else record.mine)

    def _ask(self, kind: Kind, sending: Sending) -> dict[str, Any]:
        if sending.verb == "create":
            return self.api.create(kind, sending.key, sending.body)
        if sending.verb == "update":
            return self.api.update(kind, sending.key, sending.record, sending.version, sending.body)
        return self.api.delete(kind, sending.key, sending.record, sending.version)

    def _answered(self, kind: Kind, record: Record, sending: Sending, answer: dict[str, Any]) -> None:
        codes = {error["code"] for error in answer["userErrors"]}
        stale = bool(codes & {"CONFLICT", "NOT_FOUND"}) and record.version > 0
        theirs = self.api.records(kind, [record.id]) if stale else []
        with self.store.transaction():
            self.store.end(record.id)
            if not codes:
                self._taken(kind, record, sending, answer)
            elif theirs and theirs[0]["version"] > record.version:
                self._merge(kind, theirs[0])
            elif stale and not theirs:
                self._lose(record.id)
            else:
                self._refused(record, sending, "; ".join(error["message"] for error in answer["userErrors"]))

    def _taken(self, kind: Kind, record: Record, sending: Sending, answer: dict[str, Any]) -> None:
        if sending.verb == "delete":
            self.store.drop(record.id)
            return
        node = answer["node"]
        left = {name: value for name, value in record.mine.items() if sending.body.get(name, ...) != value}
        if sending.verb == "create":
            self.store.rename(record.id, node["id"])
        self.store.keep(replace(record, id=node["id"], version=node["version"], base=kind.values(node), mine=left))

    def _refused(self, record: Record, sending: Sending, why: str) -> None:
        if sending.verb == "delete":
            self.store.keep(replace(record, doomed=False))
            self.store.dispute(record.id, "", record.base, None, record.base, why)
        else:
            self.store.keep(replace(record, held=True))
            self.store.dispute(record.id, "", record.base, record.mine, None, why)

    def _pull(self) -> None:
        if self.store.cursor is None:
            self._read_everything(self.api.changes(None, KINDS)["cursor"])
        more = True
        while more:
            page = self.api.changes(self.store.cursor, KINDS)
            if page["resyncRequired"]:
                self._read_everything(page["cursor"])
            else:
                self._take_in(page)
            more = page["hasMore"]

    def _take_in(self, page: dict[str, Any]) -> None:
        last = {item["id"]: item for item in page["items"]}
        gone = [id for id, item in last.items() if item["op"] in GONE]
        found = []
        for kind in KINDS:
            ids = [id for id, item in last.items() if item["type"] == kind.type and id not in gone]
            nodes = self.api.records(kind, ids)
            found += [(kind, node) for node in nodes]
            gone += sorted(set(ids) - {node["id"] for node in nodes})
        with self.store.transaction():
            for kind, node in found:
                self._merge(kind, node)
            for id in gone:
                self._lose(id)
            self.store.cursor = page["cursor"]

    def _read_everything(self, cursor: str) -> None:
        found = [(kind, node) for kind in KINDS for node in self.api.everything(kind)]
        there = {node["id"] for _, node in found}
        with self.store.transaction():
            for kind, node in found:
                self._merge(kind, node)
            for record in self.store.records():
                if record.version and record.id not in there:
                    self._lose(record.id)
            self.store.cursor = cursor

    def _merge(self, kind: Kind, node: dict[str, Any]) -> None:
        """Take in a record as the server has it now."""
        record, theirs = self.store.find(node["id"]), kind.values(node)
        if record is None:
            self.store.keep(Record(node["id"], kind.type, node["version"], theirs))
        elif record.version >= node["version"]:
            return  # our own write, or a page that was read before it
        elif record.doomed:
            self.store.keep(replace(record, version=node["version"], base=theirs, mine={}, doomed=False))
            self.store.dispute(record.id, "", record.base, None, theirs, "deleted here, changed there")
        else:
            mine, clashes = merge(record.base, record.mine, theirs)
            self.store.keep(replace(record, version=node["version"], base=theirs, mine=mine))
            for clash in clashes:
                self.store.dispute(record.id, clash.field, clash.base, clash.mine, clash.theirs, "changed here and there")

    def _lose(self, id: str) -> None:
        """Take in that a record is gone, or out of sight; what was edited here waits for a person, as a record that is to be made anew."""
        record = self.store.find(id)
        if record is None or not record.version:
            return
        self.store.drop(id)
        if record.mine and not record.doomed:
            anew = Record(f"{LOCAL}{uuid4()}", record.kind, mine=record.values, held=True)
            self.store.keep(anew)
            self.store.dispute(anew.id, "", record.base, record.mine, None, "changed here, gone there")
