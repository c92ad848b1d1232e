"""Small wrongs that are put into a source file, one at a time: what a test must notice."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
REPLACED = {"min": "max", "max": "min", "any": "all", "all": "any", "reversed": "list", "sorted": "list"}


@dataclass(frozen=True)
class Mutant:
    """A source text with one wrong in it, and what and where that is."""

    what: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.line}: {self.what}"


def mutants_of(source: str) -> Iterator[Mutant]:
    """Yield each mutant of a source text."""
    tree = ast.parse(source)
    nodes = [node for node in ast.walk(tree) if _inside(node, tree)]
    said = _said(tree)
    for place, node in enumerate(nodes):
        if node in said:
            continue
        for what, change in _changes(node):
            other = copy.deepcopy(tree)
            twin = [each for each in ast.walk(other) if _inside(each, other)][place]
            change(twin)
            text = ast.unparse(ast.fix_missing_locations(other))
            if text != ast.unparse(tree):
                yield Mutant(f"{what} in {ast.unparse(node)[:90]}", getattr(node, "lineno", 0), text)


def _said(tree: ast.Module) -> set[ast.AST]:
    """Return what is only said, to people or to a decorator: docstrings, parts of messages, `frozen=True`."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            found.update(node.values)
        elif isinstance(node, ast.Raise):
            found.update(each for each in ast.walk(node) if isinstance(each, ast.Constant))
        elif isinstance(node, ast.ClassDef):
            found.update(each for decorator in node.decorator_list for each in ast.walk(decorator))
    return found


def _inside(node: ast.AST, tree: ast.Module) -> bool:
    return isinstance(node, (ast.expr, ast.stmt)) and not isinstance(node, (ast.Import, ast.ImportFrom))


def _changes(node: ast.AST) -> Iterator[tuple]:
    """Yield what can be made wrong of a node, each as words and a function that does it to a copy."""
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            yield (
                f"{type(operator).__name__} turned",
                lambda twin, at=at, op=operator: twin.ops.__setitem__(at, COMPARED[type(op)]()),
            )
    if isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"{type(node.op).__name__} became {other.__name__}", lambda twin: setattr(twin, "op", other())
        for at in range(len(node.values)):
            yield f"part {at} dropped", lambda twin, at=at: twin.values.pop(at) if len(twin.values) > 2 else _only(twin, 1 - at)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not dropped", lambda twin: setattr(twin, "operand", ast.UnaryOp(ast.Not(), twin.operand))
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.BitAnd)):
        other = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.BitAnd: ast.BitOr}[type(node.op)]
        yield f"{type(node.op).__name__} became {other.__name__}", lambda twin: setattr(twin, "op", other())
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "turned", lambda twin: setattr(twin, "value", not twin.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield "one more", lambda twin: setattr(twin, "value", twin.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
        yield "another text", lambda twin: setattr(twin, "value", f"{twin.value}X")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REPLACED:
        yield f"{node.func.id} became {REPLACED[node.func.id]}", _replaced
    if isinstance(node, (ast.If, ast.IfExp)):
        yield "always", lambda twin: setattr(twin, "test", ast.Constant(True))
        yield "never", lambda twin: setattr(twin, "test", ast.Constant(False))
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        for at, part in enumerate(node.generators):
            for condition in range(len(part.ifs)):
                yield f"condition {condition} dropped", lambda twin, at=at, c=condition: twin.generators[at].ifs.pop(c)
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "nothing returned", lambda twin: setattr(twin, "value", ast.Constant(None))
    if isinstance(node, ast.AugAssign):
        yield "not added", lambda twin: setattr(twin, "value", ast.Tuple([], ast.Load()))
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "not called", lambda twin: setattr(twin, "value", ast.Constant(None))
    if isinstance(node, ast.Raise):
        yield "not raised", lambda twin: (setattr(twin, "exc", None), _to_pass(twin))


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _only(twin: ast.BoolOp, at: int) -> None:
    twin.values[:] = [twin.values[at], twin.values[at]]


def _to_pass(twin: ast.Raise) -> None:
    twin.__class__ = ast.Pass  # type: ignore[assignment]


def _replaced(twin: ast.Call) -> None:
    """Call the other function, without the key where it takes none."""
    twin.func.id = REPLACED[twin.func.id]  # type: ignore[attr-defined]
    if twin.func.id == "list":
        twin.keywords = []
