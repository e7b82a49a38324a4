"""Downloads: they tell how far they are, are shared, and always end."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
import ollama
import pytest

from custom_components.ollama.runtime import connection_from
from custom_components.ollama.server import (
    AnswerCutError,
    AnswerInvalidError,
    AuthenticationError,
    Download,
    Downloads,
    OllamaError,
    OllamaServer,
    ServerFailedError,
    ServerUnreachableError,
    TooSlowError,
)
from custom_components.ollama.server.downloads import Progress, async_get_downloads
from simulator import Fault, SimModel, Simulator

from .conftest import SHORT_LIMITS

NAME = "mistral-nemo:12b"
SIZE = 7_071_700_672
PULL = "/api/pull"


@pytest.fixture
async def server(sim: Simulator) -> AsyncGenerator[OllamaServer]:
    server = OllamaServer(connection_from({"url": sim.url}), SHORT_LIMITS)
    yield server
    await server.async_close()
    # httpx leaves its generators to the garbage collector, which closes them in tasks.
    await asyncio.sleep(0.01)


async def watch(download: Download) -> list[Progress]:
    """Return all the progress that somebody sees who looks at every change."""
    seen = [download.progress]
    while not download.done:
        await download.async_wait_for_news(seen[-1])
        seen.append(download.progress)
    return seen


async def connection_closed(sim: Simulator) -> None:
    """Wait until the server sees that nobody listens to its last answer."""
    async with asyncio.timeout(1):
        while not sim.requests[-1].cancelled:
            await asyncio.sleep(0.01)


def pulls(sim: Simulator) -> int:
    return sum(request.path == PULL for request in sim.requests)


async def test_progress(hass: HomeAssistant, sim: Simulator, server: OllamaServer):
    """It moves with the stream: bytes of all files, and the check at the end."""
    sim.pull_plan(NAME, sizes=(SIZE, 1000), seconds=0.2, steps=10)
    download = async_get_downloads(hass).async_start(server, NAME)
    assert not download.done
    assert download.progress == Progress(0, 0)
    seen = await watch(download)
    assert download.error is None
    moving = [progress.completed for progress in seen if not progress.fetched]
    assert moving == sorted(moving)
    assert len(set(moving)) > 5
    assert {progress.total for progress in seen} <= {0, SIZE, SIZE + 1000}
    assert seen[-1].fetched
    fractions = [progress.fraction for progress in seen]
    assert fractions[0] == 0
    assert all(0 <= fraction <= 1 for fraction in fractions)
    # The server leaves out how much of a small file is there.
    assert seen[-1].completed == SIZE
    assert NAME in {model.name for model in await server.async_list()}


async def test_already_there(hass: HomeAssistant, sim: Simulator, server: OllamaServer):
    """A model that somebody else has downloaded meanwhile is done at once."""
    sim.install(SimModel(NAME))
    download = async_get_downloads(hass).async_start(server, NAME)
    await watch(download)
    assert download.error is None


def test_fraction_of_more_than_all():
    """A server may report more than it announced."""
    assert Progress(3, 2).fraction == 1.0


async def test_second_caller_joins(hass: HomeAssistant, sim: Simulator, server: OllamaServer):
    sim.pull_plan("phi4", seconds=0.1)
    downloads = async_get_downloads(hass)
    first = downloads.async_start(server, "phi4")
    # The same name, written in full, and through a client of its own.
    other = OllamaServer(connection_from({"url": sim.url}), SHORT_LIMITS)
    assert downloads.async_start(other, "phi4:latest") is first
    assert downloads.async_start(other, NAME) is not first
    await watch(first)
    await other.async_close()
    assert [r.body["model"] for r in sim.requests if r.path == PULL].count("phi4") == 1
    # What has ended is not joined.
    again = downloads.async_start(server, "phi4")
    assert again is not first
    await watch(again)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_other_server(hass: HomeAssistant, sim: Simulator, server: OllamaServer):
    """The same model on two servers is two downloads."""
    async with Simulator() as elsewhere:
        other = OllamaServer(connection_from({"url": elsewhere.url}), SHORT_LIMITS)
        for simulator in (sim, elsewhere):
            simulator.pull_plan(NAME, seconds=0.05)
        downloads = async_get_downloads(hass)
        both = [downloads.async_start(one, NAME) for one in (server, other)]
        assert both[0] is not both[1]
        for download in both:
            await watch(download)
        assert (pulls(sim), pulls(elsewhere)) == (1, 1)
        await other.async_close()


def test_one_for_all(hass: HomeAssistant):
    downloads = async_get_downloads(hass)
    assert isinstance(downloads, Downloads)
    assert async_get_downloads(hass) is downloads


async def test_fails_in_the_servers_words(
    hass: HomeAssistant, sim: Simulator, server: OllamaServer, caplog: pytest.LogCaptureFixture
):
    sim.pull_plan(NAME, sizes=(SIZE,), error="no space left on device", fail_after=0.5)
    download = async_get_downloads(hass).async_start(server, NAME)
    seen = await watch(download)
    assert isinstance(download.error, ServerFailedError)
    assert download.error.translation_placeholders == {"detail": "no space left on device"}
    assert seen[-1].completed == SIZE // 2
    [record] = [
        record
        for record in caplog.records
        if record.levelname == "WARNING" and "mistral-nemo" in record.getMessage()
    ]
    assert "no space left on device" in record.getMessage()
    assert not record.exc_info
    # The next try goes on where this one ended.
    sim.pull_plan(NAME, sizes=(SIZE,))
    again = async_get_downloads(hass).async_start(server, NAME)
    await watch(again)
    assert again.error is None


@pytest.mark.parametrize(
    ("fault", "after", "error"),
    [
        (Fault.REFUSE, 0, ServerUnreachableError),
        (Fault.HANG, 0, TooSlowError),
        (Fault.GARBAGE, 0, AnswerInvalidError),
        (Fault.HTTP_401, 0, AuthenticationError),
        (Fault.HTTP_500, 0, ServerFailedError),
        (Fault.HANG_MID_STREAM, 3, TooSlowError),
        (Fault.GARBAGE_MID_STREAM, 3, AnswerInvalidError),
    ],
)
async def test_faults(
    hass: HomeAssistant,
    sim: Simulator,
    server: OllamaServer,
    fault: Fault,
    after: int,
    error: type[OllamaError],
):
    sim.fault(fault, after_chunks=after)
    download = async_get_downloads(hass).async_start(server, NAME)
    async with asyncio.timeout(3):
        await watch(download)
    assert isinstance(download.error, error)
    sim.clear_faults()
    again = async_get_downloads(hass).async_start(server, NAME)
    await watch(again)
    assert again.error is None


async def test_cut_is_taken_up_again(hass: HomeAssistant, sim: Simulator, server: OllamaServer):
    """A download overnight survives a moment without a network."""
    sim.pull_plan(NAME, sizes=(SIZE,))
    sim.fault(Fault.CUT_MID_STREAM, path=PULL, after_chunks=4, times=2)
    download = async_get_downloads(hass).async_start(server, NAME)
    await watch(download)
    assert download.error is None
    assert pulls(sim) == 3


async def test_cut_for_ever(hass: HomeAssistant, sim: Simulator, server: OllamaServer):
    """One that gets no further ends with the reason."""
    sim.pull_plan(NAME, sizes=(SIZE,))
    sim.fault(Fault.CUT_MID_STREAM, path=PULL, after_chunks=4, times=None)
    download = async_get_downloads(hass).async_start(server, NAME)
    await watch(download)
    assert isinstance(download.error, AnswerCutError)
    # The server goes on meanwhile, so that the first tries get further.
    assert 5 < pulls(sim) < 30


async def test_endless_stream(hass: HomeAssistant, sim: Simulator, server: OllamaServer):
    """The line `success` is the end, whatever still comes."""
    sim.fault(Fault.ENDLESS_STREAM, path=PULL)
    download = async_get_downloads(hass).async_start(server, NAME)
    await watch(download)
    assert download.error is None
    await connection_closed(sim)


async def run_with_lines(server: OllamaServer, lines: Any, patience: float = 0.6) -> Download:
    """Run a download that gets these lines."""

    class Scripted(OllamaServer):
        async def async_pull(self, model: str) -> AsyncGenerator[ollama.ProgressResponse]:
            async for line in lines():
                yield ollama.ProgressResponse(**line)

    scripted = Scripted(server.connection, replace(SHORT_LIMITS, pull_chunk=patience))
    download = Download(NAME)
    async with asyncio.timeout(3):
        await download.async_run(scripted)
    await scripted.async_close()
    return download


async def test_stalled(hass: HomeAssistant, server: OllamaServer):
    """A stalled server sends the same lines for ever: that ends like silence does."""
    stopped = False

    async def lines() -> AsyncGenerator[dict[str, Any]]:
        nonlocal stopped
        try:
            while True:
                for completed in (5, 4):
                    yield {"status": "pulling", "digest": "a", "total": 9, "completed": completed}
                    await asyncio.sleep(0.01)
        finally:
            stopped = True

    download = await run_with_lines(server, lines)
    assert isinstance(download.error, TooSlowError)
    assert download.done
    assert stopped


async def test_slow_but_moving(hass: HomeAssistant, server: OllamaServer):
    """It may take as long as it likes while it gets further."""

    async def lines() -> AsyncGenerator[dict[str, Any]]:
        for completed in range(10):
            yield {"status": "pulling", "digest": "a", "total": 9, "completed": completed}
            await asyncio.sleep(0.1)
        for status in ("verifying sha256 digest", "writing manifest", "success"):
            yield {"status": status}
            await asyncio.sleep(0.1)

    download = await run_with_lines(server, lines)
    assert download.error is None


async def test_check_at_the_end(hass: HomeAssistant, server: OllamaServer):
    """All files are there from the line that says so, until another file comes."""
    told: list[bool] = []
    download = Download(NAME)

    class Scripted(OllamaServer):
        async def async_pull(self, model: str) -> AsyncGenerator[ollama.ProgressResponse]:
            for line in (
                {"status": "pulling a", "digest": "a", "total": 9, "completed": 9},
                {"status": "verifying sha256 digest"},
                {"status": "pulling b", "digest": "b", "total": 9, "completed": 9},
                {"status": "verifying sha256 digest"},
                {"status": "writing manifest"},
                {"status": "success"},
            ):
                yield ollama.ProgressResponse(**line)
                told.append(download.progress.fetched)

    await download.async_run(Scripted(server.connection, SHORT_LIMITS))
    assert told == [False, True, False, True, True]
    assert download.progress == Progress(18, 18, fetched=True)


async def test_no_success(hass: HomeAssistant, server: OllamaServer, sim: Simulator):
    """A stream that ends without `success` has failed, whatever it told before."""
    sim.fault(Fault.CUT_MID_STREAM, path=PULL, after_chunks=1)
    download = async_get_downloads(hass).async_start(server, NAME)
    await watch(download)
    assert isinstance(download.error, AnswerCutError)
    assert NAME not in {model.name for model in await server.async_list()}


async def test_news_that_came_before(hass: HomeAssistant, sim: Simulator, server: OllamaServer):
    """What was shown last is compared, so that nothing is missed in between."""
    sim.fault(Fault.HANG_MID_STREAM, path=PULL, after_chunks=4)
    download = async_get_downloads(hass).async_start(server, NAME)
    while not download.progress.total:
        await download.async_wait_for_news(download.progress)
    async with asyncio.timeout(0.5):
        await download.async_wait_for_news(Progress())
    await watch(download)


async def test_stops_with_home_assistant(hass: HomeAssistant, sim: Simulator, server: OllamaServer):
    """It doesn't hold up the end, closes its connection, and isn't taken for complete."""
    sim.fault(Fault.HANG_MID_STREAM, path=PULL, after_chunks=2)
    downloads = async_get_downloads(hass)
    download = downloads.async_start(server, NAME)
    while not download.progress.total:
        await download.async_wait_for_news(download.progress)
    await hass.async_stop(force=True)
    # Home Assistant doesn't wait for what it has cancelled.
    await watch(download)
    assert isinstance(download.error, AnswerCutError)
    await connection_closed(sim)


async def test_details_are_read_again(hass: HomeAssistant, sim: Simulator, server: OllamaServer):
    """What was known of the model is forgotten: the download may have changed it."""
    sim.install(SimModel(NAME, digest="old"))
    assert not (await server.models.async_details(NAME)).can("tools")
    sim.remove(NAME)
    sim.pull_plan(NAME, model=SimModel(NAME, digest="old", capabilities=("completion", "tools")))
    await watch(async_get_downloads(hass).async_start(server, NAME))
    assert (await server.models.async_details(NAME)).can("tools")
