"""The recipe of the shipped model: a backbone is taught, and everything is heard with it. Half an hour on two cores."""

from __future__ import annotations

import hashlib
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from build.corpora.listening_task import hear_task, learning
from build.corpora.task import Task
from build.extract.description import Description
from build.listener import record_axes, teaching
from build.listener.backbone import Backbone
from build.listener.registry import BACKBONES
from build.models.int8 import ListenerModel
from build.models.listening_head import READABLE, READABLE_WEIGHT, SPEC, HeadRecipe
from build.models.recipe import TaughtListener
from build.tables.pieces import Piece, read_pieces

Made = TypeVar("Made")

#: The recipe's name, and the model's.
LISTENER = "listener"
#: The heads that are compared, by name, with the perceptron's share of the answer.
HEADS = {LISTENER: 0.5, f"{LISTENER}-discriminants": 0.0, f"{LISTENER}-perceptron": 1.0}
LABELS = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
OUTSIDE = "electronic"


def prepare(data: Path, backbone_name: str, seed: int, cache: Path | None) -> tuple[Task, tuple[HeadRecipe, ...]]:
    """Teach the named backbone and hear everything with it; one that lies in ``cache`` is not taught again.

    Returns what was heard, and the recipes of heads to choose from.
    """
    pieces = read_pieces(data, (*LABELS, OUTSIDE))
    untaught, lessons = BACKBONES[backbone_name].read(data), learning(pieces, LABELS)
    backbone, network = kept(
        cache, LISTENER, lambda: teach(untaught, lessons, seed), backbone_name, untaught.schedule, untaught.lessons, seed
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "listener.tflite")
        path.write_bytes(network)
        by = Description(SPEC, ((backbone.use, path),))
        axes = kept(
            cache,
            "axes",
            lambda: record_axes.record_axes(
                record_axes.hear_records(lessons, by), record_axes.patches_in_a_second(backbone.front_end)
            ),
            network,
            record_axes.N_AXES,
            record_axes.SHRINKAGE,
        )
        task = hear_task(pieces, LABELS, data, by, seed)
    made = f"{backbone_name}, taught by {backbone.schedule}, every piece through {len(backbone.lessons)} microphones"
    model = ListenerModel(network=network, origin=backbone.origin, quantization=backbone.quantization)
    views = None if backbone.views is None else {READABLE: READABLE_WEIGHT, **backbone.views}
    listeners = (TaughtListener(backbone.use, model, axes, made),)
    return task, tuple(
        HeadRecipe(name, listeners, views=views, perceptron_share=share) for name, share in HEADS.items()
    )


def teach(backbone: Backbone, pieces: list[Piece], seed: int) -> tuple[Backbone, bytes]:
    """Return the backbone as taught with pieces, and its deployed network."""
    return teaching.teach(backbone, teaching.lessons(pieces, backbone), seed)


def kept(folder: Path | None, name: str, make: Callable[[], Made], *depends_on: object) -> Made:
    """Return what ``make`` makes; with a ``folder``, as it lies there if it was made of the same things."""
    if folder is None:
        return make()
    digest = hashlib.sha256(repr(depends_on).encode()).hexdigest()[:12]
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
