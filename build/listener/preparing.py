"""The recipe of the shipped model: a backbone is taught, and everything is heard with it. Half an hour on two cores."""

from __future__ import annotations

import hashlib
import pickle
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from build.audio.condition import AS_RECORDED
from build.corpora.listening_task import hear_task, learning
from build.corpora.task import Task
from build.extract.extractor import Extractor
from build.files import code_digest, content_digest
from build.listener import record_axes, teaching
from build.listener.backbone import Backbone
from build.listener.registry import BACKBONES
from build.models.int8 import ListenerModel
from build.models.listening_head import READABLE, READABLE_WEIGHT, SPEC, HeadRecipe
from build.models.recipe import TaughtListener, listeners_of_bundle
from build.tables.pieces import Piece, read_pieces

Made = TypeVar("Made")

#: What record axes depend on beside the network.
AXES = (record_axes.N_AXES, record_axes.SHRINKAGE)

_ROOT = Path(__file__).resolve().parents[2]
#: All code that computes lessons and record axes, teaches and converts: with other code they are made again.
CODE = (
    _ROOT / "features_np",
    *(_ROOT / "build" / name for name in ("audio", "extract", "listener", "corpora/no_music.py")),
    *(_ROOT / "build" / "models" / name for name in ("float16.py", "int8.py", "recipe.py")),
    _ROOT / "edge" / "audio",
    _ROOT / "edge" / "model" / "listener.py",
)

#: The recipe's name, and the model's.
LISTENER = "listener"
#: The heads that are compared, by name, with the perceptron's share of the answer.
HEADS = {LISTENER: 0.5, f"{LISTENER}-discriminants": 0.0, f"{LISTENER}-perceptron": 1.0}
LABELS = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
OUTSIDE = "electronic"


def prepare(
    data: Path, backbone_name: str, seed: int, cache: Path | None, *, beside: bool = False
) -> tuple[Task, tuple[HeadRecipe, ...]]:
    """Teach the named backbone and hear everything with it; one that lies in ``cache`` is not taught again.

    ``beside`` the first listener of the shipped model, which stays as it is, it becomes a second one. Returns what was
    heard, and the recipes of heads to choose from.
    """
    pieces = read_pieces(data, (*LABELS, OUTSIDE))
    untaught, lessons = BACKBONES[backbone_name].read(data), learning(pieces, LABELS)
    backbone, network = kept(
        cache,
        LISTENER,
        lambda: teach(untaught, lessons, data, seed, beside=beside),
        backbone_name,
        untaught.schedule,
        untaught.lessons,
        seed,
        beside,
        taught_from := data_digest(data, lessons, untaught),
    )
    made = f"{backbone_name}, taught by {backbone.schedule}, every piece through {len(backbone.lessons)} microphones"
    model = ListenerModel(network=network, origin=backbone.origin, quantization=backbone.quantization)
    listeners = (
        *(listeners_of_bundle()[:1] if beside else ()),
        TaughtListener(backbone.use(beside=beside), model, None, made),
    )
    with tempfile.TemporaryDirectory() as folder:
        by = Extractor(SPEC, tuple((listener.use, _written(listener, Path(folder))) for listener in listeners))
        if listeners[0].record_axes is None:
            axes = kept(cache, "axes", lambda: _axes(lessons, by, backbone), network, taught_from, *AXES)
            listeners = (replace(listeners[0], record_axes=axes), *listeners[1:])
        task = hear_task(pieces, LABELS, data, by, seed)
    views = _views(backbone, listeners)
    return task, tuple(
        HeadRecipe(name, listeners, views=views, perceptron_share=share) for name, share in HEADS.items()
    )


def _written(listener: TaughtListener, folder: Path) -> Path:
    path = folder / listener.use.file
    path.write_bytes(listener.model.network)
    return path


def _axes(pieces: list[Piece], by: Extractor, backbone: Backbone) -> NDArray[np.float32]:
    per_second = record_axes.patches_in_a_second(backbone.front_end)
    return record_axes.record_axes(record_axes.hear_records(pieces, by), per_second)


def _views(backbone: Backbone, listeners: Sequence[TaughtListener]) -> dict[str, float]:
    """Return the weights of the views of the head: the embeddings that count, and the readable features."""
    weights = {READABLE: READABLE_WEIGHT}
    for listener in listeners:
        prefix = f"{listener.use.name} " if len(listeners) > 1 else ""
        taught = listener is listeners[-1]
        of_outputs = (
            backbone.views if taught and backbone.views is not None else {name: 1.0 for name, _ in listener.use.outputs}
        )
        weights |= {f"{prefix}{name}": weight for name, weight in of_outputs.items()}
    return weights


def teach(backbone: Backbone, pieces: list[Piece], data: Path, seed: int, *, beside: bool) -> tuple[Backbone, bytes]:
    """Return the backbone as taught with pieces and with what is no music under ``data``, and its deployed network."""
    pairs = [*teaching.lessons(pieces, backbone), *teaching.no_music_lessons(data, backbone, seed)]
    return teaching.teach(backbone, pairs, seed, beside=beside)


def data_digest(data: Path, pieces: Sequence[Piece], backbone: Backbone) -> str:
    """Return a digest of all files that a backbone is taught from: weights, pieces, and what degrades these."""
    contents = [content_digest(path) for path in sorted((data / "pretrained").glob("*.*"))]
    for piece in pieces:
        content = content_digest(piece.path)
        contents += [condition.digest(piece.name, content) for condition in (AS_RECORDED, *backbone.lessons)]
    return hashlib.sha256(" ".join(contents).encode()).hexdigest()


def kept(folder: Path | None, name: str, make: Callable[[], Made], *depends_on: object) -> Made:
    """Return the result of ``make``; with a ``folder``, from there if it has one of the same dependencies and code."""
    if folder is None:
        return make()
    digest = hashlib.sha256(f"{depends_on!r} {code_digest(*CODE)}".encode()).hexdigest()[:12]
    path = folder / f"{name}-{digest}.pickle"
    if path.exists():
        with path.open("rb") as file:
            made: Made = pickle.load(file)
        return made
    made = make()
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        pickle.dump(made, file, protocol=pickle.HIGHEST_PROTOCOL)
    return made
