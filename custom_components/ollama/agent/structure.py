"""Answers that are data."""

import json
from typing import Any

from homeassistant.components import conversation
import probatio

import ollama

from ..server import AnswerInvalidError
from .report import async_report
from .rounds import AnswerTooLongError
from .settings import CONF_NUM_PREDICT
from .stream import AnswerReader, WholeText
from .tools import describe_structure
from .turn import Turn, with_format

_TRIES = 2

# Spoken to the model, not to a user: models understand English best.
_TRY_AGAIN = (
    "This is not valid: {problem}. Answer again with nothing but JSON that follows the schema."
)


class StructureError(AnswerInvalidError):
    """The model's data doesn't have the asked structure, twice."""

    key = "structure_invalid"


async def async_generate_text(turn: Turn, chat_log: conversation.ChatLog) -> str:
    """Return an answer as text. Raises OllamaError.

    An answer that was cut by a limit that the owner set is what the owner asked for;
    cut by anything else it is a failure that an automation must see.
    """
    answer = await turn.async_run(chat_log)
    if answer.cut_by_length and CONF_NUM_PREDICT not in turn.settings.options:
        raise AnswerTooLongError
    return answer.text or await async_report(turn.hass, turn.hass.config.language, answer.deeds)


async def async_generate_structured(
    turn: Turn, chat_log: conversation.ChatLog, structure: probatio.Schema
) -> Any:
    """Return data that follows a structure, validated here.

    Some models ignore `format`, and a constrained answer can still be cut, so the
    model is asked once more. With tools, these come first: under a schema no tool can
    be called (fact 9 of the recordings).

    Raises OllamaError.
    """
    details = await turn.async_check_model(chat_log)
    if chat_log.llm_api is not None and chat_log.llm_api.tools:
        await turn.async_run(chat_log)
    content, num_ctx = turn.fitter.fit(chat_log, details)
    request = with_format(
        await turn.async_request(content, details, num_ctx),
        describe_structure(structure),
    )
    for _ in range(_TRIES):
        reader = await turn.async_ask(chat_log, request, WholeText())
        if reader.error is not None:
            raise reader.error
        try:
            return structure(_read_json(reader.text))
        except (ValueError, RecursionError, probatio.Invalid) as err:
            problem, cause = str(err), err
        request = with_format(
            request,
            describe_structure(structure),
            ollama.Message(role="assistant", content=reader.text),
            ollama.Message(role="user", content=_TRY_AGAIN.format(problem=problem)),
        )
        if not turn.fitter.holds(request, details):
            break
    raise _why(reader, problem) from cause


def _why(reader: AnswerReader, problem: str) -> AnswerInvalidError | AnswerTooLongError:
    if reader.cut_by_length:
        return AnswerTooLongError()
    return StructureError(problem=problem)


def _read_json(text: str) -> Any:
    """Parse an answer. Raises ValueError, and RecursionError where it is nested too deeply.

    Models that ignore `format` put a fence around their JSON.
    """
    text = text.strip()
    if text.startswith("```"):
        text = text.removeprefix("```json").strip("`").strip()
    return json.loads(text)
