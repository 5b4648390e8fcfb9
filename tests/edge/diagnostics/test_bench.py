"""The figures are measured and labelled; their values are not asserted, since machines differ."""

import argparse
import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from edge.commands import bench as command
from edge.diagnostics import bench
from edge.model.bundle import load_bundle
from tests import two_networks
from tests.two_networks import make_bundle


def test_figures_are_measured(monkeypatch, capsys, tmp_path):
    livegenre = Path(sys.executable).with_name("livegenre")
    for name in ("edge", "json", "numpy", "subprocess"):  # as a clone of this project has it, and as anybody may
        (tmp_path / f"{name}.py").write_text("raise SystemExit('run!')")
    measuring = [livegenre, "bench", "--json"]
    done = subprocess.run(measuring, capture_output=True, text=True, check=True, timeout=200, cwd=tmp_path)
    values = json.loads(done.stdout)
    assert list(values) == [field.name for field in fields(bench.Figures)]
    assert 0 < values["inference_s"] < values["update_s"] <= values["slowest_update_s"]
    assert round(values["real_time_factor"] * values["core_share"], 9) == 1.0
    assert values["rss_bytes"] > 20e6
    assert values["import_s"] > 0.01
    assert values["runtime"] in ("tflite-runtime", "ai-edge-litert")
    assert values["model_bytes"] > 10_000
    values["listeners"] = [bench.ListenerFigures(**figures) for figures in values["listeners"]]
    assert [figures.name for figures in values["listeners"]] == [use.name for use in load_bundle().listeners]
    print(done.stdout)

    monkeypatch.setattr(bench, "measure", lambda model: bench.Figures(**values))
    assert command.run(argparse.Namespace(model=None, json=False)) == 0
    shown = capsys.readouterr().out
    assert f"{values['rss_bytes'] / 1e6:.1f} MB at most" in shown
    assert values["machine"] in shown


def test_both_networks_are_measured(tmp_path):
    make_bundle(tmp_path, two_networks.use())
    command_line = [Path(sys.executable).with_name("livegenre"), "bench", "--model", tmp_path]
    values = json.loads(subprocess.check_output([*command_line, "--json"], text=True, timeout=250))
    (figures,) = values["listeners"]
    assert 0 < figures["seconds"] < 0.5
    assert round(figures["patches_per_s"], 3) == 2.083
    assert values["model_bytes"] == sum(file.stat().st_size for file in tmp_path.iterdir())
    shown = command._listener(bench.ListenerFigures(**figures))
    assert "ms a patch, 2.08 patches a second" in shown
    assert command._counted(2_500_000) == ", 2.50 million instructions each"
