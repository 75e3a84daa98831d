"""Where the values of the calls in a source text go: to a variable, a list, the caller."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from graphnet.ir.gc_disabled import gc_disabled

Position = tuple[int, int, int, int]
"""Line and column of the beginning and of the end of an expression."""


class Word(NamedTuple):
    """An identifier in the source, by the line and column of its end."""

    name: str
    line: int
    column: int


class Target(NamedTuple):
    """Where a value goes.

    To a variable (``names`` has one), to several (``a, b = …``, "" for what has no name), to a list
    of this name, or, ``is_returned``, to the caller, as its ``entry`` of a tuple if it is one.
    ``words`` are the identifiers in the source.
    """

    names: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    is_list: bool = False
    is_returned: bool = False
    entry: int | None = None


RETURNED = Target(is_returned=True)

CALLING = {"accumulate", "list", "map", "reduce", "set", "sum", "tuple"}
"""Functions of Python's that call others, several times."""

Found = Iterator[tuple[Position, Target]]


ESCAPES = re.compile(r"""\\N\{[^{}\n]*\}|\\[\\'"]|\\(?=[^\r\n])""")
"""Those in strings; what continues a line is none."""


def targets_in(text: str) -> dict[Position, Target]:
    """The targets of all calls, operators and indices in a text; none if it is no Python."""
    with gc_disabled():
        tree = parsed(text)
        has_inner = "lambda" in text or ":=" in text
        nodes = ast.walk(tree) if has_inner else statements(tree)
        return {where: target for node in nodes for where, target in of_node(node)}


def parsed(text: str) -> ast.Module:
    """The tree of a text, empty if it is no Python.

    Without its escapes, of which Python would warn again, and the filters of warnings are not to
    be touched: all threads have the same.
    """
    quiet = ESCAPES.sub(lambda found: "." * len(found[0]), text)
    try:
        return ast.parse(quiet)
    except (
        SyntaxError,
        SyntaxWarning,
        DeprecationWarning,
        ValueError,
        RecursionError,
        MemoryError,
    ):
        return ast.Module([], [])


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All statements; their expressions are left out, which takes less time."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting.extend(getattr(node, field, ()))


def of_node(node: ast.AST) -> Found:
    """What a statement, a lambda or ``:=`` assigns or returns."""
    if isinstance(node, ast.Assign):
        for target in reversed(node.targets):  # the first of ``a = b = …`` counts
            yield from bound(node.value, target)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield from bound(node.value, node.target)
    elif isinstance(node, ast.AugAssign):
        total = variable(node.target)
        if total is not None:
            yield position_of(node), total
            yield from in_list(node.value, total)  # ``layers += [node]``
    elif isinstance(node, ast.Return) and node.value is not None:
        yield from returned(node.value)
    elif isinstance(node, ast.Lambda):
        yield from returned(node.body)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        if isinstance(call.func, ast.Attribute) and call.func.attr == "append" and call.args:
            whole = variable(call.func.value)
            if whole is not None:
                yield from taken(call.args[0], whole._replace(is_list=True))


def returned(value: ast.expr) -> Found:
    if isinstance(value, ast.Tuple):
        for index, part in enumerate(value.elts):
            yield from taken(part, RETURNED._replace(entry=index))
    else:
        yield from taken(value, RETURNED)


def bound(value: ast.expr, target: ast.expr) -> Found:
    """The targets in ``target = value``."""
    if not isinstance(target, ast.Tuple | ast.List):
        single = variable(target)
        if single is not None:
            yield from taken(value, single)
            yield from in_list(value, single)
        return
    if isinstance(value, ast.Tuple | ast.List):
        if any(isinstance(part, ast.Starred) for part in (*target.elts, *value.elts)):
            return
        for part, name in zip(value.elts, target.elts, strict=False):
            yield from bound(part, name)
        return
    plain = target.elts
    starred = [isinstance(part, ast.Starred) for part in plain]
    if any(starred):  # what follows the star has no certain position
        plain = plain[: starred.index(True)]
    found = [variable(part) or Target(("",)) for part in plain]
    if found:
        names = tuple(each.names[0] for each in found)
        words = tuple(word for each in found for word in each.words)
        yield from taken(value, Target((*names, ""), words))


def variable(target: ast.expr) -> Target | None:
    """``h``, ``self.h``, ``gates["h"]``; None for what begins with an underscore."""
    if isinstance(target, ast.Name | ast.Attribute):
        name = target.id if isinstance(target, ast.Name) else target.attr
        word = Word(name, *position_of(target)[2:])
        return None if name.startswith("_") else Target((name,), (word,))
    if isinstance(target, ast.Subscript):
        whole, key = variable(target.value), target.slice
        if whole is None or whole.is_list:
            return None
        return entry_of(whole, key) or whole._replace(is_list=True)
    return None


def entry_of(whole: Target, key: ast.expr | None) -> Target | None:
    """``gates_forget`` for the entry of a key that is written down and may be a part of a name."""
    value = key.value if isinstance(key, ast.Constant) else None
    if type(value) is int or (isinstance(value, str) and value.isidentifier()):
        return whole._replace(names=(f"{whole.names[0]}_{value}",))
    return None


def in_list(value: ast.expr, target: Target) -> Found:
    """The parts of a list, a dict or a comprehension that goes to a variable."""
    if isinstance(value, ast.Call) and called(value) in ("list", "tuple") and value.args:
        value = value.args[0]
    if isinstance(value, ast.List | ast.Tuple):
        for part in value.elts:
            yield from taken(part, target._replace(is_list=True))
    elif isinstance(value, ast.ListComp | ast.GeneratorExp):
        yield from taken(value.elt, target._replace(is_list=True))
    elif isinstance(value, ast.Dict):
        for key, part in zip(value.keys, value.values, strict=True):
            entry = entry_of(target, key)
            if entry is not None:
                yield from taken(part, entry)
    elif isinstance(value, ast.DictComp):
        yield from taken(value.value, target._replace(is_list=True))


def taken(value: ast.expr, target: Target) -> Found:
    """The calls whose value an expression passes on as it is."""
    if isinstance(value, ast.IfExp):
        yield from taken(value.body, target)
        yield from taken(value.orelse, target)
    elif isinstance(value, ast.BinOp | ast.UnaryOp | ast.Subscript):
        yield position_of(value), target
    elif isinstance(value, ast.Call) and called(value) not in CALLING:
        function = value.func
        if isinstance(function, ast.Attribute) and function.attr == "annotate":
            yield from taken(function.value, target)
            return
        yield position_of(value), target
        if isinstance(function, ast.Attribute):  # in a chain over lines, CPython begins at the name
            _, _, line, column = position_of(function)
            begin = line, column - len(function.attr.encode())
            yield (*begin, *position_of(value)[2:]), target


def called(call: ast.Call) -> str:
    """The name of the method or function that a call calls."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def position_of(node: ast.expr | ast.stmt) -> Position:
    return node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0
