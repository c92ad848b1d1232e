"""A kill between any two steps leaves a state from which the healer makes truth and mirror equal."""

import pytest

from tenants.installations import (
    disable_module,
    disabling,
    enable_modules,
    enabling,
    mirror,
    purge_module,
    purging,
    reconcile_tenant,
)
from tests.tenancy.tenants_seen import Killed, own_states, states, tables


def kill(monkeypatch, module, name, *, after=False):
    """Let the process die when it reaches (or has just left) a function."""
    real = getattr(module, name)

    def die(*args, **kwargs):
        if after:
            real(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(module, name, die)


STEPS = [(enabling, "bring_up", False), (enabling, "settle", False), (enabling, "settle", True), (mirror, "reflect", False)]


@pytest.mark.parametrize(("module", "name", "after"), STEPS)
@pytest.mark.parametrize("heal", ["reconcile", "retry"])
def test_enabling_killed_at_any_step_is_healed(tenant, planted, monkeypatch, module, name, after, heal):
    with monkeypatch.context() as dying:
        kill(dying, module, name, after=after)
        with pytest.raises(Killed):
            enable_modules(tenant=tenant, modules=["beta"])
    assert states(tenant) == {"alpha": "enabling", "beta": "enabling"}
    done = (module, name) == (mirror, "reflect")
    assert own_states(tenant) == ({"alpha": "on", "beta": "on"} if done else {})
    if heal == "reconcile":
        assert {"alpha": "on", "beta": "on"}.items() <= reconcile_tenant(tenant=tenant).items()
    else:
        enable_modules(tenant=tenant, modules=["beta"])
    assert states(tenant) == own_states(tenant) == {"alpha": "on", "beta": "on"}
    assert planted.count(("enable", "alpha", "a")) == (2 if after else 1)  # one that was rolled back, one that stayed


@pytest.mark.parametrize(("module", "name"), [(disabling, "switch_off"), (disabling, "mark"), (mirror, "reflect")])
def test_disabling_killed_at_any_step_is_healed(tenant, planted, monkeypatch, module, name):
    enable_modules(tenant=tenant, modules=["beta"])
    with monkeypatch.context() as dying:
        kill(dying, module, name)
        with pytest.raises(Killed):
            disable_module(tenant=tenant, module="beta")
    assert states(tenant) == {"alpha": "disabling", "beta": "disabling"}
    reconcile_tenant(tenant=tenant)
    assert states(tenant) == own_states(tenant) == {"alpha": "off", "beta": "off"}


@pytest.mark.parametrize(
    ("module", "name"), [(purging, "take_out"), (purging, "write_archive"), (purging, "_drop"), (mirror, "reflect")]
)
def test_purging_killed_at_any_step_is_healed(tenant, planted, monkeypatch, settings, tmp_path, module, name):
    settings.TESSERA_EXPORTS = tmp_path
    enable_modules(tenant=tenant, modules=["alpha"])
    disable_module(tenant=tenant, module="alpha")
    with monkeypatch.context() as dying:
        kill(dying, module, name)
        with pytest.raises(Killed):
            purge_module(tenant=tenant, module="alpha", confirmation="alpha")
    assert states(tenant) == {"alpha": "purging"}
    reconcile_tenant(tenant=tenant)
    assert (states(tenant), own_states(tenant), tables(tenant)) == ({"alpha": "absent"}, {}, set())
    assert len(list(tmp_path.rglob("*.zip"))) >= 1
