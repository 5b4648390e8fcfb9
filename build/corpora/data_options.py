"""The options that name the data to train from."""

from __future__ import annotations

import argparse
from pathlib import Path

from build.corpora.task import Task, read_task
from build.tables.feature_table import GTZAN


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add these options to a command."""
    parser.add_argument("--features", type=Path, help="features CSV or folder of tables (default: GTZAN's)")
    parser.add_argument("--train-list", type=Path, help="tracks to train on, a line each: blues/blues.00029.wav")
    parser.add_argument("--valid-list", type=Path, help="tracks to choose the model on")
    parser.add_argument("--tracks", type=Path, help="tracks.csv with artists, to keep each on one side of a split")


def task_of(arguments: argparse.Namespace) -> Task:
    """Read what the data options name: without ``--features`` GTZAN's published tables, lists and artists."""
    if arguments.features is None:
        lists = GTZAN / "splits"
        return read_task(GTZAN / "features", lists / "train.txt", lists / "valid.txt", GTZAN / "tracks.csv")
    test_list = getattr(arguments, "test_list", None)
    return read_task(arguments.features, arguments.train_list, arguments.valid_list, arguments.tracks, test_list)
