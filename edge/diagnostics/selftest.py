"""Checks that it works on this device: the model, its probe, the features' parity with librosa, the microphone.

Each check prints one line with its result, and for a failure the remedy. They are ordered by dependency, so the first
failure is the one to fix.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from edge.audio.demo import synthesize
from edge.audio.level import LevelMeter
from edge.errors import EdgeError, NoMicrophone, SourceError
from edge.events import Block, Lost
from edge.model.bundle import Bundle, load_bundle
from edge.model.probe import run_probe
from edge.words import encodable
from features_np import FeatureSpec, summarize

#: The piece whose statistics by librosa 0.11 are in ``parity.npz``; ``tests/golden`` keeps the two the same.
PARITY_SAMPLE_RATE = 22_050
PARITY_PIECE: Mapping[str, Any] = {"seconds": 12.0, "tempo_bpm": 120.0, "key": "A"}
#: Largest difference from librosa per group, in the group's unit; the reasons are in ``tests/features/tolerances.py``.
PARITY_TOLERANCES = {
    "mfcc_mean": 1e-3,
    "mfcc_std": 1e-3,
    "chroma_mean": 1e-5,
    "chroma_std": 1e-5,
    "tempo": 0.0,
    "zcr_mean": 1e-6,
    "zcr_std": 1e-6,
    "rolloff_mean": 0.2,
    "rolloff_std": 0.2,
    "centroid_mean": 5e-3,
    "centroid_std": 5e-3,
}
LISTEN_S = 3.0  # seconds of recording asked for


@dataclass(frozen=True, slots=True)
class Check:
    """One outcome; ``exit_status`` is 0 for passed."""

    name: str
    words: str
    exit_status: int = 0
    is_warning: bool = False  # a check is not possible here, and everything else works without it

    @property
    def passed(self) -> bool:
        """True if there is nothing to fix."""
        return self.exit_status == 0

    @property
    def verdict(self) -> str:
        """``ok``, ``warning`` or ``FAILED``."""
        return "FAILED" if not self.passed else "warning" if self.is_warning else "ok"

    def to_json(self) -> dict[str, object]:
        """Return JSON-ready values."""
        name, words = encodable(self.name), encodable(self.words)
        return {"name": name, "verdict": self.verdict.lower(), "words": words, "exit_status": self.exit_status}


class SelftestError(EdgeError):
    """A check found a difference."""

    exit_status = 3


def checks(model: str | None, query: str | None) -> Iterator[Check]:
    """Yield each outcome as it is known; ``query`` names the microphone, as in ``mic:NAME``."""
    try:
        bundle = load_bundle(model)
    except EdgeError as error:
        yield Check("model", str(error), error.exit_status)
    else:
        yield Check("model", f"{bundle.name}: {len(bundle.labels)} labels, runs on {bundle.interpreter.runtime}")
        yield _check("probe", lambda: _probe(bundle))
    yield _check("features", _parity)
    yield _check("microphone", lambda: _microphone(query))


def _check(name: str, work: Callable[[], str]) -> Check:
    try:
        return Check(name, work())
    except NoMicrophone as error:
        return Check(name, str(error), is_warning=True)
    except EdgeError as error:
        return Check(name, str(error), error.exit_status)


def _probe(bundle: Bundle) -> str:
    result = run_probe(bundle)
    if not result.passed:
        raise SelftestError(f"{result}; reinstall livegenre, and NumPy and SciPy from their own wheels")
    return str(result)


def _parity() -> str:
    spec = FeatureSpec(sample_rate=PARITY_SAMPLE_RATE, groups=tuple(PARITY_TOLERANCES))
    vector = summarize(synthesize(sample_rate=PARITY_SAMPLE_RATE, **PARITY_PIECE), spec)
    names = np.array([group for group in spec.groups for _ in spec.group_names(group)])
    with files("edge.diagnostics").joinpath("parity.npz").open("rb") as file, np.load(file) as golden:
        expected = {group: golden[group] for group in spec.groups}
    for group, tolerance in PARITY_TOLERANCES.items():
        difference = float(np.max(np.abs(vector[names == group] - expected[group])))
        if not difference <= tolerance:
            raise SelftestError(
                f"{group} differs from librosa by {difference:.2g}, {tolerance:g} is allowed; "
                "reinstall NumPy and SciPy from their own wheels"
            )
    return f"{len(vector)} statistics equal librosa's within tolerance"


def _microphone(query: str | None) -> str:
    from edge.audio.microphone import Microphone

    try:
        microphone = Microphone(query)
    except NoMicrophone as error:
        if query is None:
            raise
        raise SourceError(str(error)) from error  # a microphone that was named is missing
    meter, recorded_s, deadline = LevelMeter(), 0.0, time.monotonic() + 2 * LISTEN_S
    try:
        for chunk in microphone:
            if isinstance(chunk, Lost) and not microphone.was_open:
                raise SourceError(f"{microphone.name}: {chunk.reason}")
            if isinstance(chunk, Block):
                meter.push(chunk.frames.reshape(-1))
                recorded_s += chunk.seconds
            if recorded_s >= LISTEN_S or time.monotonic() > deadline:
                break
    finally:
        microphone.close()
    level = meter.take()
    if recorded_s < LISTEN_S / 2:
        raise SourceError(f"{microphone.name}: opens but gives no audio; unplug it, plug it in, and try again")
    if level is None:
        raise SourceError(f"{microphone.name}: gives nothing but zeros; unmute it (alsamixer, F4), or choose another")
    return f"{microphone.name}: {level:.0f} dBFS"
