"""What was said, as messages of the API."""

from collections.abc import Sequence
from pathlib import Path

from homeassistant.components import conversation
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.json import json_dumps

import ollama

from ..const import DOMAIN
from .circumstances import async_get_attachments

_IMAGE_TYPES = "image/"
_SHARE_OF_BLOCK = 0.5
"""Of the history that is kept: about so much goes at once when it gets too long."""


def trimmed_history(
    content: Sequence[conversation.Content], max_history: int
) -> list[conversation.Content]:
    """Return the system text and the last exchanges, the current one not counted.

    It cuts only in front of something that the user said, so that no result of a tool
    is left without its call, and many at once, so that what is sent begins in the same way
    for some turns: a server need not read it anew. 0 or less keeps everything.
    """
    questions = [index for index, item in enumerate(content) if item.role == "user"]
    over = len(questions) - 1 - max_history
    if max_history < 1 or over < 1:
        return list(content)
    block = max(1, round(max_history * _SHARE_OF_BLOCK + 0.1))
    first = -(-over // block) * block
    return [content[0], *content[questions[first] :]]


async def async_to_messages(
    hass: HomeAssistant,
    content: Sequence[conversation.Content],
    *,
    current: bool = False,
) -> list[ollama.Message]:
    """Return the messages for a chat log's content.

    `current` tells that all of it belongs to the turn that is running; else that is
    what comes after the last question.

    Raises HomeAssistantError, translated, for an attachment that isn't an image or
    can't be read.
    """
    last_question = -1
    if not current:
        last_question = max(
            (index for index, item in enumerate(content) if item.role == "user"),
            default=len(content),
        )
    return [
        await _async_to_message(hass, item, current=index > last_question)
        for index, item in enumerate(content)
    ]


async def _async_to_message(
    hass: HomeAssistant, item: conversation.Content, *, current: bool
) -> ollama.Message:
    match item:
        case conversation.SystemContent() | conversation.AssistantContent():
            return to_message(item, current=current)
        case conversation.ToolResultContent():
            return ollama.Message(
                role="tool",
                content=json_dumps(item.result.data),
                tool_name=item.tool_name,
            )
        case conversation.UserContent():
            return ollama.Message(
                role="user",
                content=item.content + async_get_attachments(hass).text_of(item),
                images=await _async_read_images(hass, item.attachments or ()) or None,
            )


def to_message(
    item: conversation.SystemContent | conversation.AssistantContent, *, current: bool
) -> ollama.Message:
    """Return a message without attachments.

    Thinking is sent back only within the current turn, where the model still needs it
    between its tool calls; templates drop what is older.
    """
    if isinstance(item, conversation.SystemContent):
        return ollama.Message(role="system", content=item.content)
    return ollama.Message(
        role="assistant",
        content=item.content,
        thinking=item.thinking_content if current else None,
        tool_calls=[
            ollama.Message.ToolCall(
                function=ollama.Message.ToolCall.Function(
                    name=call.tool_name, arguments=call.tool_args
                )
            )
            for call in item.tool_calls or ()
        ]
        or None,
    )


async def _async_read_images(
    hass: HomeAssistant, attachments: Sequence[conversation.Attachment]
) -> list[ollama.Image]:
    """Read images off the event loop: the library would read a path in it."""
    for attachment in attachments:
        if not attachment.mime_type.startswith(_IMAGE_TYPES):
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="unsupported_attachment",
                translation_placeholders={"type": attachment.mime_type},
            )
    if not attachments:
        return []
    try:
        contents = await hass.async_add_executor_job(
            _read_all, [attachment.path for attachment in attachments]
        )
    except OSError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="unreadable_attachment"
        ) from err
    return [ollama.Image(value=content) for content in contents]


def _read_all(paths: Sequence[Path]) -> list[bytes]:
    return [path.read_bytes() for path in paths]
