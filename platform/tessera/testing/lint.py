"""Rules of our own: what would go around the tenant, the transaction, exact money or the clock.

A rule looks at the syntax tree of one file. Where a gate itself is built, the line before (or the
line itself) says so and why:

    # allow bare-atomic: the unit of work is where transactions begin

An allowance without a reason, for a rule that does not exist, or that nothing needs is a finding too.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALLOW = re.compile(r"#\s*allow ([a-z-]+):?[ ]*(.*)")
TREES = ("platform", "modules", "tenants", "billing", "frontend_api", "examples")
MONEY = ("modules/", "billing/", "platform/tessera/money.py", "platform/tessera/quantity.py", "platform/tessera/fields.py")
EXACT = ("platform/tessera/exchange/", "platform/tessera/lineage/")


Breaks = Callable[[ast.AST], bool]


@dataclass(frozen=True)
class Finding:
    """A line that breaks a rule."""

    path: str
    line: int
    rule: str
    says: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.rule}: {self.says}"


@dataclass(frozen=True)
class Rule:
    """A rule: `breaks` says of one node of a file whether it is against it; `where` are the paths it holds for."""

    name: str
    says: str
    breaks: Breaks
    where: tuple[str, ...] = ()


def dotted(node: ast.AST) -> str:
    """Return a name as it is spelled: `transaction.atomic`; what comes before a call or index is `?`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def calls(*names: str, unless: Callable[[ast.Call], bool] = lambda call: False) -> Breaks:
    """Break on calls of these names: exact ones, or `.name` for a method of anything."""

    def breaks(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call) or unless(node):
            return False
        name = dotted(node.func)
        return any(name == each or (each.startswith(".") and name.endswith(each)) for each in names)

    return breaks


def imports(*names: str, unless: tuple[str, ...] = ()) -> Breaks:
    """Break on an import of these modules, of what is below them, or of these names from their modules; `unless` may be."""

    def breaks(node: ast.AST) -> bool:
        found = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        return any(each == name or each.startswith(f"{name}.") for each in found if each not in unless for name in names)

    return breaks


def either(*rules: Breaks) -> Breaks:
    """Break where one of several does."""
    return lambda node: any(breaks(node) for breaks in rules)


def _on_shared(call: ast.Call) -> bool:
    """Say whether a call names the alias of the public tables, which is no unit of work."""
    return any(k.arg == "using" and isinstance(k.value, ast.Constant) and k.value.value == "shared" for k in call.keywords)


def _has_zone(call: ast.Call) -> bool:
    return bool(call.args or call.keywords)


def _day_of_now(node: ast.AST) -> bool:
    """Tell `timezone.now().date()`: the day in Greenwich, not where the tenant is."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "date"):
        return False
    inner = node.func.value
    return isinstance(inner, ast.Call) and dotted(inner.func) in ("timezone.now", "now")


def _float_type(node: ast.AST) -> bool:
    places = []
    if isinstance(node, (ast.arg, ast.AnnAssign)):
        places = [node.annotation]
    elif isinstance(node, ast.FunctionDef):
        places = [node.returns]
    return any(isinstance(n, ast.Name) and n.id == "float" for place in places if place for n in ast.walk(place))


def _plain_refusal(node: ast.AST) -> bool:
    """Tell a refusal whose message is spelled out and not translated."""
    if not (isinstance(node, ast.Call) and dotted(node.func) in ("Refused", "Problem") and len(node.args) > 1):
        return False
    return isinstance(node.args[1], (ast.Constant, ast.JoinedStr))


def _cached(node: ast.AST) -> bool:
    names = ("cache", "lru_cache", "functools.cache", "functools.lru_cache")
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    return any(dotted(each.func if isinstance(each, ast.Call) else each) in names for each in node.decorator_list)


def _rows_of_a_resource(node: ast.AST) -> bool:
    """Tell a class that stands for a generated type: it is of a model, or has no fields of its own."""
    if not isinstance(node, ast.ClassDef):
        return False
    bases = {dotted(base) for base in node.bases}
    empty = all(isinstance(each, (ast.Expr, ast.Pass)) for each in node.body)
    return "DjangoObjectType" in bases or (empty and bool(bases & {"graphene.ObjectType", "ObjectType"}))


def raw_lists(tree: ast.Module) -> set[ast.AST]:
    """Return the `graphene.List`s in a file whose items are rows of a resource."""
    rows = {node.name for node in ast.walk(tree) if _rows_of_a_resource(node)}  # type: ignore[attr-defined]
    lists = [node for node in ast.walk(tree) if calls("graphene.List")(node)]
    return {each for each in lists if rows.intersection(n.id for n in ast.walk(each) if isinstance(n, ast.Name))}


RULES = (
    Rule(
        "bare-atomic",
        "a transaction of a tenant is a unit of work",
        either(
            calls("atomic", "transaction.atomic", unless=_on_shared),
            calls("transaction.set_autocommit", "transaction.commit", "transaction.rollback"),
        ),
    ),
    Rule(
        "raw-on-commit",
        "tessera's on_commit keeps the tenant; Django's runs in whatever is entered by then",
        either(calls("transaction.on_commit", unless=_on_shared), imports("django.db.transaction.on_commit")),
    ),
    Rule("raw-cache", "Django's cache does not carry the tenant", imports("django.core.cache")),
    Rule("raw-signing", "a signature must be bound to the tenant and a purpose", imports("django.core.signing")),
    Rule("raw-storage", "a file lies below its tenant's prefix: use tessera.files", imports("django.core.files.storage")),
    Rule("raw-task", "send a task by enqueue(), after the commit", calls(".delay", ".apply_async", ".send_task")),
    Rule(
        "raw-thread",
        "a new thread has no tenant",
        either(
            calls("Thread", ".Thread", "ThreadPoolExecutor", ".ThreadPoolExecutor", "ProcessPoolExecutor", "Timer", ".Timer"),
            imports("concurrent.futures", "asyncio", "asgiref", "multiprocessing"),
        ),
    ),
    Rule(
        "raw-tenant",
        "a tenant is entered by tessera.context.enter",
        either(
            calls(".set_tenant", ".set_schema", ".set_schema_to_public", "schema_context", "tenant_context"),
            imports("django_tenants.utils.schema_context", "django_tenants.utils.tenant_context"),
        ),
    ),
    Rule(
        "naive-clock",
        "a moment has a zone, and a day is reckoned where the tenant is",
        either(
            calls("datetime.now", "datetime.datetime.now", unless=_has_zone),
            calls("date.today", "datetime.date.today", "datetime.today", "datetime.utcnow", "datetime.datetime.utcnow"),
            calls("timezone.localdate", "localdate"),
        ),
    ),
    Rule(
        "day-of-now",
        "the day of timezone.now() is the day in Greenwich; take the company's or current().tenant.today",
        _day_of_now,
        ("modules/",),
    ),
    Rule("float-money", "amounts and quantities are Decimal", either(calls("float", ".FloatField"), _float_type), MONEY + EXACT),
    Rule("dynamic-code", "nothing is evaluated", calls("eval", "exec", "compile", "__import__")),
    Rule(
        "unsafe-text",
        "templates escape by themselves",
        either(
            calls("mark_safe", "safestring.mark_safe", "SafeString"),
            imports("django.utils.safestring.mark_safe", "django.utils.safestring.SafeString"),
        ),
    ),
    Rule(
        "raw-list",
        "a list of rows is a resource's: others show what it hides",
        imports("graphene_django", unless=("graphene_django.DjangoObjectType",)),
    ),
    Rule("pickled", "what was pickled is run when it is read", imports("pickle", "shelve", "marshal")),
    Rule(
        "raw-http",
        "a request to somebody else's server goes through the guarded client",
        imports("requests", "urllib.request", "http.client", "httpx", "aiohttp"),
    ),
    Rule(
        "raw-connection",
        "a module reads through its models",
        imports("django.db.connection", "django.db.connections"),
        ("modules/",),
    ),
    Rule("other-alias", "a module works on its tenant's rows", calls(".using"), ("modules/",)),
    Rule("kept-in-process", "what is kept in the process is the same for all tenants", _cached, ("modules/",)),
    Rule("plain-refusal", "what a person reads is translated", _plain_refusal),
)
BY_NAME = {rule.name: rule for rule in RULES}


def findings(path: str, text: str) -> list[Finding]:
    """Return what is wrong in a file; `path` is relative to the root of the tree."""
    lines = text.splitlines()
    broken = {(_line_of(node), rule.name) for node, rule in _breaking(path, ast.parse(text))}
    allowed = dict(_allowances(lines))
    found = [
        Finding(path, line, name, BY_NAME[name].says)
        for line, name in sorted(broken)
        if not any((place, name) in allowed for place in (line, *_comments_above(lines, line)))
    ]
    for (place, name), reason in allowed.items():
        if name not in BY_NAME:
            found.append(Finding(path, place, name, "there is no such rule to allow"))
        elif len(reason.split()) < 3:
            found.append(Finding(path, place, name, "an allowance says why"))
        elif not any(rule == name and place in (line, *_comments_above(lines, line)) for line, rule in broken):
            found.append(Finding(path, place, name, "nothing here needs this allowance"))
    return found


def _line_of(node: Any) -> int:
    """Return where a node begins, with its decorators."""
    return min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])


def _breaking(path: str, tree: ast.Module) -> Iterator[tuple[Any, Rule]]:
    rules = [rule for rule in RULES if not rule.where or path.startswith(rule.where)]
    for node in ast.walk(tree):
        for rule in rules:
            if rule.breaks(node):
                yield node, rule
    for node in raw_lists(tree):
        yield node, BY_NAME["raw-list"]


def _allowances(lines: list[str]) -> Iterator[tuple[tuple[int, str], str]]:
    for number, line in enumerate(lines, 1):
        if found := ALLOW.search(line):
            yield (number, found[1]), found[2]


def _comments_above(lines: list[str], line: int) -> list[int]:
    """Return the numbers of the comment lines right above a line."""
    places = []
    while line > 1 and lines[line - 2].strip().startswith("#"):
        line -= 1
        places.append(line)
    return places


def files(root: Path) -> Iterator[Path]:
    """Yield the files that the rules hold for: ours, without tests and migrations."""
    for tree in TREES:
        for file in sorted((root / tree).rglob("*.py")):
            if not {"tests", "migrations", "testing", "node_modules"}.intersection(file.relative_to(root).parts):
                yield file


def check_tree(root: Path) -> list[Finding]:
    """Return what is wrong in a checkout."""
    return [each for file in files(root) for each in findings(file.relative_to(root).as_posix(), file.read_text())]
