"""Choosing a scene that suits what was said, the hour, and the home."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.light import ATTR_TRANSITION
from homeassistant.components.scene import DOMAIN as SCENE
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_TURN_ON
from homeassistant.core import ServiceCall, ServiceResponse, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
import probatio

from ..agents import Agent
from ..const import DOMAIN
from ..home.facts import Reader
from ..home.facts.gather import Section, Wanted, async_gather
from ..home.facts.reader import Facts, name_of
from ..runtime import time_limits
from .action import Action
from .agent_choice import async_agent_of
from .asking import COMMON_FIELDS, Question, async_ask, respond, words
from .scenes import async_exposed, best_fitting, described, is_usable, named

CONF_ACTIVATE: Final = "activate"
CONF_REQUEST: Final = "request"
CONF_SCENES: Final = "scenes"

SOURCE: Final = "select_scene"
NONE: Final = "none"
_REASON: Final = "reason"
_CHOICE: Final = "scene"
_LONGEST_TRANSITION: Final = 6553  # seconds; what lights take

_INSTRUCTIONS: Final = (
    "You choose a scene for a home. What the user wishes, if anything, comes first. The data "
    "lists the scenes that there are, and tells the time, the weather, and how the home is. "
    "Choose the one scene that suits the wish best; without a wish, the one that suits the hour, "
    'the weather, and who is home. Choose "none" if no scene suits. First write the reason: one '
    "short sentence to the user that names the scene as people call it. Then write the id of the "
    "scene."
)


async def _async_select_scene(call: ServiceCall) -> ServiceResponse:
    agent = await async_agent_of(call)
    reader = await Reader.async_from(call.hass, call.context)
    scenes = await _async_scenes(call, agent, reader)
    reply = await async_ask(
        call,
        agent,
        Question(
            source=SOURCE,
            request=call.data[CONF_REQUEST],
            instructions=_INSTRUCTIONS,
            data=await _async_data(reader, scenes),
            structure=_structure(scenes),
        ),
    )
    scene = _chosen(scenes, reply.data[_CHOICE])
    activated = scene is not None and call.data[CONF_ACTIVATE]
    if scene is not None:
        _check_again(call, reader, scene)
    if scene is not None and activated:
        await _async_activate(call, scene)
    reason = reply.data[_REASON].strip()
    return respond(
        call,
        reply,
        reason,
        scene=scene.entity_id if scene else NONE,
        reason=reason,
        activated=activated,
    )


async def _async_scenes(call: ServiceCall, agent: Agent, reader: Reader) -> list[State]:
    """Return the scenes to choose from. Raises ServiceValidationError if there are none."""
    target, to_activate = call.data.get(CONF_SCENES), call.data[CONF_ACTIVATE]
    if target:
        scenes = named(reader, target, to_activate=to_activate)
    else:
        scenes = await async_exposed(reader, agent.policy(), to_activate=to_activate)
    if not scenes:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_scenes_named" if target else "no_scenes",
        )
    return best_fitting(reader, scenes, call.data[CONF_REQUEST])


async def _async_data(reader: Reader, scenes: list[State]) -> Facts:
    """Return what the choice depends on; what can't be read in time is left out."""
    now = reader.now
    gathered = await async_gather(
        reader,
        Wanted((Section.HOME, Section.WEATHER), start=now, end=now, since=now),
        time_limits(reader.hass).short,
    )
    return {
        "scenes": [described(reader, scene) for scene in scenes],
        "time": f"{now:%A %Y-%m-%d %H:%M}",
        **{section.value: facts for section, facts in gathered.facts.items()},
    }


def _structure(scenes: list[State]) -> probatio.Schema:
    """Return the schema of an answer; a model that gives its reason first chooses better."""
    return probatio.Schema(
        {
            probatio.Required(_REASON): str,
            probatio.Required(_CHOICE): probatio.In([*(scene.entity_id for scene in scenes), NONE]),
        }
    )


def _chosen(scenes: list[State], choice: str) -> State | None:
    """Return the scene that was chosen, None for none; nothing outside the list is ever one."""
    return next((scene for scene in scenes if scene.entity_id == choice), None)


def _check_again(call: ServiceCall, reader: Reader, scene: State) -> None:
    """Refuse what may have changed while the model was thinking."""
    if not is_usable(reader, scene.entity_id, to_activate=call.data[CONF_ACTIVATE]):
        raise _failure("scene_gone", scene)


async def _async_activate(call: ServiceCall, scene: State) -> None:
    data = {ATTR_ENTITY_ID: scene.entity_id}
    if ATTR_TRANSITION in call.data:
        data[ATTR_TRANSITION] = call.data[ATTR_TRANSITION]
    try:
        await call.hass.services.async_call(
            SCENE, SERVICE_TURN_ON, data, blocking=True, context=call.context
        )
    except HomeAssistantError:
        raise
    except Exception as err:
        # Integrations raise whatever their devices do.
        raise _failure("scene_failed", scene) from err


def _failure(key: str, scene: State) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"scene": name_of(scene)},
    )


def _targets(value: Any) -> Mapping[str, Any]:
    """Return scenes as a target: a mapping as it is, an entity id or a list of these as one.

    Nothing at all is what a form gives in which nothing was chosen. A list without anything
    is a list that somebody made: it stays a target that nothing fits.
    """
    if value is None or value == {}:
        return {}
    if isinstance(value, Mapping):
        target: Mapping[str, Any] = _TARGET(value)
        return target
    if not isinstance(value, str | list):
        raise probatio.Invalid("expected entity ids or a target")
    return {ATTR_ENTITY_ID: cv.comp_entity_ids(value)}


_TARGET: Final = probatio.Schema(cv.ENTITY_SERVICE_FIELDS)

SELECT_SCENE = Action(
    "select_scene",
    {
        **COMMON_FIELDS,
        probatio.Optional(CONF_SCENES): _targets,
        probatio.Optional(CONF_REQUEST, default=""): words,
        probatio.Optional(CONF_ACTIVATE, default=True): cv.boolean,
        probatio.Optional(ATTR_TRANSITION): probatio.All(
            probatio.Coerce(float), probatio.Range(min=0, max=_LONGEST_TRANSITION)
        ),
    },
    _async_select_scene,
)
