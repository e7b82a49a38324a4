"""``/api/pull``: scripted downloads with a moving progress (pull_ok_stream.jsonl)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
from typing import TYPE_CHECKING

from .errors import ApiError
from .models import DEFAULT_MODELS, ModelName, ModelStore, SimModel
from .responder import JSON_PLAIN, Responder, error_line
from .validation import read_object
from .wire import go_json_bytes

if TYPE_CHECKING:
    from .state import Call

UNKNOWN_MODEL = "pull model manifest: file does not exist"
# Small layers a model has beside its weights, in bytes.
_SMALL_LAYERS = (1031, 26, 74, 153)


@dataclass(frozen=True, slots=True)
class PullPlan:
    """How one pull goes.

    ``sizes``: bytes per layer, the weights first. ``seconds``: for everything.
    ``steps``: progress lines for the first layer. ``error``: the server's last words,
    after ``fail_after`` (0.0 to 1.0) of the first layer; None there: before any layer.
    """

    name: str
    sizes: tuple[int, ...]
    seconds: float = 0.0
    steps: int = 20
    error: str | None = None
    fail_after: float | None = None
    model: SimModel | None = None


class PullBook:
    """The plans, and how far interrupted pulls came."""

    def __init__(self) -> None:
        """Start with no plans."""
        self._plans: dict[str, PullPlan] = {}
        self._completed: dict[str, int] = {}

    def add(self, plan: PullPlan) -> None:
        """Let the next pulls of that name go as planned."""
        self._plans[ModelName.parse(plan.name).short] = plan

    def plan(self, name: ModelName, scheme: str) -> PullPlan:
        """Return the plan for ``name``, made up when none was given."""
        short = name.short
        known = self._plans.get(short)
        if known is not None:
            return known
        if name.model.startswith("no-such-"):
            return PullPlan(short, (), error=UNKNOWN_MODEL)
        if name.host != "registry.ollama.ai":
            # pull_unreachable_stream.jsonl: nothing listens at another registry.
            url = f"{scheme}://{name.host}/v2/{name.namespace}/{name.model}/manifests/{name.tag}"
            text = f'pull model manifest: Get "{url}": dial tcp {name.host}: '
            return PullPlan(short, (), error=f"{text}connect: connection refused")
        model = next((m for m in DEFAULT_MODELS if m.name == short), SimModel(short))
        return PullPlan(short, (model.size, *_SMALL_LAYERS), model=model)

    def completed(self, name: str) -> int:
        """Return the bytes of the first layer an interrupted pull had fetched."""
        return self._completed.get(name, 0)

    def keep(self, name: str, completed: int) -> None:
        """Remember how far a pull came; 0 when it is over."""
        self._completed[name] = completed


async def pull(call: Call) -> None:
    """Answer ``POST /api/pull``."""
    body = read_object(call.body, "PullRequest")
    text = str(body.get("model") or body.get("name") or "")
    name = ModelName.parse(text)
    scheme = "http" if body.get("insecure") else "https"
    plan = call.state.pulls.plan(name, scheme)
    job = _Pull(call.state.pulls, call.state.store, plan, call.responder)
    if body.get("stream") is False:
        await job.whole()
    else:
        await job.stream()


class _Pull:
    """One download."""

    def __init__(
        self, book: PullBook, store: ModelStore, plan: PullPlan, responder: Responder
    ) -> None:
        self._book = book
        self._store = store
        self._plan = plan
        self._responder = responder
        self._name = ModelName.parse(plan.name).short

    async def stream(self) -> None:
        """Answer line by line; an error is the last line (status 200)."""
        responder = self._responder
        await responder.status("pulling manifest")
        try:
            await self._layers(quiet=False)
        except ApiError as error:
            await responder.line(error_line(error.text))
            await responder.end()
            return
        await responder.status("verifying sha256 digest")
        await responder.status("writing manifest")
        self._install()
        await responder.status("success")
        await responder.end()

    async def whole(self) -> None:
        """Answer when it is over; an error is status 500."""
        try:
            await self._layers(quiet=True)
        except ApiError as error:
            await self._responder.error(500, error.text, JSON_PLAIN)
            return
        self._install()
        await self._responder.body(go_json_bytes({"status": "success"}), JSON_PLAIN)

    async def _layers(self, *, quiet: bool) -> None:
        plan = self._plan
        if plan.error is not None and plan.fail_after is None:
            raise ApiError(500, plan.error)
        present = self._store.find(self._name) is not None
        for index, size in enumerate(plan.sizes):
            digest = hashlib.sha256(f"{self._name} layer {index}".encode()).hexdigest()
            if index == 0 and not present:
                await self._first_layer(digest, size, quiet=quiet)
            elif not quiet:
                await self._progress(digest, size, size if present else 0)

    async def _first_layer(self, digest: str, size: int, *, quiet: bool) -> None:
        plan = self._plan
        end = size if plan.fail_after is None else int(size * plan.fail_after)
        done = self._book.completed(self._name)
        step = max(1, size // max(1, plan.steps))
        pause = plan.seconds / max(1, plan.steps)
        if not done and not quiet:
            # While nothing is fetched, ``completed`` is left out (fact 22).
            await self._progress(digest, size, 0)
        while done < end:
            await asyncio.sleep(pause)
            done = min(done + step, end)
            self._book.keep(self._name, done)
            if not quiet:
                await self._progress(digest, size, done)
        if plan.error is not None:
            raise ApiError(500, plan.error)
        self._book.keep(self._name, 0)

    async def _progress(self, digest: str, total: int, completed: int) -> None:
        fields: Mapping[str, object] = {"digest": f"sha256:{digest}", "total": total}
        if completed:
            fields = {**fields, "completed": completed}
        await self._responder.status(f"pulling {digest[:12]}", **fields)

    def _install(self) -> None:
        self._store.install(self._plan.model or SimModel(self._name))
