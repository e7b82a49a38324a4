"""What is wrong with a server, an agent or a voice pipeline, and can be mended by its owner.

Each trouble is an issue among Home Assistant's repairs; flows/repair.py mends them.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
import sys
from typing import Final

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_MODEL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .agent import AgentSettings
from .agent.settings import ToolCalling
from .const import CONF_KEPT, CONF_KEPT_PUBLIC_SERVER, CONF_NUM_CTX, DOMAIN, SUBENTRY_CONVERSATION
from .coordinator import ServerState
from .runtime import OllamaConfigEntry, shown_name
from .server import (
    OLDEST_VERSION,
    Capability,
    InstalledModel,
    PublicServerError,
    QueryResult,
    full_name,
    is_cloud_model,
    is_too_old,
)
from .server.downloads import async_get_downloads
from .server.errors import ContextTooSmallError
from .voice.health import (
    VOICE_AGENT_REMOVED,
    VOICE_LANGUAGE_GONE,
    VOICE_PIPELINE_CHANGED,
    VOICE_PIPELINE_DELETED,
    VOICE_STT_GONE,
    VOICE_TTS_GONE,
    VOICE_VOICE_GONE,
    VOICE_WAKE_GONE,
    VOICE_WAKE_WORD_GONE,
)

CLOUD_MODEL_REFUSED: Final = "cloud_model_refused"
CLOUD_MODEL_USED: Final = "cloud_model_used"
CONTEXT_TOO_SMALL: Final = "context_too_small"
MODEL_MISSING: Final = "model_missing"
MODEL_TOO_SMALL: Final = "model_too_small"
MODEL_WITHOUT_TOOLS: Final = "model_without_tools"
NUM_CTX_CONFLICT: Final = "num_ctx_conflict"
ROUTED_MODEL_MISSING: Final = "routed_model_missing"
PUBLIC_SERVER_REFUSED: Final = "public_server_refused"
PUBLIC_SERVER_USED: Final = "public_server_used"
SERVER_TOO_OLD: Final = "server_too_old"

_VOICE_FIXABLE: Final = frozenset({VOICE_PIPELINE_CHANGED, VOICE_PIPELINE_DELETED})
_VOICE_WITHOUT_FIX: Final = frozenset(
    {
        VOICE_AGENT_REMOVED,
        VOICE_LANGUAGE_GONE,
        VOICE_STT_GONE,
        VOICE_TTS_GONE,
        VOICE_VOICE_GONE,
        VOICE_WAKE_GONE,
        VOICE_WAKE_WORD_GONE,
    }
)
_WITHOUT_FIX: Final = _VOICE_WITHOUT_FIX | {
    MODEL_TOO_SMALL,
    MODEL_WITHOUT_TOOLS,
    ROUTED_MODEL_MISSING,
    SERVER_TOO_OLD,
}
_SERIOUS: Final = frozenset(
    {
        CLOUD_MODEL_REFUSED,
        MODEL_MISSING,
        PUBLIC_SERVER_REFUSED,
        VOICE_AGENT_REMOVED,
        VOICE_STT_GONE,
        VOICE_TTS_GONE,
    }
)

_STEPS: Final = (4_096, 8_192, 12_288, 16_384, 24_576, 32_768, 49_152, 65_536, 98_304, 131_072)
"""Context windows to choose from, in tokens."""
_ROOM_TO_TALK: Final = 1.5
"""So much more than the prompt needs, for earlier turns and the answer."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong."""

    key: str
    where: str
    """Id of the entry or of the subentry, and what else tells it apart."""
    placeholders: dict[str, str] = field(default_factory=dict)
    subentry_id: str | None = None

    @property
    def issue_id(self) -> str:
        """The id among Home Assistant's issues."""
        return f"{self.key}_{self.where}"


def fitting_num_ctx(needed: int, limit: int | None) -> int | None:
    """Return a context window for a prompt of so many tokens, with room to talk.

    `limit` is what the model was made for. None when the prompt alone is more than that.
    """
    if limit is not None and needed >= limit:
        return None
    wanted = next((step for step in _STEPS if step >= needed * _ROOM_TO_TALK), None)
    if wanted is None:
        wanted = round(needed * _ROOM_TO_TALK)
    return wanted if limit is None else min(wanted, limit)


@callback
def async_watch_troubles(hass: HomeAssistant, entry: OllamaConfigEntry) -> Callable[[], None]:
    """Keep the issues of a server true while it is loaded; returns what ends that."""
    return _Watch(hass, entry).stop


@callback
def async_report_public_server(hass: HomeAssistant, entry: OllamaConfigEntry) -> None:
    """Tell of a server that isn't loaded because it stands at a public address."""
    _create(hass, entry, _refused_server(entry))

    @callback
    def forget_when_disabled() -> None:
        if entry.state is ConfigEntryState.SETUP_ERROR:
            return
        unsubscribe()
        if entry.disabled_by is not None:
            async_forget_troubles(hass, entry)

    # What an entry registers for its unloading is called when its set-up fails, too.
    unsubscribe = entry.async_on_state_change(forget_when_disabled)


@callback
def async_forget_troubles(hass: HomeAssistant, entry: OllamaConfigEntry) -> None:
    """Take back all that was told of a server."""
    for issue in _told_of(hass, entry):
        ir.async_delete_issue(hass, DOMAIN, issue.issue_id)


def _told_of(hass: HomeAssistant, entry: OllamaConfigEntry) -> list[ir.IssueEntry]:
    return [
        issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and (issue.data or {}).get("entry_id") == entry.entry_id
    ]


class _Watch:
    """Looks again whenever something may have changed."""

    def __init__(self, hass: HomeAssistant, entry: OllamaConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._runtime = entry.runtime_data
        self._needed: dict[str, int] = {}
        """Tokens that the last prompt of an agent needed, 0 where they fitted."""
        self._windows: dict[str, int] = {}
        """The context window that it had."""
        self._learned: dict[str, tuple[object, ...]] = {}
        """What the last query of an agent told that matters here."""
        self._stop = [
            self._runtime.coordinator.async_add_listener(self._look),
            self._runtime.records.usage.listen(self._note),
            *(health.async_listen(self._look) for health in self._runtime.voices.values()),
        ]
        self._look()

    @callback
    def stop(self) -> None:
        """End. A server that was disabled troubles nobody any more."""
        for stop in self._stop:
            stop()
        if self._entry.disabled_by is not None:
            async_forget_troubles(self._hass, self._entry)

    @callback
    def _note(self, result: QueryResult | None) -> None:
        """Learn from a query whether its prompt fits."""
        if result is None:
            return
        needed, window = result.needed_tokens, result.num_ctx
        if result.error == ContextTooSmallError.key:
            needed = max(needed, window + 1)
        if window and self._is_own(result):
            self._needed[result.agent] = needed if needed > window else 0
            self._windows[result.agent] = window
        # Most queries tell nothing new.
        learned = (
            self._needed.get(result.agent),
            self._runtime.server.models.known_details(result.model),
            self._runtime.coordinator.last_error,
        )
        if self._learned.get(result.agent) != learned:
            self._learned[result.agent] = learned
            self._look()

    def _is_own(self, result: QueryResult) -> bool:
        """Whether an agent was asked with its own model, rather than with another for once."""
        user = self._entry.subentries.get(result.agent)
        return user is not None and full_name(user.data[CONF_MODEL]) == full_name(result.model)

    @callback
    def _look(self) -> None:
        """Create the issues that are new, and delete those that are mended."""
        now = {trouble.issue_id: trouble for trouble in self._find()}
        for issue in _told_of(self._hass, self._entry):
            if issue.issue_id not in now and not self._is_open(issue):
                ir.async_delete_issue(self._hass, DOMAIN, issue.issue_id)
        for trouble in now.values():
            _create(self._hass, self._entry, trouble)

    def _is_open(self, issue: ir.IssueEntry) -> bool:
        """Whether it isn't known yet, after a reload, if an issue is still true.

        It stays then, and ignored where somebody ignores it.
        """
        about = issue.data or {}
        if issue.translation_key in _VOICE_FIXABLE | _VOICE_WITHOUT_FIX:
            health = self._runtime.voices.get(str(about.get("subentry_id")))
            return health is not None and health.is_open(issue.translation_key)
        unheard = self._runtime.coordinator.data is None
        if issue.translation_key == SERVER_TOO_OLD:
            return unheard
        user = self._entry.subentries.get(str(about.get("subentry_id")))
        if user is None or user.data.get(CONF_MODEL) != about.get("model"):
            return False
        if issue.translation_key in (CONTEXT_TOO_SMALL, MODEL_TOO_SMALL):
            is_heard = user.subentry_id in self._needed
            return not is_heard and num_ctx_of(user) < int(about.get("needed") or 0)
        if issue.translation_key == MODEL_WITHOUT_TOOLS:
            return _needs_tools(user) and self._capabilities(user) is None
        if issue.translation_key != MODEL_MISSING:
            return False
        model = user.data[CONF_MODEL]
        return unheard or (
            # Whether its download will succeed nobody knows.
            self._installed(user) is None
            and async_get_downloads(self._hass).async_is_running(self._runtime.server, model)
        )

    def _find(self) -> Iterator[Trouble]:
        yield from self._of_privacy()
        yield from self._of_windows()
        yield from self._of_voices()
        state: ServerState | None = self._runtime.coordinator.data
        if state is None:
            return
        if is_too_old(state.version):
            yield Trouble(
                SERVER_TOO_OLD,
                self._entry.entry_id,
                {
                    "server": shown_name(self._entry),
                    "version": state.version,
                    "oldest": str(OLDEST_VERSION),
                },
            )
        for model in dict.fromkeys(self._runtime.settings.models.values()):
            if self._runtime.server.models.find(model) is None:
                where = f"{self._entry.entry_id}_{full_name(model)}"
                yield Trouble(ROUTED_MODEL_MISSING, where, {"model": model})
        for user in self._users():
            if self._installed(user) is None:
                yield from self._of_missing(user)
                continue
            capabilities = self._capabilities(user)
            if capabilities and Capability.TOOLS not in capabilities and _needs_tools(user):
                yield _of_user(MODEL_WITHOUT_TOOLS, user)

    def _users(self) -> Iterator[ConfigSubentry]:
        return (user for user in self._entry.subentries.values() if user.data.get(CONF_MODEL))

    def _of_privacy(self) -> Iterator[Trouble]:
        privacy = self._runtime.settings.privacy
        kept = self._entry.options.get(CONF_KEPT) or {}
        if self._runtime.coordinator.last_error == PublicServerError.key:
            yield _refused_server(self._entry)
        elif kept.get(CONF_KEPT_PUBLIC_SERVER) and not privacy.allow_public_server:
            yield Trouble(
                PUBLIC_SERVER_USED, self._entry.entry_id, {"server": shown_name(self._entry)}
            )
        if privacy.allow_cloud_models:
            return
        for user in filter(self._is_remote, self._users()):
            used = privacy.keeps(user.data[CONF_MODEL])
            yield _of_user(CLOUD_MODEL_USED if used else CLOUD_MODEL_REFUSED, user)

    def _is_remote(self, user: ConfigSubentry) -> bool:
        """Whether what is said to an agent leaves the home; a cloud model can bear any name."""
        installed = self._installed(user)
        return is_cloud_model(user.data[CONF_MODEL]) or (
            installed is not None and installed.is_remote
        )

    def _of_missing(self, user: ConfigSubentry) -> Iterator[Trouble]:
        model = user.data[CONF_MODEL]
        if is_cloud_model(model) and not self._runtime.settings.privacy.allow_cloud_models:
            return  # what is to be said of it is said already
        if not async_get_downloads(self._hass).async_is_running(self._runtime.server, model):
            yield _of_user(MODEL_MISSING, user)

    def _of_voices(self) -> Iterator[Trouble]:
        for subentry_id, health in self._runtime.voices.items():
            for trouble in health.troubles():
                where = "_".join(filter(None, (subentry_id, trouble.about)))
                yield Trouble(trouble.key, where, trouble.placeholders, subentry_id)

    def _of_windows(self) -> Iterator[Trouble]:
        by_model: dict[str, list[ConfigSubentry]] = defaultdict(list)
        for user in self._users():
            by_model[full_name(user.data[CONF_MODEL])].append(user)
        for model, users in by_model.items():
            # Who leaves the window to us follows the others.
            setters = [user for user in users if not is_automatic(user)]
            windows = {num_ctx_of(user) for user in setters}
            for user in users:
                yield from self._of_context(user, max(windows, default=0))
            if len(windows) > 1:
                named = ", ".join(f"{user.title} ({num_ctx_of(user)})" for user in setters)
                yield Trouble(
                    NUM_CTX_CONFLICT,
                    f"{self._entry.entry_id}_{model}",
                    {"model": users[0].data[CONF_MODEL], "agents": named},
                )

    def _of_context(self, user: ConfigSubentry, largest: int) -> Iterator[Trouble]:
        """Find a prompt that doesn't fit; `largest` is the window of another user of the model."""
        if not (needed := self._needed.get(user.subentry_id)):
            return
        model = user.data[CONF_MODEL]
        details = self._runtime.server.models.known_details(model)
        limit = details.context_length if details else None
        if not largest and needed <= self._runtime.records.windows.largest(model, limit):
            return  # the next talk is given a larger window
        fitting = fitting_num_ctx(needed, limit)
        figures = {"needed": str(needed), "window": str(self._windows[user.subentry_id])}
        if fitting is None:
            yield _of_user(MODEL_TOO_SMALL, user, **figures, limit=str(limit))
        else:
            # All are given the same; nobody is to lose what he has and the model can give.
            fitting = min(max(fitting, largest), limit or sys.maxsize)
            yield _of_user(CONTEXT_TOO_SMALL, user, **figures, fitting=str(fitting))

    def _installed(self, user: ConfigSubentry) -> InstalledModel | None:
        state: ServerState | None = self._runtime.coordinator.data
        name = full_name(user.data[CONF_MODEL])
        installed = state.installed if state else ()
        return next((model for model in installed if full_name(model.name) == name), None)

    def _capabilities(self, user: ConfigSubentry) -> Collection[str] | None:
        """Return what the model of a user can do, None while that isn't known."""
        installed = self._installed(user)
        if installed is not None and installed.capabilities:
            return installed.capabilities
        details = self._runtime.server.models.known_details(user.data[CONF_MODEL])
        return (details.capabilities or None) if details else None


def _needs_tools(user: ConfigSubentry) -> bool:
    """Whether an agent controls the home, and its owner hasn't chosen how it calls tools."""
    if user.subentry_type != SUBENTRY_CONVERSATION:
        return False
    settings = AgentSettings.from_data(user.data)
    return bool(settings.apis) and settings.tool_calling is ToolCalling.AUTOMATIC


def is_automatic(user: ConfigSubentry) -> bool:
    """Whether the context window of an agent or a task is left to us."""
    return AgentSettings.from_data(user.data).automatic_window


def num_ctx_of(user: ConfigSubentry) -> int:
    """Return the context window of an agent or a task, in tokens."""
    num_ctx: int = AgentSettings.from_data(user.data).options[CONF_NUM_CTX]
    return num_ctx


def _of_user(key: str, user: ConfigSubentry, **figures: str) -> Trouble:
    placeholders = {"agent": user.title, "model": user.data[CONF_MODEL], **figures}
    return Trouble(key, user.subentry_id, placeholders, user.subentry_id)


def _refused_server(entry: OllamaConfigEntry) -> Trouble:
    return Trouble(PUBLIC_SERVER_REFUSED, entry.entry_id, {"server": shown_name(entry)})


def _create(hass: HomeAssistant, entry: OllamaConfigEntry, trouble: Trouble) -> None:
    serious = trouble.key in _SERIOUS
    ir.async_create_issue(
        hass,
        DOMAIN,
        trouble.issue_id,
        is_fixable=trouble.key not in _WITHOUT_FIX,
        severity=ir.IssueSeverity.ERROR if serious else ir.IssueSeverity.WARNING,
        translation_key=trouble.key,
        translation_placeholders=trouble.placeholders,
        data={
            "entry_id": entry.entry_id,
            "subentry_id": trouble.subentry_id,
            "key": trouble.key,
            **trouble.placeholders,
        },
    )
