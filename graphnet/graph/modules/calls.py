"""Calls of constructors: other libraries' names for arguments, errors that name what is right."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, wraps
from typing import Any, TypeVar, cast, get_type_hints

from graphnet.errors import ArgumentError, GraphError, GraphnetError
from graphnet.graph.modules.annotations import (
    Predicate,
    in_words,
    is_switch,
    ordinary,
    plain,
    predicate_of,
)
from graphnet.graph.modules.made_at import note_line
from graphnet.graph.modules.registry import is_own
from graphnet.graph.modules.spellings import (
    CONVERTED,
    FORMER,
    HINTS,
    TOO_LARGE,
    first_of,
    same_name,
)
from graphnet.graph.values.hints import did_you_mean, kind_of
from graphnet.tracebacks import shorten

F = TypeVar("F", bound=Callable[..., Any])
KINDS = inspect.Parameter
BESIDE_HINT = 9
"""How many arguments an error lists at most beside a hint."""


def checked(function: F, of_module: bool = False) -> F:
    """A constructor or function whose calls may use the ``spellings`` of other libraries.

    Calls raise ArgumentError for an unknown or missing argument, or for one of another type than
    its annotation; what the function itself raises as ValueError comes first. The constructor
    ``of_module`` also notes the line that calls it.
    """

    @wraps(function)
    def call(*values: Any, **named: Any) -> Any:
        try:
            if of_module:
                note_line(values[0])
            if named and not named.keys() <= signature_of(function).parameters.keys():
                named = understood(function, values, named)
            values = tuple(map(ordinary, values))
            named = {name: ordinary(value) for name, value in named.items()}
            try:
                result = function(*values, **named)
            except Exception as error:
                if isinstance(error, ArgumentError) or not says_what_is_right(error, values):
                    check(function, values, named)
                raise
            check(function, values, named)
            return result
        except Exception as error:
            shorten(error)
            raise

    return cast(F, call)


def understanding(function: F) -> F:
    """``checked``, for a function with effects: only where it fails are the types tested."""

    @wraps(function)
    def call(*values: Any, **named: Any) -> Any:
        try:
            if named and not named.keys() <= signature_of(function).parameters.keys():
                named = understood(function, values, named)
            try:
                return function(*values, **named)
            except Exception as error:
                if isinstance(error, ArgumentError) or not says_what_is_right(error, values):
                    check(function, values, named)
                raise
        except Exception as error:
            shorten(error)
            raise

    return cast(F, call)


def says_what_is_right(error: Exception, values: Sequence[Any]) -> bool:
    """Whether a constructor refused an argument itself, in its own words."""
    is_own_error = isinstance(error, GraphnetError)
    if is_own_error or not isinstance(error, ValueError):
        return is_own_error
    return "expected" in str(error) and not any(map(holds_node, values))


def check_constructor(cls: type) -> None:
    """Make the constructor of a class of graphnet ``checked``; its users' see to their own."""
    if is_own(cls) and "__init__" in vars(cls):
        type.__setattr__(cls, "__init__", checked(vars(cls)["__init__"], of_module=True))


@lru_cache(maxsize=1024)
def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def refuse_misspelt(owner: object, name: str) -> None:
    """Raise GraphError where a new attribute is a setting of a library's module, misspelt."""
    cls: Any = type(owner)
    if name in owner.__dict__ or not is_own(cls) or hasattr(cls, name):
        return
    known = signature_of(cls.__init__).parameters.keys()
    if name in known:
        return
    present = same_name(name, known) or first_of(FORMER.get(name, ()), known)
    if present:
        raise GraphError(f"has no setting {name!r}", f"Here it is {present}.", cls.__name__)


def understood(
    function: Callable[..., Any], values: Sequence[Any], named: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments by their names here; raises ArgumentError for one that has none."""
    parameters = signature_of(function).parameters
    if any(parameter.kind is KINDS.VAR_KEYWORD for parameter in parameters.values()):
        return dict(named)
    found: dict[str, Any] = {}
    for name, value in named.items():
        for present, meant in meaning(function, values, name, value).items():
            if present in found or present in named.keys() - {name}:
                raise ArgumentError(
                    f"receives {present} and {name}, which are the same",
                    subject=subject_of(function, values),
                )
            found[present] = meant
    return found


def meaning(
    function: Callable[..., Any], values: Sequence[Any], name: str, value: Any
) -> Mapping[str, Any]:
    """One argument by the names here; raises ArgumentError if there is none."""
    known = signature_of(function).parameters.keys()
    if name in known:
        return {name: value}
    if name in CONVERTED:
        try:
            found = CONVERTED[name](value)
        except (KeyError, TypeError, ValueError):
            raise refused(function, values, f"has no {name}={value!r:.60}", HINTS[name]) from None
        if found.keys() <= known:
            return found
    same = same_name(name, known)
    if same:
        return {same: value}
    former = first_of(FORMER.get(name, ()), known)
    special = HINTS.get(f"{subject_of(function, values)}.{name}") or HINTS.get(name)
    hint = f"It is named {former}." if former else special or did_you_mean(name, known)
    raise refused(function, values, f"has no argument named {name!r}", hint)


def refused(
    function: Callable[..., Any], values: Sequence[Any], problem: str, hint: str = ""
) -> ArgumentError:
    """The error for a call, with the call that is right."""
    subject = subject_of(function, values)
    taken = [written(parameter) for parameter in own_parameters(function)]
    if function.__name__ == "__init__" and any(map(holds_node, values[1:])):
        rest = "" if all("=" in text for text in taken) else "…"
        hint = (
            f"Did you mean {subject}({rest})(node)? A layer is made first, then applied to nodes."
        )
    if not hint or len(taken) <= BESIDE_HINT:
        hint = f"{hint.strip()} It takes {subject}({', '.join(taken)})."
    return ArgumentError(problem, hint.strip(), subject)


def holds_node(value: Any) -> bool:
    """Whether a value is a node, or a list with one (this file lies below that class)."""
    parts = value if isinstance(value, list | tuple) else (value,)
    return any(hasattr(type(part), "__graphnet_refusal__") for part in parts)


def own_parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a function, without ``self``."""
    return [p for name, p in signature_of(function).parameters.items() if name != "self"]


def written(parameter: inspect.Parameter) -> str:
    """A parameter as in a signature, without its type."""
    default = parameter.default
    if default is not KINDS.empty and hasattr(default, "__name__"):
        return f"{parameter.name}={default.__name__}"
    return str(parameter.replace(annotation=KINDS.empty))


def subject_of(function: Callable[..., Any], values: Sequence[Any]) -> str:
    """The name of what is called: for a constructor, of the class whose constructor it is."""
    if function.__name__ != "__init__" or not values:
        return function.__name__
    classes: Any = type(values[0]).__mro__
    have = (each for each in classes if getattr(each.__init__, "__wrapped__", None) is function)
    return next(have, classes[0]).__name__  # type: ignore[no-any-return]


def check(function: Callable[..., Any], values: Sequence[Any], named: Mapping[str, Any]) -> None:
    """Raise ArgumentError unless the arguments fit the signature and its annotations."""
    try:
        bound = signature_of(function).bind(*values, **named).arguments
    except TypeError as error:
        switch = values and isinstance(values[-1], bool) and "too many" in str(error)
        verb = "is" if "missing" in str(error) else "received"
        hint = HINTS["inplace"] if switch else ""
        if "multiple values for argument 'epochs'" in str(error):
            hint = "Batches are one list of pairs: fit([(X, Y)], epochs=3)."
        raise refused(function, values, f"{verb} {error}", hint) from None
    for name in tests_of(function):
        if name not in bound:
            continue
        require_type(function, values, name, bound[name])
        limit, hint = TOO_LARGE.get(name, (0, ""))
        if limit and name not in named and bound[name] > limit:
            raise refused(function, values, f"receives {name} {bound[name]} by position", hint)


def require_type(
    function: Callable[..., Any], values: Sequence[Any], name: str, given: Any
) -> None:
    """Raise ArgumentError unless an argument fits its annotation."""
    test, expected, kind = tests_of(function)[name]
    for value in given if kind is KINDS.VAR_POSITIONAL else (given,):
        if not test(as_plain(function, values, name, value)):
            given_text = kind_of(value) if isinstance(value, type) else f"{value!r:.60}"
            problem = f"receives {name} {given_text}, expected {expected}"
            raise refused(function, values, problem, hint_for(name, function, value, kind))


def as_plain(function: Callable[..., Any], values: Sequence[Any], name: str, value: Any) -> Any:
    """``plain``; raises ArgumentError for what gives no array (a tensor that needs gradients)."""
    try:
        return plain(value)
    except (RuntimeError, TypeError, ValueError) as error:
        problem = f"receives {name} {value!r:.60}, which gives no array: {error}"
        raise refused(function, values, problem) from error


def hint_for(name: str, function: Callable[..., Any], given: Any = None, kind: Any = None) -> str:
    if isinstance(given, type):
        return f"{given.__name__} is a class: give {given.__name__}(…), an instance of it."
    if kind is KINDS.VAR_POSITIONAL:
        if signature_of(function).parameters[name].annotation.startswith("tuple"):
            return "Each is a pair in parentheses, (0, 1)."
        if isinstance(given, list | tuple):
            return f"Give the {name} one by one: {', '.join(map(repr, given)):.60}."
    return HINTS["rho"] if function.__name__ == "FastLSTM" and name == "mask_zero" else ""


@lru_cache(maxsize=1024)
def tests_of(
    function: Callable[..., Any],
) -> Mapping[str, tuple[Predicate, str, Any]]:
    """A test for each argument, what it expects in words, and the kind of the parameter."""
    kinds = get_type_hints(function)
    found: dict[str, tuple[Predicate, str, Any]] = {}
    for parameter in own_parameters(function):
        kind = kinds.get(parameter.name, Any)
        test = is_switch if kind is bool else predicate_of(kind, False)
        found[parameter.name] = test, in_words(str(parameter.annotation)), parameter.kind
    return found
