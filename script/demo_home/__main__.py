"""Runs the demo; script/demo calls this inside the right environment."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import os
from pathlib import Path
import signal
import sys
import tempfile

import aiohttp
from homeassistant.const import __version__ as ha_version

from . import automations, home, household, integration, onboarding, tour
from .client import HomeAssistant
from .errors import DemoError
from .processes import Child, free_port
from .server import ROOT, ModelServer

COMPONENT = ROOT / "custom_components" / "ollama"
USUAL_PORT = 8123
STOP_LIMIT = 60.0
FAILED = 1
INTERRUPTED = 130


def main() -> int:
    """Read the arguments, run, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="script/demo",
        description="A real Home Assistant with a furnished home and this integration, and a tour.",
        epilog="OLLAMA_URL names a real Ollama server to use in place of the simulator, "
        "OLLAMA_MODEL one of its models, OLLAMA_API_KEY its key. --ha VERSION picks the release.",
    )
    parser.add_argument(
        "--once", action="store_true", help="leave after the tour; 0 only if all of it held"
    )
    parser.add_argument("--port", type=int, help="for Home Assistant, on 127.0.0.1")
    parser.add_argument(
        "--built-in",
        action="store_true",
        help="run Home Assistant's own integration instead of this one, to compare",
    )
    arguments = parser.parse_args()
    try:
        return asyncio.run(_guarded(arguments.once, arguments.port, built_in=arguments.built_in))
    except DemoError as err:
        print(f"\ndemo: {err}", file=sys.stderr)
        return FAILED


async def _guarded(once: bool, port: int | None, *, built_in: bool) -> int:
    """Run so that a signal ends everything in order."""
    work = asyncio.ensure_future(_demo(once, port, built_in=built_in))

    interrupted = False

    def interrupt() -> None:
        # Once: a second signal must not break off the cleaning up, which has its own limits.
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            work.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupt)
    try:
        return await work
    except asyncio.CancelledError:
        print("\nStopped.")
        return INTERRUPTED


async def _demo(once: bool, port: int | None, *, built_in: bool) -> int:
    if not built_in and not COMPONENT.is_dir():
        raise DemoError("custom_components/ollama is not there.")
    with tempfile.TemporaryDirectory(prefix="ollama-demo-") as folder:
        work = Path(folder)
        async with aiohttp.ClientSession() as session, _servers(session, work) as server:
            # The usual port for someone who stays; a free one for those who run next to each other.
            base_port = port or free_port(None if once else USUAL_PORT)
            base = f"http://127.0.0.1:{base_port}"
            config = work / "config"
            config.mkdir()
            furniture = home.furnished()
            home.write_config(
                config, furniture, port=base_port, component=None if built_in else COMPONENT
            )
            print(f"==> Starting Home Assistant {ha_version} at {base}", flush=True)
            process = await Child.start(
                "Home Assistant",
                [sys.executable, "-m", "homeassistant", "-c", str(config), "--skip-pip"],
                cwd=work,
                log=work / "home-assistant.log",
            )
            try:
                code = await _visit(
                    session, base, process, furniture, server, once=once, built_in=built_in
                )
            except DemoError:
                print(f"\nThe end of Home Assistant's log:\n{process.tail()}", flush=True)
                raise
            finally:
                went = await process.stop(STOP_LIMIT)
            if not went:
                print(f"Home Assistant did not stop in order:\n{process.tail()}")
                return FAILED
            return code


@asynccontextmanager
async def _servers(session: aiohttp.ClientSession, work: Path) -> AsyncIterator[ModelServer]:
    server = ModelServer.from_environment(session, work)
    try:
        await server.start()
        print(f"==> Model server: {server.description}", flush=True)
        yield server
    finally:
        await server.stop()


async def _visit(
    session: aiohttp.ClientSession,
    base: str,
    process: Child,
    furniture: home.Furniture,
    server: ModelServer,
    *,
    once: bool,
    built_in: bool,
) -> int:
    """Move in, add the integration, take the tour, and stay when asked to."""
    await onboarding.wait_for_http(session, base, process)
    token = await onboarding.onboard(session, base)
    await onboarding.wait_until_running(session, base, token, process)
    async with HomeAssistant(session, base, token) as ha:
        await onboarding.keep_address(ha)
        count = await home.arrange(ha, furniture)
        await household.move_in(ha)
        print(f"==> A home with {len(home.AREAS)} rooms and {count} exposed devices and sensors")
        if not built_in:
            version = await integration.check_ours(ha)
            print(f"==> Ollama for Home Assistant {version}, in place of the built-in integration")
        model = await server.pick_model()
        assistant = await integration.add(ha, server.url, model, os.environ.get("OLLAMA_API_KEY"))
        print(f"==> Added through the config flow: {assistant.conversation} with {model}")

        visit = tour.Tour(ha, assistant, server, process.log.parent, built_in=built_in)
        await visit.run()

        async def clean_log(account: tour.Account) -> None:
            if found := tour.complaints(process.log):
                for record in found:
                    account.tell("log", record)
                raise automations.NotAsExpectedError(
                    f"{len(found)} complaint(s) about the integration"
                )

        await visit.step("Home Assistant's log holds nothing against the integration", clean_log)

        steps = visit.held + len(visit.failed)
        print(f"\n{visit.held} of {steps} steps held on Home Assistant {ha_version}.", flush=True)
        if not once:
            print(
                f"\nThe home stays open: {base}  (user {onboarding.USERNAME}, password "
                f"{onboarding.PASSWORD})\nCtrl-C ends it; nothing is kept.",
                flush=True,
            )
            await process.wait()
            raise DemoError(f"Home Assistant ended by itself:\n{process.tail()}")
        return FAILED if visit.failed else 0


if __name__ == "__main__":
    sys.exit(main())
