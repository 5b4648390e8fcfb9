"""The figures are measured and say what they are of; none is judged here, since machines differ."""

import argparse
import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from edge import bench
from edge.commands import bench as command


def test_figures_are_measured(monkeypatch, capsys):
    livegenre = Path(sys.executable).with_name("livegenre")
    done = subprocess.run([livegenre, "bench", "--json"], capture_output=True, text=True, check=True, timeout=200)
    values = json.loads(done.stdout)
    assert list(values) == [field.name for field in fields(bench.Figures)]
    assert 0 < values["inference_s"] < values["update_s"] <= values["slowest_update_s"]
    assert values["real_time_factor"] * values["core_share"] == 1.0
    assert values["rss_bytes"] > 20e6
    assert values["import_s"] > 0.01
    assert values["runtime"] in ("tflite-runtime", "ai-edge-litert")
    print(done.stdout)

    monkeypatch.setattr(bench, "measure", lambda model: bench.Figures(**values))
    assert command.run(argparse.Namespace(model=None, json=False)) == 0
    shown = capsys.readouterr().out
    assert f"{values['rss_bytes'] / 1e6:.1f} MB at most" in shown
    assert values["machine"] in shown
