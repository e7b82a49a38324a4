"""Takes one measure of one integration, in a process of its own; the runner starts it.

The first command is the job, each further one asks for the measure to be taken.
"""

import asyncio
import gc
import logging
from pathlib import Path
import sys
import tempfile

from homeassistant.runner import create_event_loop

from .bench import Bench
from .commands import answer, commands
from .home import open_home
from .measures import MEASURES
from .model_link import model_server
from .plan import Contender, Effort


async def _work(config_dir: Path) -> None:
    orders = commands()
    job = await anext(orders)
    measure = next(measure for measure in MEASURES if measure.name == job["measure"])
    async with (
        model_server(measure.server) as server,
        open_home(
            config_dir,
            Contender(job["contender"]),
            Path(job["component"]),
            size=job["size"],
            url=server.url,
            model=server.model,
            own_api=measure.own_api,
        ) as home,
    ):
        # What the start left behind would be walked through again and again by the collector.
        gc.collect()
        gc.freeze()
        answer({"integration": home.integration})
        bench = Bench(home.hass, home.agent_id, server)
        async for order in orders:
            answer(await measure.take(bench, Effort(**order["effort"])))


def main() -> None:
    """Work until stdin ends."""
    # As in Home Assistant: what is logged below this costs next to nothing.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="ollama-bench-") as folder:
        asyncio.run(_work(Path(folder)), loop_factory=create_event_loop)


if __name__ == "__main__":
    main()
