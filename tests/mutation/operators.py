"""Mutants of a module: its source with one small change inside one function.

Left alone are docstrings, annotations, decorators and defaults, and all that runs at import only: a mutant is tried by
swapping the code of a function that is loaded already.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

TWINS: list[tuple[type[ast.AST], type[ast.AST]]] = [
    *((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn)),
    *((ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.BitOr, ast.BitAnd), (ast.LShift, ast.RShift)),
    *((ast.And, ast.Or), (ast.Break, ast.Continue)),
]
SWAPS = dict(TWINS) | {b: a for a, b in TWINS} | dict.fromkeys((ast.FloorDiv, ast.Mod, ast.Pow), ast.Mult)
ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
NAME_TWINS = [("min", "max"), ("any", "all"), ("minimum", "maximum"), ("argmin", "argmax"), ("floor", "ceil")]
NAMES = dict(NAME_TWINS) | {b: a for a, b in NAME_TWINS} | {"sorted": "list", "isfinite": "isnan"}


@dataclass(frozen=True)
class Change:
    """``site``, a node of the tree, becomes ``replacement``."""

    site: Any  # a node with a line number: an expression or a statement
    replacement: ast.AST
    what: str


@dataclass(frozen=True)
class Mutant:
    """A module with one change; ``function`` is the qualified name and the first line of the function it is in."""

    tree: ast.Module
    function: tuple[str, int]
    change: Change

    @property
    def lines(self) -> range:
        """The lines of the changed node; of a long one, which has lines of its own inside, the first."""
        first, last = self.change.site.lineno, self.change.site.end_lineno
        return range(first, last + 1 if last - first < 8 else first + 1)

    def __str__(self) -> str:
        """Where it is, what was changed, and the node as it was."""
        was = ast.unparse(self.change.site).split("\n")[0][:90]
        return f"{self.change.site.lineno}  {self.function[0]}  {was}  ->  {self.change.what}"

    def code(self, file: str) -> CodeType:
        """The function's code with the change; ``file`` is the name of the module's file."""
        # What deepcopy believes to have copied already is the replacement.
        tree = copy.deepcopy(self.tree, {id(self.change.site): self.change.replacement})
        found = _nested(compile(ast.fix_missing_locations(tree), file, "exec"))
        return next(code for code in found if (code.co_qualname, code.co_firstlineno) == self.function)


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module's source text."""
    tree = ast.parse(source)
    for name, function in _functions(tree):
        first = function.decorator_list[0].lineno if function.decorator_list else function.lineno
        for site in _sites(function):
            for changes in (_operators, _values, _calls, _conditions, _statements):
                for change in changes(site):
                    yield Mutant(tree, (name, first), change)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions and methods with their qualified names; what is nested in one belongs to it."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef(name=name):
                yield prefix + name, child
            case ast.ClassDef(name=name):
                yield from _functions(child, f"{prefix}{name}.")
            case _:
                yield from _functions(child, prefix)


def _sites(node: ast.AST) -> Iterator[ast.AST]:
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            match child:
                case ast.arguments() | ast.Expr(value=ast.Constant()):
                    pass
                case ast.AST():
                    yield child
                    yield from _sites(child)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _operators(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                other = SWAPS[type(op)]
                yield Change(node, _with(node, ops=[*ops[:i], other(), *ops[i + 1 :]]), other.__name__)
        case ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod()):
            pass  # formats a text
        case ast.BinOp(op=op) | ast.AugAssign(op=op) | ast.BoolOp(op=op) if type(op) in SWAPS:
            other = SWAPS[type(op)]
            yield Change(node, _with(node, op=other()), other.__name__)
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert() as op, operand=operand):
            yield Change(node, operand, f"without {type(op).__name__}")


def _values(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Constant(value=bool(value)):
            yield Change(node, _with(node, value=not value), str(not value))
        case ast.Constant(value=int(number)):
            yield Change(node, _with(node, value=number + 1), f"{number + 1}")
        case ast.Constant(value=float(number)):
            other = number * 1.5 or 0.5
            yield Change(node, _with(node, value=other), f"{other}")
        case ast.Constant(value=str(text)) if text.strip():
            yield Change(node, _with(node, value=f"XX{text}"), "XX before")


def _calls(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Call(keywords=keywords):
            for i, keyword in enumerate(keywords):
                if keyword.arg:
                    fewer = [*keywords[:i], *keywords[i + 1 :]]
                    yield Change(node, _with(node, keywords=fewer), f"without {keyword.arg}=")
    match node:
        case ast.Call(func=ast.Name(id=name) as called) if name in NAMES:
            yield Change(called, _with(called, id=NAMES[name]), NAMES[name])
        case ast.Call(func=ast.Attribute(attr=name) as called) if name in NAMES:
            yield Change(called, _with(called, attr=NAMES[name]), NAMES[name])


def _is_turned_by_a_swap(test: ast.expr) -> bool:
    """Whether the other operator is the same as ``not``."""
    return isinstance(test, ast.Compare) and len(test.ops) == 1 and not isinstance(test.ops[0], ORDERS)


def _conditions(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) if not _is_turned_by_a_swap(test):
            yield Change(test, ast.UnaryOp(ast.Not(), test), "not")
        case ast.comprehension(ifs=conditions):
            for condition in conditions:
                yield Change(condition, ast.Constant(value=True), "always")


def _statements(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Expr(value=ast.Yield() | ast.YieldFrom()):
            pass
        case ast.Expr() | ast.Raise() | ast.AugAssign() | ast.Assign(targets=[ast.Attribute()]):
            yield Change(node, ast.Pass(), "deleted")
        case ast.Break() | ast.Continue():
            other = SWAPS[type(node)]
            yield Change(node, other(), other.__name__)
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield Change(node, _with(node, value=ast.Constant(value=None)), "returns None")
