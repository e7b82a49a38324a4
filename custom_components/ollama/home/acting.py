"""The one place that acts on the home."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
import logging
from typing import Any, Final

from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from homeassistant.exceptions import HomeAssistantError, ServiceNotSupported, Unauthorized
import probatio

from .caller import Caller
from .confirmation import SECONDS_TO_ANSWER, Waiting, async_wait_for_yes
from .inventory import ExposedEntity, async_get_inventory
from .judging import kinds_of
from .policy import Rule
from .problem import ToolProblemError

_LOGGER = logging.getLogger(__name__)

acted_on: ContextVar[list[str] | None] = ContextVar("ollama_acted_on", default=None)
"""Takes the ids of what was really acted on: for an account of it, not for the model."""

CALL_SECONDS: Final = 30.0
"""A device that takes longer goes on, but the model isn't kept waiting."""


@dataclass(frozen=True, slots=True)
class Call:
    """One action on some entities, as Home Assistant wants it."""

    domain: str
    service: str
    entities: tuple[ExposedEntity, ...]
    data: Mapping[str, Any]


@dataclass(slots=True)
class _Outcome:
    """What became of the calls; names as they are spoken, each once."""

    done: dict[str, None] = field(default_factory=dict)
    running: dict[str, None] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


async def async_act(
    caller: Caller,
    action: str,
    calls: Sequence[Call],
    unable: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Carry calls out, or let them wait for a yes; return what the model is told.

    All of a tool's calls are judged together before the first is made. `unable` are names
    of devices that can't do it, with the reason. Raises ToolProblemError.
    """
    calls = [call for call in calls if call.entities]
    rule = _judge(caller, calls)
    names = tuple(dict.fromkeys(entity.name for call in calls for entity in call.entities))
    return await async_guard(
        caller, rule, action, names, lambda: _async_carry_out(caller, action, calls, unable or {})
    )


async def async_guard(
    caller: Caller,
    rule: Rule,
    action: str,
    names: tuple[str, ...],
    carry_out: Callable[[], Awaitable[dict[str, Any]]],
) -> dict[str, Any]:
    """Do something as the owner's rule for it wants. Raises ToolProblemError."""
    if rule is Rule.REFUSE:
        raise ToolProblemError(
            "The owner does not allow this. Tell the user that it is not allowed.",
            refused=list(names),
        )
    if rule is Rule.ALLOW:
        return await carry_out()
    if caller.conversation_id is None:
        raise ToolProblemError(
            "This has to be confirmed by a person, and nobody can be asked here.",
            refused=list(names),
        )
    async_wait_for_yes(
        caller.hass,
        caller.conversation_id,
        Waiting(
            carry_out=carry_out,
            action=action,
            targets=names,
            user_id=caller.user_id,
            expires_at=caller.hass.loop.time() + SECONDS_TO_ANSWER,
        ),
    )
    return {"waiting_for_confirmation": True, "action": action, "targets": list(names)}


async def async_ask(
    caller: Caller,
    domain: str,
    service: str,
    entities: Sequence[ExposedEntity],
    data: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what an action answers, by entity id. Raises ToolProblemError."""
    for entity in entities:
        if not caller.may_read(entity.entity_id):
            raise ToolProblemError(f"The user may not see {entity.name}.")
        if _is_unavailable(caller, entity):
            raise ToolProblemError(f"{entity.name} is not available.")
    finished, response = await async_within_limit(
        caller,
        caller.hass.services.async_call(
            domain,
            service,
            {ATTR_ENTITY_ID: [entity.entity_id for entity in entities], **data},
            blocking=True,
            return_response=True,
            context=caller.llm_context.context,
        ),
        f"{domain}.{service}",
    )
    if not finished:
        raise ToolProblemError("That takes too long. Tell the user to try again later.")
    return dict(response or {})


async def async_within_limit[T](
    caller: Caller, work: Coroutine[Any, Any, T], name: str, seconds: float | None = None
) -> tuple[bool, T | None]:
    """Wait for something, but not for ever; return whether it has ended, and its result.

    A slow device, or a turn that is cut off, doesn't break it off.
    """
    task = caller.hass.async_create_task(work, name)
    task.add_done_callback(_log_late_failure)
    finished, _ = await asyncio.wait({task}, timeout=CALL_SECONDS if seconds is None else seconds)
    return (True, task.result()) if finished else (False, None)


def _log_late_failure(task: asyncio.Task[Any]) -> None:
    """Take note of the failure of something that nobody waits for any more."""
    if not task.cancelled() and (err := task.exception()) is not None:
        _LOGGER.debug("%s failed: %s", task.get_name(), err)


def _judge(caller: Caller, calls: Iterable[Call]) -> Rule:
    kinds = set()
    for call in calls:
        for entity in call.entities:
            if not caller.may_control(entity.entity_id):
                raise ToolProblemError(f"The user may not control {entity.name}.")
        kinds |= kinds_of(
            caller.hass,
            caller.policy,
            call.service,
            (entity.entity_id for entity in call.entities),
        )
    return caller.policy.strictest(kinds)


def _check_again(caller: Caller, calls: Iterable[Call]) -> None:
    """Refuse what may have changed while a call waited for its yes."""
    exposed = async_get_inventory(caller.hass, caller.llm_context.assistant).by_id
    for call in calls:
        for entity in call.entities:
            if entity.entity_id not in exposed:
                raise ToolProblemError(f"{entity.name} is not exposed any more.")
            if not caller.may_control(entity.entity_id):
                raise ToolProblemError(f"The user may not control {entity.name}.")


async def _async_carry_out(
    caller: Caller, action: str, calls: Sequence[Call], unable: Mapping[str, str]
) -> dict[str, Any]:
    """Make the calls; what failed is told beside what was done."""
    _check_again(caller, calls)
    outcome = _Outcome(failed=dict(unable))
    ends_at = caller.hass.loop.time() + CALL_SECONDS
    for call in calls:
        gone = [entity for entity in call.entities if _is_unavailable(caller, entity)]
        outcome.failed |= {entity.name: "not available" for entity in gone}
        present = [entity for entity in call.entities if entity not in gone]
        if present:
            await _async_try(caller, call, present, outcome, ends_at)
    # A device of which one call of two failed hasn't done what was asked.
    done = [name for name in outcome.done if name not in outcome.failed]
    running = [name for name in outcome.running if name not in outcome.failed]
    if not done and not running:
        partly = len(outcome.failed) > 1 or bool(outcome.done)
        raise ToolProblemError(
            ("Not done, or only in part: " if partly else "Nothing was done: ")
            + "; ".join(f"{name}: {reason}" for name, reason in outcome.failed.items()),
            action=action,
        )
    result: dict[str, Any] = {"success": True, "action": action, "targets": [*done, *running]}
    if running:
        result["still_running"] = running
    if outcome.failed:
        result["failed"] = outcome.failed
    return result


async def _async_try(
    caller: Caller,
    call: Call,
    entities: Sequence[ExposedEntity],
    outcome: _Outcome,
    ends_at: float,
) -> None:
    names = [entity.name for entity in entities]
    try:
        finished, _ = await async_within_limit(
            caller,
            caller.hass.services.async_call(
                call.domain,
                call.service,
                {ATTR_ENTITY_ID: [entity.entity_id for entity in entities], **call.data},
                blocking=True,
                context=caller.llm_context.context,
            ),
            f"{call.domain}.{call.service}",
            max(0.0, ends_at - caller.hass.loop.time()),
        )
    except ServiceNotSupported as err:
        # Raised before anything is done, for all because of one.
        if len(entities) == 1:
            outcome.failed[names[0]] = _reason(err)
            return
        for entity in entities:
            await _async_try(caller, call, (entity,), outcome, ends_at)
    except (HomeAssistantError, probatio.Invalid, ValueError) as err:
        outcome.failed |= dict.fromkeys(names, _reason(err))
    except Exception as err:
        # Integrations raise whatever their devices do.
        _LOGGER.warning("%s.%s failed", call.domain, call.service, exc_info=err)
        outcome.failed |= dict.fromkeys(names, "the device reported an error")
    else:
        (outcome.done if finished else outcome.running).update(dict.fromkeys(names))
        if (ids := acted_on.get()) is not None:
            ids += [entity.entity_id for entity in entities]


def _is_unavailable(caller: Caller, entity: ExposedEntity) -> bool:
    state = caller.hass.states.get(entity.entity_id)
    return state is None or state.state == STATE_UNAVAILABLE


def _reason(err: Exception) -> str:
    if isinstance(err, Unauthorized):
        return "the user may not control this"
    return str(err) or "Home Assistant refused it"
