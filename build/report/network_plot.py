"""Picture of a head: its layers from the input down, with their sizes and numbers of weights."""

from __future__ import annotations

import keras
from matplotlib.figure import Figure as Picture

NETWORK_FILE = "network.png"
#: Inches of a layer's box, and of the gap to the next.
HEIGHT, GAP, WIDTH = 0.55, 0.35, 3.2


def plot_network(network: keras.Model, title: str) -> Picture:
    """Draw a box for each layer, nested networks expanded, each below the layers that it takes its input from."""
    levels = _levels(network)
    widest = max(map(len, levels))
    picture = Picture(figsize=(max(5.0, widest * (WIDTH + GAP)), len(levels) * (HEIGHT + GAP) + 0.8))
    axes = picture.add_subplot()
    places: dict[str, tuple[float, float]] = {}
    for number, level in enumerate(levels):
        for column, layer in enumerate(level):
            x, y = (column - (len(level) - 1) / 2) * (WIDTH + GAP), -number * (HEIGHT + GAP)
            places[layer.name] = x, y
            box = {"boxstyle": "round", "facecolor": "white", "edgecolor": "black"}
            axes.text(x, y, _words(layer), ha="center", va="center", bbox=box, fontsize=9)
    for name, (x, y) in places.items():
        for source in _sources(network, name):
            if source in places:
                from_x, from_y = places[source]
                arrow = {"arrowstyle": "->", "shrinkA": 14, "shrinkB": 14}
                axes.annotate("", (x, y), (from_x, from_y), arrowprops=arrow)
    margin = (WIDTH + GAP) * widest / 2
    axes.set(xlim=(-margin, margin), ylim=(-(len(levels) - 0.5) * (HEIGHT + GAP), 0.5 * (HEIGHT + GAP)), title=title)
    axes.axis("off")
    return picture


def _levels(network: keras.Model) -> list[list[keras.Layer]]:
    """Return the layers by how many lie between them and the input at most."""
    depth: dict[str, int] = {}
    for layer in network.layers:
        depth[layer.name] = 1 + max((depth.get(source, -1) for source in _sources(network, layer.name)), default=-1)
    levels: list[list[keras.Layer]] = [[] for _ in range(max(depth.values()) + 1)]
    for layer in network.layers:
        levels[depth[layer.name]].append(layer)
    return levels


def _sources(network: keras.Model, name: str) -> list[str]:
    """Return the names of the layers whose outputs a layer takes, perhaps after arithmetic that is no layer."""
    names = {layer.name for layer in network.layers}
    found: dict[str, None] = {}
    waiting = [network.get_layer(name)]
    while waiting:
        for node in waiting.pop()._inbound_nodes:  # Keras has no public attribute for it
            for parent in node.parent_nodes:
                if parent.operation.name in names:
                    found[parent.operation.name] = None
                else:
                    waiting.append(parent.operation)
    return list(found)


def _words(layer: keras.Layer) -> str:
    kind, size = type(layer).__name__, layer.output.shape[-1]
    weights = f", {layer.count_params():,} weights" if layer.count_params() else ""
    return f"{layer.name}: {kind}\n{size:,} numbers{weights}"
