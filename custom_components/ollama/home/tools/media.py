"""Music and television."""

from typing import Any, Final, override

from homeassistant.components.media_player import (
    ATTR_INPUT_SOURCE_LIST,
    ATTR_MEDIA_CONTENT_ID,
    ATTR_MEDIA_CONTENT_TYPE,
    ATTR_MEDIA_VOLUME_LEVEL,
    ATTR_MEDIA_VOLUME_MUTED,
    DOMAIN as MEDIA_PLAYER,
    SERVICE_PLAY_MEDIA,
    SERVICE_SEARCH_MEDIA,
    SERVICE_SELECT_SOURCE,
    MediaPlayerEntityFeature,
    MediaPlayerState,
)
from homeassistant.const import (
    ATTR_SUPPORTED_FEATURES,
    SERVICE_MEDIA_NEXT_TRACK,
    SERVICE_MEDIA_PAUSE,
    SERVICE_MEDIA_PLAY,
    SERVICE_MEDIA_PREVIOUS_TRACK,
    SERVICE_MEDIA_STOP,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    SERVICE_VOLUME_DOWN,
    SERVICE_VOLUME_MUTE,
    SERVICE_VOLUME_SET,
    SERVICE_VOLUME_UP,
)
import probatio

from ..acting import Call, async_act, async_ask
from ..caller import Caller
from ..inventory import ExposedEntity
from ..names import normalized
from ..problem import ToolProblemError
from ..values import parse_percent
from .base import STEP, TARGET, Arguments, HomeTool, Unsaid, candidates_of, schema
from .steps import step_of

_SEARCHES: Final = MediaPlayerEntityFeature.SEARCH_MEDIA | MediaPlayerEntityFeature.PLAY_MEDIA
_USUAL_STEP: Final = 10.0

_ACTIONS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "play": (SERVICE_MEDIA_PLAY, {}),
    "pause": (SERVICE_MEDIA_PAUSE, {}),
    "stop": (SERVICE_MEDIA_STOP, {}),
    "next": (SERVICE_MEDIA_NEXT_TRACK, {}),
    "previous": (SERVICE_MEDIA_PREVIOUS_TRACK, {}),
    "mute": (SERVICE_VOLUME_MUTE, {ATTR_MEDIA_VOLUME_MUTED: True}),
    "unmute": (SERVICE_VOLUME_MUTE, {ATTR_MEDIA_VOLUME_MUTED: False}),
    "volume_up": (SERVICE_VOLUME_UP, {}),
    "volume_down": (SERVICE_VOLUME_DOWN, {}),
    "turn_on": (SERVICE_TURN_ON, {}),
    "turn_off": (SERVICE_TURN_OFF, {}),
}
_SHOWN: Final = [action for action in _ACTIONS if not action.startswith("turn_")]
_NOTHING: Final = "set"
"""An action that only names what another argument says: "set_volume"."""
_SAME: Final = {
    "resume": "play",
    "unpause": "play",
    "start": "play",
    "media_play": "play",
    "media_pause": "pause",
    "media_stop": "stop",
    "skip": "next",
    "next_track": "next",
    "media_next_track": "next",
    "back": "previous",
    "previous_track": "previous",
    "media_previous_track": "previous",
    "louder": "volume_up",
    "increase_volume": "volume_up",
    "quieter": "volume_down",
    "decrease_volume": "volume_down",
    "on": "turn_on",
    "off": "turn_off",
    **dict.fromkeys(
        ("set_volume", "volume_set", "volume", "search", "search_media", "play_media",
         "select_source", "media"),
        _NOTHING,
    ),
}  # fmt: skip

# "Pause the music" means what plays, not every player of the house.
_ACTIVE: Final = frozenset(
    {MediaPlayerState.PLAYING, MediaPlayerState.BUFFERING, MediaPlayerState.PAUSED}
)


class Media(HomeTool):
    """Controls players, and finds what to play."""

    name = "media"
    description = "Control media players; set a volume (percent); play what a query finds."
    parameters = schema(
        {
            **TARGET,
            probatio.Optional("action"): probatio.In(_SHOWN),
            probatio.Optional("volume"): int,
            probatio.Optional("query"): str,
        }
    )
    annotations = STEP
    needs_domains = frozenset({MEDIA_PLAYER})
    example = {"name": "Living room speaker", "action": "pause"}
    takes = {
        "name": ("player", "player_name", "media_player"),
        "area": ("player_area",),
        "action": ("command", "state", "service"),
        "volume": ("volume_pct", "volume_percent", "volume_step"),
        "volume_level": (),
        "query": ("search_query", "search", "media", "song", "artist", "album", "playlist"),
        "source": ("input", "input_source", "channel"),
        # What kind of thing the query is; the search finds that out.
        "media_type": ("media_content_type", "content_type"),
    }

    @override
    async def async_run(self, caller: Caller, arguments: Arguments) -> dict[str, Any]:
        """Play what is searched for, set a volume, choose a source, or do an action."""
        action = arguments.choice("action", (*_ACTIONS, _NOTHING), _SAME)
        query, source = arguments.text("query"), arguments.text("source")
        volume = _volume(arguments)
        if action in (None, _NOTHING) and query is None and source is None and volume is None:
            arguments.required("action" if action is None else "volume")
        players = self._players(caller, arguments, searches=query is not None)
        calls: list[Call] = []
        name = self.name
        if action is not None and action in _ACTIONS and not (action == "play" and query):
            service, data = _ACTIONS[action]
            calls.append(Call(MEDIA_PLAYER, service, players, data))
            name = f"media_{action}"
        if volume is not None:
            calls += [_volume_call(caller, player, volume) for player in players]
        if source is not None:
            calls += [_source_call(caller, player, source) for player in players]
        if query is None:
            return await async_act(caller, name, calls)
        call, title = await _async_search(caller, players, query)
        return {**await async_act(caller, "media_play", [*calls, call]), "playing": title}

    @staticmethod
    def _players(
        caller: Caller, arguments: Arguments, *, searches: bool
    ) -> tuple[ExposedEntity, ...]:
        """Return the players meant: the named ones, else those that play, else here."""
        if arguments.has_target or searches:
            return arguments.targets((MEDIA_PLAYER,), unsaid=Unsaid.HERE)
        every = arguments.targets((MEDIA_PLAYER,), unsaid=Unsaid.ALL)
        active = tuple(player for player in every if _state(caller, player) in _ACTIVE)
        near = tuple(player for player in active if player.area_id == caller.here)
        if near or len(active) == 1:
            return near or active
        if not active:
            return arguments.targets((MEDIA_PLAYER,), unsaid=Unsaid.HERE)
        raise ToolProblemError(
            "Several players play. Ask the user which one is meant.", **candidates_of(active)
        )


async def _async_search(
    caller: Caller, players: tuple[ExposedEntity, ...], query: str
) -> tuple[Call, str]:
    """Return the call that plays what is found, and its title. Raises ToolProblemError."""
    able = tuple(player for player in players if _features(caller, player, _SEARCHES))
    if len(able) != 1:
        raise ToolProblemError(
            "Several players match. Ask the user which one is meant."
            if able
            else "No player there can search for media.",
            **candidates_of(able or players),
        )
    answer = await async_ask(
        caller, MEDIA_PLAYER, SERVICE_SEARCH_MEDIA, able, {"search_query": query}
    )
    found = getattr(answer.get(able[0].entity_id), "result", None) or []
    playable = next((item for item in found if item.can_play), None)
    if playable is None:
        raise ToolProblemError(f"Nothing was found for {query!r}.")
    data = {
        ATTR_MEDIA_CONTENT_ID: playable.media_content_id,
        ATTR_MEDIA_CONTENT_TYPE: playable.media_content_type,
    }
    return Call(MEDIA_PLAYER, SERVICE_PLAY_MEDIA, able, data), str(playable.title)


def _source_call(caller: Caller, player: ExposedEntity, source: str) -> Call:
    state = caller.hass.states.get(player.entity_id)
    known = list(state.attributes.get(ATTR_INPUT_SOURCE_LIST) or ()) if state else []
    wanted = normalized(source)
    exact = next((item for item in known if normalized(str(item)) == wanted), None)
    if exact is None:
        raise ToolProblemError(
            f"Nothing was done: {player.name} has no source {source!r}.", sources=known
        )
    return Call(MEDIA_PLAYER, SERVICE_SELECT_SOURCE, (player,), {"source": exact})


type _Volume = tuple[float, bool]
"""Percent, and whether it is a step."""


def _volume(arguments: Arguments) -> _Volume | None:
    """Return what was said of the volume; models know Home Assistant's scale to 1 too."""
    if (level := arguments.get("volume_level")) is not None:
        if isinstance(level, float) and 0 <= level <= 1:
            return level * 100, False
        return parse_percent(level), False
    if (written := arguments.get("volume")) is None:
        return None
    if (step := step_of(written, _USUAL_STEP)) is not None:
        return step, True
    if isinstance(written, int | float) and not isinstance(written, bool) and written < 0:
        return written, True
    return parse_percent(written), False


def _volume_call(caller: Caller, player: ExposedEntity, volume: _Volume) -> Call:
    percent, is_step = volume
    if is_step:
        state = caller.hass.states.get(player.entity_id)
        now = state.attributes.get(ATTR_MEDIA_VOLUME_LEVEL) if state is not None else None
        if not isinstance(now, int | float):
            service = SERVICE_VOLUME_UP if percent > 0 else SERVICE_VOLUME_DOWN
            return Call(MEDIA_PLAYER, service, (player,), {})
        percent += now * 100
    level = round(max(0.0, min(100.0, percent))) / 100
    return Call(MEDIA_PLAYER, SERVICE_VOLUME_SET, (player,), {ATTR_MEDIA_VOLUME_LEVEL: level})


def _state(caller: Caller, player: ExposedEntity) -> str | None:
    state = caller.hass.states.get(player.entity_id)
    return state.state if state is not None else None


def _features(caller: Caller, player: ExposedEntity, features: int) -> bool:
    state = caller.hass.states.get(player.entity_id)
    supported = state.attributes.get(ATTR_SUPPORTED_FEATURES, 0) if state is not None else 0
    return bool(supported & features == features)
