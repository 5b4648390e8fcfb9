"""``livegenre service``: run the daemon from systemd."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from edge import stdio, words
from edge.commands import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command and its actions."""
    parser = subparsers.add_parser(
        "service",
        help="set up the daemon as a systemd service",
        description="Set up the daemon as a systemd service that starts with the machine, hardened: it can read the "
        "sound cards and write its history, and nothing else.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    install = actions.add_parser("install", help="write the unit, and a configuration if there is none")
    uninstall = actions.add_parser("uninstall", help="stop the service and remove the unit")
    show = actions.add_parser("show", help="print the unit instead of writing it")
    show.add_argument("--config", action="store_true", help="print the commented example configuration instead")
    for action in (install, show):
        action.add_argument(
            "--network",
            action=argparse.BooleanOptionalAction,
            help="let it use the network (page, MQTT, an internet radio), or no longer; as it was if neither is given",
        )
    for action in (install, uninstall):
        action.add_argument(
            "--root", type=Path, default=Path("/"), metavar="FOLDER", help="root folder of a system image"
        )
    forget = actions.add_parser("forget", help="take back what MQTT brokers keep of this device, once it is disabled")
    forget.add_argument("--config", type=Path, metavar="FILE", help="configuration with the broker's password")
    link = actions.add_parser("link", help="print the link and the QR code that open the page with its token")
    link.add_argument("--config", type=Path, metavar="FILE", help="configuration of another daemon than the service")
    uninstall.add_argument("--purge", action="store_true", help="remove the configuration and the history too")
    install.set_defaults(run=_install)
    uninstall.set_defaults(run=_uninstall)
    show.set_defaults(run=_show)
    forget.set_defaults(run=_forget)
    link.set_defaults(run=_link)


def _install(args: argparse.Namespace) -> int:
    from edge.installation import as_root
    from edge.service import systemd_unit

    for path in systemd_unit.install(args.root, network=args.network):
        print(f"wrote {words.safe(path)}")
    allowed = "may" if systemd_unit.may_use_network(args.root) else "may not (see --network)"
    print(f"The service {allowed} use the network.")
    print(f"Set the source in {systemd_unit.CONFIG}, then: sudo systemctl enable --now livegenre")
    print(f"See what it hears: systemctl status livegenre, {as_root('history')}")
    return 0


def _uninstall(args: argparse.Namespace) -> int:
    from edge.service import systemd_unit

    once_stopped = _forgetting() if args.root == Path("/") else lambda: None
    for path in systemd_unit.uninstall(args.root, purge=args.purge, once_stopped=once_stopped):
        print(f"removed {words.safe(path)}")
    if not args.purge:
        print(f"Kept: {systemd_unit.CONFIG} and the history in {systemd_unit.STATE[0]}; --purge removes them too")
    return 0


def _forgetting() -> Callable[[], None]:
    """Return a function that clears retained topics from brokers; failures are reported and the rest continues."""
    from edge.errors import EdgeError
    from edge.service.broker_topics import taking_back

    def tell(error: EdgeError) -> None:
        stdio.tell(f"{error}; remove the device in Home Assistant, which clears them")

    try:
        take_back = taking_back()
    except EdgeError as error:
        tell(error)
        return lambda: None

    def forget() -> None:
        try:
            take_back()
        except EdgeError as error:
            tell(error)

    return forget


def _forget(args: argparse.Namespace) -> int:
    from edge.service.broker_topics import taking_back

    topics = taking_back(args.config)()
    for topic in topics:
        print(f"cleared {words.safe(topic)}")
    if not topics:
        print("No broker keeps anything of this device.")
    return 0


def _link(args: argparse.Namespace) -> int:
    from edge.errors import FaceError
    from edge.service.page_link import page_link, qr_code

    link = page_link(args.config)
    if stdio.can_be_drawn_on(sys.stdout):
        try:
            print(qr_code(link))
        except FaceError as error:
            stdio.tell(str(error))
    print(link)
    return 0


def _show(args: argparse.Namespace) -> int:
    from edge.service import systemd_unit

    print(systemd_unit.example_config() if args.config else systemd_unit.unit(network=bool(args.network)), end="")
    return 0
