"""Validates a bundle's sidecar: every error is one line with a remedy.

A sidecar may have been edited, or written by another program, and may hold any JSON. Nothing of it is used before its
type, its size and its range are known.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from edge import checked
from edge.checked import Rule, between, distinct, list_of, matching, one_of, optional, table, text, whole
from edge.errors import BundleError, SettingError
from features_np.errors import SpecError
from features_np.front_end import PatchSpec
from features_np.spec import FeatureSpec

#: The sidecar's layout; another number means another program wrote it.
FORMAT = 3
#: Statistics over a window's patches that the head may be given, in the order of their names' use in a sidecar.
STATISTICS = ("mean", "std", "max")

#: Bounds of numbers: larger ones are errors that would become infinities later.
MEAN, SCALE, TEMPERATURE = between(-1e12, 1e12), between(1e-12, 1e12), between(1e-3, 1e3)
#: Labels, outputs of a listener and their numbers at most: more are a mistake rather than a model.
MOST_NAMES, MOST_NUMBERS = 10_000, 1_000_000
SIZE = whole(1, MOST_NUMBERS)
#: Listeners at most, and what names one: a file and the numbers that it adds are called after it.
MOST_LISTENERS = 4
LISTENER_NAME = matching(r"[a-z][a-z0-9_]{0,31}", "must be a letter, and 31 letters, digits and underscores at most")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerUse:
    """The use of a listener network.

    ``patch_spec`` is its front end. ``outputs`` are name and size of its outputs for a patch, in the order of the
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
    def n_per_patch(self) -> int:
        """Numbers in all outputs for a patch."""
        return sum(size for _, size in self.outputs)

    @property
    def n_numbers(self) -> int:
        """Numbers that the listener adds to the head's input."""
        return len(self.statistics) * self.n_per_patch


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """The use of a model.

    ``mean`` and ``scale`` (float32, one per element of the head's input) normalize it before quantization;
    ``temperature`` divides the model's logits before softmax; ``labels`` are in output order. The head hears the
    features of ``spec`` and each of the ``listeners``. ``record_axes`` (float32, numbers of the first listener's
    outputs x axes), if there are any, place a patch on the axes along which records differ, in usual deviations of a
    second within a record. ``genre_styles`` are the styles of each label, whatever its name; None if it does not say.
    """

    name: str
    labels: tuple[str, ...]
    spec: FeatureSpec
    listeners: tuple[ListenerUse, ...]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    temperature: float
    record_axes: NDArray[np.float32] | None = None
    genre_styles: Mapping[str, tuple[str, ...]] | None = None

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
    normalization = entry(sidecar, "normalization", table)
    listeners = _listeners(sidecar)
    use = ModelUse(
        name=entry(sidecar, "name", text),
        labels=entry(sidecar, "labels", distinct(list_of(text, 2, MOST_NAMES))),
        spec=spec_of(sidecar, "feature_spec", FeatureSpec),
        listeners=listeners,
        mean=numbers(normalization, "mean", MEAN),
        scale=numbers(normalization, "scale", SCALE),
        temperature=float(entry(sidecar, "temperature", TEMPERATURE)),
        record_axes=_record_axes(sidecar["listeners"][0], listeners[0]) if listeners else None,
        genre_styles=_genre_styles(sidecar),
    )
    if not use.n_inputs == use.mean.size == use.scale.size:
        raise BundleError(
            f"the features are {use.n_inputs}, the normalization {use.mean.size} and {use.scale.size}: "
            "they must be equal; publish the model again"
        )
    return use


def _listeners(sidecar: Mapping[str, Any]) -> tuple[ListenerUse, ...]:
    listeners = entry(sidecar, "listeners", list_of(table, 0, MOST_LISTENERS))
    uses = tuple(map(_listener_use, listeners))
    if len({use.name for use in uses}) != len(uses):
        raise BundleError("listeners names one twice; publish the model again")
    for use, listener in zip(uses[1:], listeners[1:], strict=True):
        if use.styles or entry(listener, "record_axes", optional(table)) is not None:
            raise BundleError(f"{use.name} has styles or record axes, which the first listener alone may have")
    return uses


def _listener_use(listener: Mapping[str, Any]) -> ListenerUse:
    entry(listener, "sha256", text)
    outputs = entry(listener, "outputs", list_of(table, 1, MOST_NAMES))
    pairs = tuple((entry(output, "name", text), entry(output, "size", SIZE)) for output in outputs)
    use = ListenerUse(
        patch_spec=spec_of(listener, "patch_spec", PatchSpec),
        outputs=pairs,
        statistics=entry(listener, "statistics", distinct(list_of(one_of(*STATISTICS), 1, len(STATISTICS)))),
        styles=entry(listener, "styles", distinct(list_of(text, 0, MOST_NAMES))),
        name=entry(listener, "name", LISTENER_NAME),
    )
    if len({name for name, _ in pairs}) != len(pairs):
        raise BundleError("outputs names one output twice; publish the model again")
    if use.n_numbers > MOST_NUMBERS:
        raise BundleError(f"the listener gives {use.n_numbers} numbers, at most {MOST_NUMBERS} are allowed")
    return use


def _genre_styles(sidecar: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]] | None:
    """Return the styles of each label; None for a sidecar that does not say."""
    if sidecar.get("genre_styles") is None:
        return None
    said = entry(sidecar, "genre_styles", table)
    return {label: entry(said, label, distinct(list_of(text, 0, MOST_NAMES))) for label in said}


def _record_axes(listener: Mapping[str, Any], use: ListenerUse) -> NDArray[np.float32] | None:
    """Return the axes that the first listener has: float16 in base64, row by row, an eighth as long as in digits."""
    axes = entry(listener, "record_axes", optional(table))
    if axes is None:
        return None
    size, kernel = (use.n_per_patch, entry(axes, "axes", SIZE)), entry(axes, "kernel", text)
    try:
        values = np.frombuffer(base64.b64decode(kernel, validate=True), dtype="<f2").astype(np.float32)
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
        spec = kind.from_dict(entry(values, key, table))
        digest = spec.digest()
    except (SpecError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise BundleError(f"{key}: {_short(str(error), 300)}; publish the model again") from error
    if digest != entry(values, f"{key}_digest", text):
        raise BundleError("the model was trained on another revision of the features; update livegenre or retrain")
    return spec


def entry(values: Any, key: str, rule: Rule) -> Any:
    """Return what ``rule`` keeps of the value that ``key`` has; ``BundleError`` otherwise."""
    try:
        return checked.entry(values, key, rule)
    except SettingError as error:
        raise BundleError(f"{error}; publish the model again") from error


def numbers(values: Any, key: str, rule: Rule) -> NDArray[np.float32]:
    """Return the numbers, for each of which there is a ``rule``, that ``key`` holds, as float32 of shape (n,)."""
    return np.array(entry(values, key, list_of(rule, 1, MOST_NUMBERS)), dtype=np.float32)


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 3] + "..."


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")
