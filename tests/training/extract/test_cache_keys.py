"""Keys of caches change with data and code, and not with comments."""

from __future__ import annotations

import gc
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from build.extract import one_file
from build.extract.extractor import Extractor
from build.extract.one_file import VectorCache
from build.files import code_digest
from build.listener.preparing import data_digest
from build.listener.registry import BACKBONES
from build.tables.pieces import Piece
from edge.audio.demo import synthesize
from features_np import FeatureSpec
from tests.shared_data import shared_data

CODE = '''"""A module."""

def f(x):
    """Add one."""
    return x + 1  # why
'''


def digest_of(folder: Path, source: str) -> str:
    (folder / "code.py").write_text(source)
    code_digest.cache_clear()
    return code_digest(folder)


def test_a_digest_of_code_follows_what_it_computes_and_not_its_comments(tmp_path: Path) -> None:
    digest = digest_of(tmp_path, CODE)
    same = CODE.replace("A module", "Something else").replace("# why", "# why not").replace("x + 1", "(x  +  1)")
    assert digest_of(tmp_path, same.replace('    """Add one."""\n', "    pass\n")) == digest
    for other in (CODE.replace("+ 1", "+ 2"), CODE.replace("def f", "def g"), CODE + "\ny = 3\n"):
        assert digest_of(tmp_path, other) != digest
    (tmp_path / "other.py").write_text("z = 1\n")
    assert digest_of(tmp_path, CODE) != digest, "a file that is added"


def test_vectors_are_computed_again_by_other_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "a.wav", synthesize(3), 22_050)
    cache, by = VectorCache(tmp_path / "cache"), Extractor(FeatureSpec(groups=("mfcc_mean",)))
    first = one_file.extract(tmp_path / "a.wav", by, cache)
    assert not first.cached and one_file.extract(tmp_path / "a.wav", by, cache).cached
    (tmp_path / "more.py").write_text("x = 1\n")
    monkeypatch.setattr(one_file, "CODE", (*one_file.CODE, tmp_path / "more.py"))
    assert not one_file.extract(tmp_path / "a.wav", by, cache).cached
    assert all(path.exists() for path in one_file.CODE), "a file that was renamed is no longer covered"


def test_a_listener_is_taught_again_from_other_data(tmp_path: Path) -> None:
    data = shared_data(".")
    backbone = BACKBONES["mn04"].read(data)
    soundfile.write(tmp_path / "a.wav", np.zeros(100), 22_050)
    piece = Piece("a", "rock", "made up", "somebody", tmp_path / "a.wav", whole=True)
    digests = {data_digest(data, pieces, backbone) for pieces in ([piece], [replace(piece, name="b")], [piece, piece])}
    soundfile.write(tmp_path / "a.wav", np.ones(100) / 2, 22_050)
    digests.add(data_digest(data, [piece], backbone))
    assert len(digests) == 4


def test_several_threads_digest_code_at_once() -> None:
    """Python 3.11 fails where the garbage collector changes threads in the middle of ``ast.parse``, as Dask's does."""

    def change_threads(_phase: str, _info: dict[str, int]) -> None:
        time.sleep(0)

    folder, thresholds = Path(one_file.__file__).parent, gc.get_threshold()
    gc.callbacks.append(change_threads)
    gc.set_threshold(20)
    try:
        with ThreadPoolExecutor(8) as threads:
            digests = set(threads.map(code_digest.__wrapped__, [folder] * 16))
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(change_threads)
    assert len(digests) == 1
