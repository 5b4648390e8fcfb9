"""The base of frozen options: typed fields, a dictionary that they come back from, a digest.

The type of a number is part of an option, since equal numbers of two types are one key to a cache, but not to whatever
was cached: a hop length of 512.0 equals 512 and cuts no array.
"""

from __future__ import annotations

import hashlib
import json
import reprlib
import sys
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, ClassVar, TypeVar

import numpy as np

from features_np.errors import SpecError

Spec = TypeVar("Spec", bound="Options")


class Options:
    """Base of frozen dataclasses whose fields are int, float, bool, text or tuples of text."""

    __slots__ = ()

    #: What an error calls them, and what changes whenever the same options would give other numbers.
    WHAT: ClassVar[str]
    REVISION: ClassVar[int]

    def __post_init__(self) -> None:
        """Convert every field to exactly its declared type, or raise ``SpecError``."""
        for field in fields(self):  # type: ignore[arg-type]  # its subclasses are dataclasses
            object.__setattr__(self, field.name, _typed(field.name, getattr(self, field.name), str(field.type)))

    def _require(self, name: str, holds: bool, allowed: str) -> None:
        if not holds:
            raise SpecError(f"{name} is {shown(getattr(self, name))}, must be {allowed}")

    def to_dict(self) -> dict[str, Any]:
        """Return the options as JSON-ready values."""
        values = asdict(self)  # type: ignore[call-overload]
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}

    @classmethod
    def from_dict(cls: type[Spec], values: Mapping[str, Any]) -> Spec:
        """Rebuild options; a missing or unknown key is a ``SpecError``, since its meaning would be a guess."""
        if not isinstance(values, Mapping):
            raise SpecError(f"{cls.WHAT} is {type(values).__name__}, must be a mapping of names to values")
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        if missing := sorted(known - set(values)):
            raise SpecError(f"{cls.WHAT} lacks {missing[0]!r}")
        if unknown := sorted(map(str, set(values) - known)):
            raise SpecError(f"{cls.WHAT} has an unknown key {unknown[0]!r}; a newer version may know it")
        return cls(**dict(values))

    def digest(self) -> str:
        """SHA-256 over the options and the revision of the code that computes them, as ``sha256:<hex>``."""
        content = {"revision": self.REVISION, **self.to_dict()}
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _typed(name: str, value: Any, declared: str) -> int | float | str | tuple[str, ...]:
    if declared == "bool":
        if not isinstance(value, bool | np.bool_):
            raise SpecError(f"{name} is {shown(value)}, must be true or false")
        return bool(value)
    if declared == "str":
        if not isinstance(value, str):
            raise SpecError(f"{name} is {shown(value)}, must be text")
        return str(value)
    if declared == "int":
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise SpecError(f"{name} is {shown(value)}, must be a whole number")
        return int(value)
    if declared == "float":
        number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
        if isinstance(value, np.floating):
            value = float(value)  # else NumPy 2 would compare in its own precision
        if not number or not abs(value) <= sys.float_info.max:
            raise SpecError(f"{name} is {shown(value)}, must be a number")
        return float(value)
    if (
        isinstance(value, str)
        or not isinstance(value, tuple | list)
        or not all(isinstance(part, str) for part in value)
    ):
        raise SpecError(f"{name} is {shown(value)}, must be a list of names")
    return tuple(map(str, value))


def shown(value: Any) -> str:
    """Return a value as it is written, shortened in the middle where that is long: it stands in a line for people."""
    return reprlib.repr(value)
