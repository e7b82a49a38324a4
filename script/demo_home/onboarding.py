"""The first minutes of a new Home Assistant, over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from .client import HomeAssistant, Json
from .errors import DemoError
from .processes import Child

START_LIMIT = 180.0
SHORT = aiohttp.ClientTimeout(total=60)

USERNAME = "demo"
PASSWORD = "ollama-demo"  # noqa: S105 - of a throw-away home on loopback, printed on the screen


async def wait_for_http(session: aiohttp.ClientSession, base: str, process: Child) -> None:
    """Wait until Home Assistant answers at all."""

    async def answers() -> bool:
        try:
            async with session.get(f"{base}/api/onboarding", timeout=SHORT) as response:
                return response.ok
        except aiohttp.ClientConnectionError:
            return False

    await _until(answers, process, "Home Assistant did not answer")


async def onboard(session: aiohttp.ClientSession, base: str) -> str:
    """Make the owner's account as the onboarding page does and return an access token."""
    client_id = f"{base}/"
    answer = await _post(
        session,
        f"{base}/api/onboarding/users",
        json={
            "client_id": client_id,
            "name": "Demo",
            "username": USERNAME,
            "password": PASSWORD,
            "language": "en",
        },
    )
    answer = await _post(
        session,
        f"{base}/auth/token",
        data={
            "grant_type": "authorization_code",
            "code": answer["auth_code"],
            "client_id": client_id,
        },
    )
    token: str = answer["access_token"]
    await _post(
        session,
        f"{base}/api/onboarding/integration",
        json={"client_id": client_id, "redirect_uri": f"{base}/"},
        headers={"Authorization": f"Bearer {token}"},
    )
    return token


async def wait_until_running(
    session: aiohttp.ClientSession, base: str, token: str, process: Child
) -> Json:
    """Wait until Home Assistant has started everything and return its configuration."""
    config: Json = {}

    async def running() -> bool:
        nonlocal config
        async with session.get(
            f"{base}/api/config", headers={"Authorization": f"Bearer {token}"}, timeout=SHORT
        ) as response:
            response.raise_for_status()
            config = await response.json()
        return bool(config["state"] == "RUNNING")

    await _until(running, process, "Home Assistant did not finish starting")
    return config


async def keep_address(ha: HomeAssistant) -> None:
    """Confirm the address in the configuration.

    Home Assistant takes it for a trial, and would go back to its usual port after five
    minutes. Raises DemoError for anything but that there is no trial.
    """
    pending = (await ha.command("http/config")).get("pending")
    if pending is not None:
        await ha.command("http/config/promote")


async def _until(condition: Callable[[], Awaitable[bool]], process: Child, complaint: str) -> None:
    try:
        async with asyncio.timeout(START_LIMIT):
            while not await condition():
                process.check()
                await asyncio.sleep(0.2)
    except TimeoutError as err:
        raise DemoError(f"{complaint} within {START_LIMIT:.0f} s:\n{process.tail()}") from err


async def _post(session: aiohttp.ClientSession, url: str, **arguments: Any) -> Json:
    async with session.post(url, timeout=SHORT, **arguments) as response:
        if not response.ok:
            raise DemoError(f"POST {url} answered {response.status}: {await response.text()}")
        answer: Json = await response.json()
        return answer
