"""``python -m simulator``: an Ollama server with a stand-in for a model, until Ctrl-C."""

import argparse
import asyncio
from dataclasses import replace
import signal

from .replies import ChatRequest, Rates, Reply
from .server import Simulator
from .standin import HONEST_NAME, STAND_IN_MODELS, stand_in


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description=f"A simulated Ollama server. What answers is {HONEST_NAME}.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=11434, help="port, 0 for any that is free")
    parser.add_argument("--version", default="0.32.15", help="version to behave like")
    parser.add_argument("--load-seconds", type=float, help="time to load a model")
    parser.add_argument("--prefill-rate", type=float, help="prompt tokens per second")
    parser.add_argument("--generation-rate", type=float, help="answer tokens per second")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before the first token")
    parser.add_argument("--parallel", type=int, default=1, help="answers at a time per model")
    parser.add_argument("--api-key", help="ask for this bearer token")
    return parser.parse_args()


async def serve(arguments: argparse.Namespace) -> None:
    """Listen until a signal comes."""

    def brain(request: ChatRequest) -> Reply:
        return replace(stand_in(request), delay=arguments.delay)

    simulator = Simulator(
        version=arguments.version,
        models=STAND_IN_MODELS,
        brain=brain,
        rates=Rates(arguments.load_seconds, arguments.prefill_rate, arguments.generation_rate),
        api_key=arguments.api_key,
        parallel=arguments.parallel,
        host=arguments.host,
        port=arguments.port,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    async with simulator:
        print(f"Simulated Ollama {arguments.version} at {simulator.url}", flush=True)
        print(f"What answers is {HONEST_NAME}.", flush=True)
        await stop.wait()  # ends with a signal


if __name__ == "__main__":
    asyncio.run(serve(parse_arguments()))
