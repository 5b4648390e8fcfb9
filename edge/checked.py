"""Validation rules for external values: from a configuration file, an option, or a model's sidecar.

Settings check themselves: a rule stands on each field, whether its value comes from a file or from an option.

::

    @dataclass(frozen=True)
    class Listen:
        rate: int = setting(44_100, between(4_000, 384_000))

A rule takes a value and returns the one to keep, or raises ``ValueError`` with what is wrong in words that follow the
setting's name: "is 3, must be 4000 to 384000". The class itself detects values that contradict each other, in a method
``contradiction`` that returns a field's name and such words, or None. Documents of which only some keys matter are read
entry by entry, with the same rules.
"""

from __future__ import annotations

import os
import re
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, fields
from typing import Any, TypeVar, get_type_hints

from edge.errors import SettingError
from edge.words import safe

Rule = Callable[[Any], Any]
T = TypeVar("T")

_RULE = "rule"
_TYPE_WORDS = {str: 'text in quotes ("...")', int: "a whole number", float: "a number", bool: "true or false"}


def setting(default: Any, rule: Rule) -> Any:
    """Return a dataclass field with a default and the rule for its values."""
    return field(default=default, metadata={_RULE: rule})


def between(low: float, high: float) -> Rule:
    """Return a rule for numbers from ``low`` to ``high``."""

    def rule(value: Any) -> Any:
        if not _is_number(value) or not low <= value <= high:  # which a NaN is not either
            raise ValueError(f"is {_shown(value)}, must be {low:g} to {high:g}")
        return value

    return rule


def whole(low: int, high: int) -> Rule:
    """Return a rule for whole numbers from ``low`` to ``high``."""

    def rule(value: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"is {_shown(value)}, must be a whole number, {low} to {high}")
        return value

    return rule


def text(value: Any) -> Any:
    """Rule for a non-empty text."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"is {_shown(value)}, must be text")
    return value


def one_of(*values: str) -> Rule:
    """Return a rule for one of several texts."""

    def rule(value: Any) -> Any:
        if value not in values:
            raise ValueError(f"is {_shown(value)}, must be one of {', '.join(values)}")
        return value

    return rule


def matching(pattern: str, words: str) -> Rule:
    """Return a rule for texts that match ``pattern`` as a whole; ``words`` say what they may be."""

    def rule(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"is {_shown(value)}, {words}")
        return value

    return rule


def table(value: Any) -> Any:
    """Rule for a mapping with text keys."""
    if not isinstance(value, Mapping):
        raise ValueError(f"is {_shown(value)}, must be an object")
    return value


def optional(rule: Rule) -> Rule:
    """Return a rule for what ``rule`` allows, or None."""
    return lambda value: None if value is None else rule(value)


def list_of(rule: Rule, low: int, high: int) -> Rule:
    """Return a rule for lists of ``low`` to ``high`` entries, which it keeps as a tuple of what ``rule`` keeps."""

    def rule_of_list(value: Any) -> Any:
        if not isinstance(value, list | tuple) or not low <= len(value) <= high:
            raise ValueError(f"is {_shown(value)}, must be a list of {low} to {high}")
        kept = []
        for index, entry in enumerate(value):
            try:
                kept.append(rule(entry))
            except ValueError as error:
                raise ValueError(f"[{index}] {error}") from error
        return tuple(kept)

    return rule_of_list


def distinct(rule: Rule) -> Rule:
    """Return a rule for lists that ``rule`` allows and that hold no entry twice."""

    def rule_of_list(value: Any) -> Any:
        kept = rule(value)
        if len(set(kept)) < len(kept):
            raise ValueError(f"names {_shown(next(entry for entry in kept if kept.count(entry) > 1))} twice")
        return kept

    return rule_of_list


def path(value: str) -> str:
    """Rule for a file or a folder, where ~ is somebody's home; empty stays empty."""
    expanded = os.path.expanduser(value)  # noqa: PTH111 - "" must stay what it is
    if expanded.startswith("~"):
        raise ValueError(f"is {value!r}, but there is no such user; write the whole path")
    return expanded


def make(kind: type[T], values: Mapping[str, Any], names: Mapping[str, str] | None = None) -> T:
    """Return a ``kind`` of checked values by field; those left out are the defaults.

    Raises ``SettingError``, which says which field is wrong; ``names`` are what people know fields as, where that is
    not the field's own name: options, say.
    """
    names = names or {}
    types, rules = get_type_hints(kind), {entry.name: entry.metadata.get(_RULE) for entry in fields(kind)}  # type: ignore[arg-type]
    kept = {}
    for name, value in values.items():
        if name not in rules:
            raise SettingError(name, unknown("key", name, rules))
        try:
            kept[name] = _checked(value, types[name], rules[name])
        except ValueError as error:
            raise SettingError(name, f"{names.get(name, name)} {error}") from error
    made = kind(**kept)
    contradiction: Callable[[], tuple[str, str] | None] = getattr(made, "contradiction", lambda: None)
    if found := contradiction():
        raise SettingError(found[0], f"{names.get(found[0], found[0])} {found[1]}")
    return made


def entry(values: Any, key: str, rule: Rule) -> Any:
    """Return what ``rule`` keeps of the value that ``key`` has in a table; ``SettingError`` if there is none.

    For documents of which only some keys are read; ``make`` allows no others.
    """
    try:
        held = table(values)
    except ValueError as error:
        raise SettingError(key, f"what should hold {key!r} {error}") from error
    if key not in held:
        raise SettingError(key, f"lacks {key!r}")
    try:
        return rule(held[key])
    except ValueError as error:
        raise SettingError(key, f"{key} {error}") from error


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    """Return a value for a message; containers are abbreviated, since they may be large or deep."""
    return (
        "a list" if isinstance(value, list | tuple) else "an object" if isinstance(value, dict) else reprlib.repr(value)
    )


def _checked(value: Any, kind: type, rule: Rule | None) -> Any:
    allowed = (int, float) if kind is float else kind
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"must be {_TYPE_WORDS[kind]}")
    if isinstance(value, str) and "\0" in value:
        raise ValueError("holds a NUL character, which no path and no command can")
    value = value if rule is None else rule(value)
    return float(value) if kind is float else value


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the nearest known one, or all."""
    from difflib import get_close_matches  # rarely needed

    close = get_close_matches(name, list(known), 1)
    return f"unknown {what} {safe(name)}; " + (
        f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    )
