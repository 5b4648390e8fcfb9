"""What a bundle's sidecar must say, read with suspicion: whatever else it holds is one line and a remedy.

A sidecar that people edit, or that another program wrote, may hold anything that JSON can. Nothing of it is used
before its type, its size and its range are known.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from edge.errors import BundleError
from features_np.errors import SpecError
from features_np.front_end import PatchSpec
from features_np.spec import FeatureSpec

#: The sidecar's layout; another number means another program wrote it.
FORMAT = 3
#: Statistics over a window's patches that the head may be given, in the order of their names' use in a sidecar.
STATISTICS = ("mean", "std", "max")

#: What is left of these bounds cannot be meant, and would only become an infinity later.
MEAN_BOUND, SCALE_BOUNDS, TEMPERATURE_BOUNDS = 1e12, (1e-12, 1e12), (1e-3, 1e3)
#: Labels, outputs of a listener and their numbers at most: more are a mistake rather than a model.
MOST_NAMES, MOST_NUMBERS = 10_000, 1_000_000
#: Listeners at most, and what names one: a file and the numbers that it adds are called after it.
MOST_LISTENERS, LISTENER_NAME = 4, re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerUse:
    """What must be known to use a listener network.

    ``patch_spec`` is its front end. ``outputs`` are name and size of what it says of a patch, in the order of the
    network's own output names; where there are ``styles``, one more output gives a score, 0 to 1, for each.
    ``statistics`` are what is taken of each output over a window's patches.
    """

    patch_spec: PatchSpec
    outputs: tuple[tuple[str, int], ...]
    statistics: tuple[str, ...]
    styles: tuple[str, ...]
    name: str = "listener"

    @property
    def file(self) -> str:
        """Name of the network's file."""
        return f"{self.name}.tflite"

    @property
    def first_answer_s(self) -> float:
        """Seconds of audio that it needs before it can say anything: a patch."""
        return self.patch_spec.patch_s

    @property
    def vector_names(self) -> tuple[str, ...]:
        """One name per number that the listener adds to the head's input, in order."""
        return tuple(
            f"{self.name}_{output}_{statistic}_{index:04d}"
            for output, size in self.outputs
            for statistic in self.statistics
            for index in range(size)
        )

    @property
    def n_described(self) -> int:
        """How many numbers the outputs describe a patch by."""
        return sum(size for _, size in self.outputs)

    @property
    def n_numbers(self) -> int:
        """How many numbers the listener adds to the head's input."""
        return len(self.statistics) * self.n_described


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """What must be known to use a model.

    ``mean`` and ``scale`` (float32, one per element of the head's input) normalize it before quantization;
    ``temperature`` divides the model's logits before softmax; ``labels`` are in output order. The head hears the
    features of ``spec`` and each of the ``listeners``. ``record_axes`` (float32, numbers of the first listener's
    outputs x axes), if there are any, place a patch on the axes along which records differ, in usual deviations of a
    second within a record.
    """

    name: str
    labels: tuple[str, ...]
    spec: FeatureSpec
    listeners: tuple[ListenerUse, ...]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    temperature: float
    record_axes: NDArray[np.float32] | None = None

    @property
    def vector_names(self) -> tuple[str, ...]:
        """One name per element of the head's input: the features', then each listener's."""
        return sum((listener.vector_names for listener in self.listeners), self.spec.vector_names)

    @property
    def n_inputs(self) -> int:
        """Length of the head's input."""
        return len(self.spec.vector_names) + sum(listener.n_numbers for listener in self.listeners)

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of the styles that the first listener scores."""
        return self.listeners[0].styles if self.listeners else ()

    @property
    def first_answer_s(self) -> float:
        """Seconds of audio that all listeners need before they can say anything; 0 without any."""
        return max((listener.first_answer_s for listener in self.listeners), default=0.0)

    def tempo_bpm(self, vector: NDArray[np.float32]) -> float | None:
        """Return the tempo that the head's input (n_inputs,) holds, in BPM; None if the model uses none."""
        names = self.spec.vector_names
        return float(vector[names.index("tempo_bpm")]) if "tempo_bpm" in names else None


def parse_json(content: bytes) -> dict[str, Any]:
    """Return the JSON object that ``content`` holds; ``BundleError`` if it is none of this format."""
    try:
        sidecar = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"is not JSON ({error}); publish the model again") from error
    if not isinstance(sidecar, dict) or sidecar.get("format") != FORMAT:
        raise BundleError(f"is not a format {FORMAT} sidecar, and this livegenre reads no other; publish it again")
    return sidecar


def model_use(sidecar: Mapping[str, Any]) -> ModelUse:
    """Return what a sidecar says of how to use its model; ``BundleError`` for whatever makes no sense."""
    spec = spec_of(sidecar, "feature_spec", FeatureSpec)
    normalization = entries(sidecar, "normalization")
    listeners = _listeners(sidecar)
    use = ModelUse(
        name=text(sidecar, "name"),
        labels=names(sidecar, "labels", at_least=2),
        spec=spec,
        listeners=listeners,
        mean=numbers(normalization, "mean", -MEAN_BOUND, MEAN_BOUND),
        scale=numbers(normalization, "scale", *SCALE_BOUNDS),
        temperature=number(sidecar, "temperature", *TEMPERATURE_BOUNDS),
        record_axes=_record_axes(sidecar["listeners"][0], listeners[0]) if listeners else None,
    )
    if not use.n_inputs == use.mean.size == use.scale.size:
        raise BundleError(
            f"the features are {use.n_inputs}, the normalization {use.mean.size} and {use.scale.size}: "
            "they must be equal; publish the model again"
        )
    return use


def _listeners(sidecar: Mapping[str, Any]) -> tuple[ListenerUse, ...]:
    entry = _entry(sidecar, "listeners")
    if not isinstance(entry, list) or len(entry) > MOST_LISTENERS:
        _refuse("listeners", entry, f"a list of {MOST_LISTENERS} at most")
    uses = tuple(map(_listener_use, entry))
    if len({use.name for use in uses}) != len(uses):
        raise BundleError("listeners names one twice; publish the model again")
    for use, listener in zip(uses[1:], entry[1:], strict=True):
        if use.styles or _entry(listener, "record_axes") is not None:
            raise BundleError(f"{use.name} has styles or record axes, which the first listener alone may have")
    return uses


def _listener_use(listener: Any) -> ListenerUse:
    if not isinstance(listener, dict):
        _refuse("an entry of listeners", listener, "an object")
    name = text(listener, "name")
    if not LISTENER_NAME.fullmatch(name):
        _refuse("name", name, "a letter, and 31 letters, digits and underscores at most")
    text(listener, "sha256")
    statistics = names(listener, "statistics", at_least=1)
    if unknown := sorted(set(statistics) - set(STATISTICS)):
        raise BundleError(f"statistics holds {unknown[0]!r}; known are {', '.join(STATISTICS)}")
    outputs = _entry(listener, "outputs")
    if not isinstance(outputs, list) or not 1 <= len(outputs) <= MOST_NAMES:
        _refuse("outputs", outputs, "a list of a name and a size each")
    pairs = tuple((text(output, "name"), _size(output, "size")) for output in outputs)
    use = ListenerUse(
        patch_spec=spec_of(listener, "patch_spec", PatchSpec),
        outputs=pairs,
        statistics=statistics,
        styles=names(listener, "styles", at_least=0),
        name=name,
    )
    if len({name for name, _ in pairs}) != len(pairs):
        raise BundleError("outputs names one output twice; publish the model again")
    if use.n_numbers > MOST_NUMBERS:
        raise BundleError(f"the listener gives {use.n_numbers} numbers, {MOST_NUMBERS} at most make sense")
    return use


def _record_axes(listener: Mapping[str, Any], use: ListenerUse) -> NDArray[np.float32] | None:
    """Return the axes that the first listener has: float16 in base64, row by row, an eighth as long as in digits."""
    if _entry(listener, "record_axes") is None:
        return None
    axes = entries(listener, "record_axes")
    size = use.n_described, _size(axes, "axes")
    try:
        values = np.frombuffer(base64.b64decode(text(axes, "kernel"), validate=True), dtype="<f2").astype(np.float32)
    except ValueError as error:
        raise BundleError(f"kernel is no float16 in base64 ({error}); publish the model again") from error
    if values.size != size[0] * size[1] or not np.isfinite(values).all():
        raise BundleError(f"kernel holds {values.size} numbers, must be {size[0]} x {size[1]} finite ones")
    return values.reshape(size)


def record_axes_to_json(kernel: NDArray[np.float32] | None) -> dict[str, Any] | None:
    """Return what a sidecar says of record axes; ``model_use`` reads it."""
    if kernel is None:
        return None
    return {"axes": kernel.shape[1], "kernel": base64.b64encode(kernel.astype("<f2").tobytes()).decode()}


def spec_of(values: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
    """Return the spec that ``key`` holds, of a kind with ``from_dict``; its digest must be the one stated beside."""
    try:
        spec = kind.from_dict(entries(values, key))
        digest = spec.digest()
    except (SpecError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise BundleError(f"{key}: {_short(str(error), 300)}; publish the model again") from error
    if digest != _entry(values, f"{key}_digest"):
        raise BundleError("the model was trained on another revision of the features; update livegenre or retrain")
    return spec


def entries(values: Any, key: str) -> Mapping[str, Any]:
    """Return the object that ``key`` holds."""
    entry = _entry(values, key)
    if not isinstance(entry, dict):
        _refuse(key, entry, "an object")
    return entry


def text(values: Any, key: str) -> str:
    """Return the text, not empty, that ``key`` holds."""
    entry = _entry(values, key)
    if not isinstance(entry, str) or not entry.strip():
        _refuse(key, entry, "text")
    return entry


def names(values: Any, key: str, *, at_least: int) -> tuple[str, ...]:
    """Return the texts, all different and ``at_least`` so many, that ``key`` holds."""
    entry = _entry(values, key)
    if not isinstance(entry, list) or not at_least <= len(entry) <= MOST_NAMES:
        _refuse(key, entry, f"a list of names, {at_least} at least")
    for name in entry:
        if not isinstance(name, str) or not name.strip():
            _refuse(f"an entry of {key}", name, "text")
    if len(set(entry)) != len(entry):
        twice = next(name for name in entry if entry.count(name) > 1)
        raise BundleError(f"{key} names {twice!r} twice; publish the model again")
    return tuple(entry)


def number(values: Any, key: str, lowest: float, highest: float) -> float:
    """Return the number, ``lowest`` to ``highest``, that ``key`` holds."""
    return _number(_entry(values, key), key, lowest, highest)


def numbers(values: Any, key: str, lowest: float, highest: float) -> NDArray[np.float32]:
    """Return the numbers, ``lowest`` to ``highest`` each, that ``key`` holds, as float32 of shape (n,)."""
    entry = _entry(values, key)
    if not isinstance(entry, list):
        _refuse(key, entry, "a list of numbers")
    return np.array([_number(value, f"an entry of {key}", lowest, highest) for value in entry], dtype=np.float32)


def _size(values: Any, key: str) -> int:
    entry = _entry(values, key)
    if not isinstance(entry, int) or isinstance(entry, bool) or not 1 <= entry <= MOST_NUMBERS:
        _refuse(key, entry, f"a whole number, 1 to {MOST_NUMBERS}")
    return entry


def _entry(values: Any, key: str) -> Any:
    if not isinstance(values, Mapping):
        _refuse(f"what should hold {key!r}", values, "an object")
    if key not in values:
        raise BundleError(f"lacks {key!r}; publish the model again")
    return values[key]


def _number(value: Any, what: str, lowest: float, highest: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not lowest <= value <= highest:  # a NaN is not within either
        _refuse(what, value, f"a number, {lowest:g} to {highest:g}")
    return float(value)


def _refuse(what: str, value: Any, allowed: str) -> NoReturn:
    # What holds others may be too large, or too deep, to be shown.
    shown = "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else repr(value)
    raise BundleError(f"{what} is {_short(shown, 40)}, must be {allowed}; publish the model again")


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 3] + "..."


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")
