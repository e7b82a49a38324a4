"""``python -m speech``: a server that hears and one that speaks, until Ctrl-C."""

import argparse
import asyncio
import signal
import sys

from . import espeak
from .espeak import EspeakServer
from .server import Place
from .sphinx import DEFAULT_COMMANDS, SphinxServer


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m speech",
        description="Wyoming servers: pocketsphinx hears, and espeak-ng speaks.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--hear-port", type=int, default=10300, help="port, 0 for any that is free")
    parser.add_argument("--speak-port", type=int, default=10200, help="the same")
    parser.add_argument(
        "--command",
        action="append",
        metavar="SENTENCE",
        help="a sentence that is understood, in English; may be given several times",
    )
    return parser.parse_args()


async def serve(arguments: argparse.Namespace) -> None:
    """Listen until a signal comes."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    async with (
        SphinxServer(
            arguments.command or DEFAULT_COMMANDS, host=arguments.host, port=arguments.hear_port
        ) as hearing,
        EspeakServer(host=arguments.host, port=arguments.speak_port) as speaking,
    ):
        print(f"Hears at {_shown(hearing.place)} (pocketsphinx, its commands only)", flush=True)
        print(f"Speaks at {_shown(speaking.place)} (espeak-ng)", flush=True)
        await stop.wait()  # ends with a signal


def _shown(place: Place) -> str:
    return f"tcp://{place.host}:{place.port}"


if __name__ == "__main__":
    if not espeak.is_installed():
        sys.exit("espeak-ng is not installed. On Debian: apt-get install espeak-ng")
    asyncio.run(serve(parse_arguments()))
