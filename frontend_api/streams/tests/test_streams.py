"""Changes come as they happen, to whoever may see them, and go on where a line broke."""

import pytest
from django.db import connections
from django.test import RequestFactory
from tessera.access.models import RoleAssignment
from tessera.access.selectors import actor_of
from tessera.access.services import deactivate_member, revoke_token, sign_out_member, unassign_role
from tessera.accounts.models import Account
from tessera.accounts.services import end_session
from tessera.accounts.tests.hosts import host_of
from tessera.changes import hints
from tessera.changes.tests.reader import gone, saved, unique
from tessera.context import acting, system
from tessera.fields import new_id
from tessera.graph.ids import encode
from tessera.testing.plugin import entered

from frontend_api.streams.admission import admit
from frontend_api.streams.looking import look
from frontend_api.streams.tests.conftest import serving
from frontend_api.streams.tests.line import CHANGED, Line
from tenants.epoch import forget_tenants
from tenants.models import Tenant
from tests.samples.library.models import Author


def author():
    return saved(Author(name=unique("Ann")))


def shown(row, op):
    return {"type": "Author", "id": encode("Author", row.pk), "op": op}


def without_cursor(change):
    return {name: value for name, value in change.items() if name != "cursor"}


def test_changes_come_as_they_happen(listen, person, write):
    line = listen(person().secret)
    line.opened()
    ann = write(author)
    change = line.change()
    assert without_cursor(change) == shown(ann, "CREATED")
    assert change["cursor"] == line.position
    write(lambda: saved(ann, name=unique("Anna")))
    assert without_cursor(line.change()) == shown(ann, "UPDATED")
    key = write(lambda: gone(ann))
    assert without_cursor(line.change()) == {"type": "Author", "id": encode("Author", key), "op": "DELETED"}


def test_what_is_written_between_the_opening_of_a_line_and_the_first_look_is_told(person, write, tenant):
    headers = {"host": host_of(tenant), "authorization": f"Bearer {person().secret}", "accept": "text/event-stream"}
    request = RequestFactory().post("/graphql/stream", {"query": CHANGED}, "application/json", headers=headers)
    stream = admit(request)
    ann = write(author)
    start, event = look(tenant.id, [stream])[stream].frames
    assert start.startswith(b"id: ")
    assert encode("Author", ann.pk).encode() in event


def test_everybody_gets_what_they_may_see(listen, person, write):
    everything, own, nothing = person(), person(reach="own"), person(right="library__book_view")
    lines = [listen(each.secret) for each in (everything, own, nothing)]
    for line in lines:
        line.opened()
    hers = write(lambda: saved(Author(name=unique("Ann"), owner=own.member.pk)))
    other = write(author)
    assert without_cursor(lines[1].change()) == shown(hers, "CREATED")
    write(lambda: saved(hers, owner=None))
    assert [without_cursor(lines[0].change()) for _ in range(2)] == [shown(hers, "CREATED"), shown(other, "CREATED")]
    assert without_cursor(lines[0].change()) == shown(hers, "UPDATED")
    assert without_cursor(lines[1].change()) == shown(hers, "REMOVED")


def test_a_company_hears_nothing_of_another(listen, person, write, other_tenant):
    line = listen(person().secret)
    line.opened()
    write(author, other_tenant)
    ann = write(author)
    assert without_cursor(line.change()) == shown(ann, "CREATED")


@pytest.mark.parametrize("how", ["since", "last"])
def test_a_line_that_broke_goes_on_without_gap_or_duplicate(listen, person, write, how):
    secret = person().secret
    line = listen(secret)
    line.opened()
    made = [write(author) for _ in range(3)]
    heard = [line.change() for _ in range(2)]
    line.close()
    made += [write(author) for _ in range(3)]
    again = listen(secret, **{how: heard[-1]["cursor"]})
    start = again.opened()
    made.append(write(author))
    heard += [again.change() for _ in range(5)]
    once_more = listen(secret, since=start)  # the first frame comes before what it leads to
    once_more.opened()
    assert [without_cursor(once_more.change()) for _ in range(5)] == [without_cursor(each) for each in heard[-5:]]
    assert [without_cursor(each) for each in heard] == [shown(each, "CREATED") for each in made]


def test_many_changes_come_one_by_one(listen, person, write):
    line = listen(person().secret)
    start = line.opened()
    made = write(lambda: [author() for _ in range(230)])
    wanted = [shown(each, "CREATED") for each in made]
    assert [without_cursor(line.change()) for _ in made] == wanted
    secret = line.secret
    again = listen(secret, since=start)
    again.opened()
    assert [without_cursor(again.change()) for _ in made] == wanted


def test_a_change_without_a_hint_is_found_a_little_later(listen, person, write, monkeypatch):
    monkeypatch.setattr(hints, "_hint", lambda tenant: None)
    line = listen(person().secret)
    line.opened()
    ann = write(author)
    assert without_cursor(line.change()) == shown(ann, "CREATED")


def test_fields_and_names_are_as_asked_for(listen, person, write):
    query = 'subscription Heard { news: changed(types: ["Author"]) { what: __typename ...on Change { op } } }'
    line = listen(person().secret, query=query)
    line.opened()
    write(author)
    assert line.frame()["data"] == '{"data":{"news":{"what":"Change","op":"CREATED"}}}'


def deactivated(who):
    deactivate_member(member=who.member)
    return {"code": "UNAUTHENTICATED"}, {"code": "UNAUTHENTICATED"}


def signed_out(who):
    sign_out_member(member=who.member)
    return {"code": "UNAUTHENTICATED"}, {"code": "UNAUTHENTICATED"}


def account_closed(who):
    Account.objects.filter(pk=who.account.pk).update(is_active=False)
    return {"code": "UNAUTHENTICATED"}, {"code": "UNAUTHENTICATED"}


def new_password(who):
    who.account.set_password("battery staple 43")
    who.account.save()
    return {"code": "UNAUTHENTICATED"}, None


def session_ended(who):
    end_session(key=who.session)
    return {"code": "UNAUTHENTICATED"}, None


def token_revoked(who):
    with acting(actor_of(who.member)):
        revoke_token(access_token=who.token.token)
    return None, {"code": "UNAUTHENTICATED"}


def role_lost(who):
    unassign_role(role_assignment=RoleAssignment.objects.get(member=who.member, role=who.role))
    return ({"code": "BAD_CURSOR", "resyncRequired": True},) * 2


@pytest.mark.parametrize("end", [deactivated, signed_out, account_closed, new_password, session_ended, token_revoked, role_lost])
def test_a_line_ends_with_what_it_stands_on(listen, person, write, tenant, end):
    who = person()
    lines = [listen(each, types=["Author"]) for each in (who.session, who.secret)]
    for line in lines:
        line.opened()
    with entered(tenant, actor=system("test")):
        wanted = end(who)
    ann = write(author)
    for line, error in zip(lines, wanted, strict=True):
        if error is None:
            assert without_cursor(line.change()) == shown(ann, "CREATED")
        elif error["code"] == "UNAUTHENTICATED":
            assert line.ended() == error
            assert listen(line.secret).refused() == (401, "UNAUTHENTICATED")
        else:
            assert line.ended() == error


def test_a_suspended_company_hears_nothing_more(listen, person, tenant):
    line = listen(person().secret)
    line.opened()
    rows = Tenant.objects.filter(pk=tenant.pk)
    rows.update(state=Tenant.State.SUSPENDED)
    forget_tenants()
    try:
        assert line.ended() == {"code": "TENANT_SUSPENDED"}
    finally:
        rows.update(state=Tenant.State.ACTIVE)
        forget_tenants()


def test_who_may_not_listen_is_told_why(listen, person, other_tenant):
    secret = person().secret
    assert listen("").refused() == (401, "UNAUTHENTICATED")
    assert listen("nonsense").refused() == (401, "UNAUTHENTICATED")
    assert listen(secret, host=host_of(other_tenant)).refused() == (401, "UNAUTHENTICATED")
    assert listen(secret, host=f"{new_id().hex}.{host_of()}").status == 404
    assert listen(secret, host=host_of()).status == 404
    assert listen(secret, query="{ me { tenant } }").refused() == (400, "BAD_INPUT")
    assert listen(secret, query="subscription { nothing }").refused() == (400, "BAD_INPUT")
    assert listen(secret, query="subscription ($s: String!) { changed(since: $s) { op } }").refused() == (400, "BAD_INPUT")
    assert listen(secret, since="nonsense").refused() == (400, "BAD_CURSOR")
    assert listen(secret, since=listen(person().secret).opened()).refused() == (400, "BAD_CURSOR")
    assert listen(secret, body=[1]).refused() == (400, "BAD_INPUT")


def test_a_person_has_a_number_of_lines_at_most(listen, person, settings):
    who = person()
    lines = [listen(who.secret) for _ in range(settings.TESSERA_STREAMS["person"])]
    for line in lines:
        line.opened()
    assert listen(who.secret).refused() == (429, "RATE_LIMITED")
    listen(person().secret).opened()
    lines[0].close()
    deadline_tries = 200
    while listen(who.secret).status != 200:
        deadline_tries -= 1
        assert deadline_tries


def test_no_connection_of_a_company_is_held_between_events(listen, person, write, tenant):
    line = listen(person().secret)
    line.opened()
    write(author)
    line.change()
    name = connections["default"].settings_dict["NAME"]
    with entered(tenant, actor=system("test")), connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND state LIKE 'idle in transaction%%'", [name])
        assert cursor.fetchone() == (0,)


def test_a_server_that_is_told_to_stop_ends_its_lines_and_stops(person, tenant):
    secret = person().secret
    with serving() as server:
        line = Line(server.url, host_of(tenant), secret)
        line.opened()
        server.process.terminate()
        assert line.frame() == {"event": "complete", "data": ""}
        assert line.frame() == {}
        line.close()
        assert server.process.wait(60) == 0
