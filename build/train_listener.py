"""Train, quantize, calibrate and publish the model with a listener: one command, from the data beside the project.

The listener is a backbone, taught to hear through microphones; the head is fitted to its outputs for GTZAN's train
list, for Emotify's rock and pop and for songs that people know. Takes about twenty minutes on two cores.
"""

from __future__ import annotations

import argparse
import hashlib
import pickle
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from build import publish
from build.audio.way import AS_RECORDED
from build.corpora import hearing_ways
from build.corpora.listening_task import ListeningTask, hear_task
from build.corpora.no_music import EVALUATION_FOLD
from build.errors import run_command
from build.extract.description import Description
from build.listener import teaching
from build.listener.backbone import Backbone
from build.listener.record_axes import N_AXES, SHRINKAGE, hear_records, patches_in_a_second, record_axes
from build.listener.registry import BACKBONES, DEFAULT
from build.models import int8
from build.models.listening_head import SPEC, HeadRecipe, fit_head, fit_no_music, out_of_fold, sample_of
from build.models.no_music_head import with_detector
from build.models.recipe import Fitted
from build.report.model_card import with_interval
from build.score import listening, listening_studies, metrics
from build.tables.edition import edition_of
from build.tables.feature_table import GTZAN, SHARED_DATA, read_tracks
from build.tables.pieces import EMOTIFY, GTZAN_TRAIN, GTZAN_VALID, SONGS, Piece, read_pieces
from build.tables.splits import FAULT_FILTERED
from edge.live.decision import NO_MUSIC
from edge.model.bundle import Bundle
from edge.model.sidecar import ListenerUse

Axes = NDArray[np.float32]
Kept = TypeVar("Kept")

NAME = "listener"
LABELS = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
STRANGE = "electronic"
#: Bytes of the head at most; with the listener's and the sidecar's a bundle stays below 4.5 MB.
MAX_HEAD_SIZE = 700_000
#: What was tried on the way.
FINDINGS = Path(__file__).parent / "report" / "listening_findings.md"
#: Rows on which the ranges of the int8 head's tensors are measured.
N_REPRESENTATIVE = 1000


@dataclass(frozen=True)
class Taught:
    """A listener's network, how it is used, and along which axes of what it says records differ."""

    backbone: Backbone
    network: bytes
    record_axes: Axes

    @property
    def use(self) -> ListenerUse:
        """How a bundle uses the network."""
        return self.backbone.use


def prepare(data: Path, name: str, seed: int, cache: Path | None) -> tuple[Taught, ListeningTask]:
    """Teach the named backbone and hear everything with it; one that lies in ``cache`` is not taught again."""
    pieces = read_pieces(data, (*LABELS, STRANGE))
    untaught = BACKBONES[name].read(data)
    how_taught = (name, untaught.schedule, teaching.LESSONS, seed)
    backbone, network = _kept(cache, "listener", lambda: _taught(untaught, pieces, seed), *how_taught)
    use = backbone.use
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "listener.tflite")
        path.write_bytes(network)
        describer = Description(SPEC, use, path)
        how = (network, N_AXES, SHRINKAGE)
        axes = _kept(cache, "axes", lambda: _axes(pieces, describer, backbone), *how)
        task = hear_task(pieces, LABELS, data, describer, seed)
    return Taught(backbone, network, axes), task


def _learning(pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.genre in LABELS and piece.collection != GTZAN_VALID]


def _taught(backbone: Backbone, pieces: list[Piece], seed: int) -> tuple[Backbone, bytes]:
    return teaching.teach(backbone, teaching.lessons(_learning(pieces), backbone.front_end), seed)


def _axes(pieces: list[Piece], describer: Description, backbone: Backbone) -> Axes:
    return record_axes(hear_records(_learning(pieces), describer), patches_in_a_second(backbone.front_end))


def _kept(folder: Path | None, name: str, make: Callable[[], Kept], *depends_on: object) -> Kept:
    """Return what ``make`` makes; with a ``folder``, as it lies there if it was made of the same things."""
    if folder is None:
        return make()
    digest = hashlib.sha256(repr(depends_on).encode()).hexdigest()[:12]
    path = folder / f"{name}-{digest}.pickle"
    if path.exists():
        with path.open("rb") as file:
            made: Kept = pickle.load(file)
        return made
    made = make()
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        pickle.dump(made, file, protocol=pickle.HIGHEST_PROTOCOL)
    return made


def train(taught: Taught, task: ListeningTask, recipe: HeadRecipe, folder: Path) -> Bundle:
    """Fit, calibrate, quantize and judge the head, and publish it with the listener."""
    use = taught.use
    folds = task.folds(task.train)
    ways = [way.name for way in (AS_RECORDED, hearing_ways.MICROPHONES[0])]
    logits = out_of_fold(task.train, LABELS, recipe, use, folds=folds, ways=ways)
    temperature = metrics.best_temperature(task.train.targets(LABELS), logits[ways[0]])
    genres = fit_head(task.train, LABELS, recipe, use)
    fitted, held = _with_no_music(genres, task)
    sample = sample_of(task.train, LABELS, recipe.collections)
    rows = np.random.default_rng(task.seed).permutation(np.vstack([sample.rows, task.no_music.rows]))
    head = int8.to_int8(fitted.model, fitted.normalize(rows[:N_REPRESENTATIVE]), MAX_HEAD_SIZE, wide=True)
    draft = publish.Draft(
        name=NAME,
        labels=(*LABELS, NO_MUSIC),
        spec=SPEC,
        listeners=(use,),
        mean=fitted.mean,
        scale=fitted.scale,
        temperature=temperature,
        model=head,
        training=_training(taught.backbone, task, recipe),
        record_axes=taught.record_axes,
        listener_models=(
            int8.ListenerModel(
                network=taught.network, origin=taught.backbone.origin, quantization=taught.backbone.quantization
            ),
        ),
    )
    bundle = draft.open()
    figures, scores = listening.of_valid(bundle, task, FAULT_FILTERED)
    whole = task.valid.of(np.array([piece.whole for piece in task.valid.pieces]))
    agreement = int8.compare(
        head, fitted.normalize(whole[AS_RECORDED]), fitted.logits(whole[AS_RECORDED]), scores.targets
    )
    everything = {
        "valid": scores.to_dict(),
        "int8": agreement.to_dict(),
        "listening": figures,
        "folds": listening.of_folds(task.train, logits[ways[0]], LABELS),
        "folds, microphone": listening.of_folds(task.train, logits[ways[1]], LABELS),
        "no_music": listening.of_no_music(bundle, task, held),
        "confidence": listening.of_confidence(bundle, task, scores),
        "candidates": {},
        **_studies(task, use, recipe),
    }
    return publish.publish(draft, everything, folder)


def _studies(task: ListeningTask, use: ListenerUse, recipe: HeadRecipe) -> dict[str, Any]:
    """Return what is learnt besides: folds over all artists there are, parts left out, few tracks, styles alone."""
    everything = task.everything
    way = AS_RECORDED.name
    logits = out_of_fold(everything, LABELS, recipe, use, folds=task.folds(everything), ways=[way])[way]
    judged, trained = everything.are(GTZAN_VALID), everything.are(GTZAN_TRAIN)
    lots = {
        name: (everything.of(chosen), task.styles[chosen])
        for name, chosen in (("GTZAN train", trained), ("GTZAN valid", judged))
    }
    return {
        "folds, train and valid": listening.of_folds(everything, logits, LABELS),
        "ablation": listening_studies.ablation(task, use, recipe),
        "learning": listening_studies.learning_curve(task, use, recipe),
        "zero_shot": listening_studies.zero_shot(lots, use, LABELS),
    }


def _with_no_music(genres: Fitted, task: ListeningTask) -> tuple[Fitted, listening.HeldOut]:
    """Return the head with an output for "no music", and what detectors say of windows and pieces held out of them."""
    other = task.no_music.of(task.no_music.folds != EVALUATION_FOLD)
    folds = np.unique(other.folds)
    folds_of_music = task.folds(task.train) % len(folds)
    held = listening.HeldOut(np.zeros(len(other.rows), dtype=np.bool_), np.zeros(len(folds_of_music), dtype=np.bool_))
    for number, fold in enumerate(folds):
        windows, music = other.folds == fold, folds_of_music == number
        detector = fit_no_music(genres, task.train.of(~music), LABELS, other.of(~windows))
        held.caught[windows] = detector.margin(genres.normalize(other.rows[windows])) > 0
        held.lost[music] = detector.margin(genres.normalize(task.train[AS_RECORDED][music])) > 0
    return with_detector(genres, fit_no_music(genres, task.train, LABELS, other)), held


def _training(backbone: Backbone, task: ListeningTask, recipe: HeadRecipe) -> dict[str, Any]:
    return {
        "edition": edition_of(read_tracks(GTZAN / "tracks.csv")).to_dict(),
        "findings": FINDINGS.read_text(encoding="utf-8"),
        "how_chosen": (
            "The recipe was chosen by five folds of artists inside the train list; these tracks were looked at each "
            "time that a whole bundle was made, three or four times."
        ),
        "facts": {
            "data": (
                f"{FAULT_FILTERED}, of its train list the {sum(task.train.are(GTZAN_TRAIN))} tracks with audio; "
                f"{sum(task.train.are(EMOTIFY))} pieces of Emotify's rock and pop, "
                f"{sum(task.train.are(SONGS))} excerpts of known songs; rows of tracks without audio are left out"
            ),
            "listener": (
                f"{backbone.name}, taught by {backbone.schedule}, every piece through "
                f"{len(teaching.LESSONS)} simulated microphones; "
                "the shipped one by the same steps on other draws of them, so that the command gives one like it, not "
                "the same"
            ),
            "head": f"discriminants and a perceptron, views weighing {dict(recipe.weights_of(backbone.use))}, the "
            f"perceptron {recipe.perceptron_share:.0%} of the answer; "
            "heard as recorded, in windows and through microphones",
            "temperature": "fitted on out-of-fold answers inside train, as recorded",
            "seed": task.seed,
        },
    }


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m build.train_listener", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, default=SHARED_DATA, help="folder of the data (default: beside the project)"
    )
    parser.add_argument("--out", type=Path, default=publish.MODELS, help="folder of the bundle (default: the shipped)")
    parser.add_argument(
        "--backbone", choices=BACKBONES, default=DEFAULT, help=f"pretrained network (default: {DEFAULT})"
    )
    parser.add_argument("--cache", type=Path, help="folder to keep the taught listener in, and to take it from")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another model (default: 0)")
    arguments = parser.parse_args()

    def body() -> None:
        taught, task = prepare(arguments.data, arguments.backbone, arguments.seed, arguments.cache)
        bundle = train(taught, task, HeadRecipe(), arguments.out)
        print(f"valid: {with_interval(bundle.sidecar['metrics']['valid']['accuracy'])}")
        print(f"written to {arguments.out}; {publish.CARD_FILE} there is its model card")

    return run_command(body, "build.train_listener")


if __name__ == "__main__":
    raise SystemExit(main())
