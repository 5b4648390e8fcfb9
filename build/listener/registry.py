"""The backbones by name; a new one is a module beside this one and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from build.listener.backbone import Backbone
from build.listener.mn04 import Mn04
from build.listener.yamnet import Yamnet

BACKBONES: Mapping[str, type[Backbone]] = {backbone.name: backbone for backbone in (Yamnet, Mn04)}
#: The shipped listener's.
DEFAULT = Yamnet.name
