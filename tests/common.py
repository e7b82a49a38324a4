"""What several test modules do."""

import re
from typing import Any

from homeassistant.components import conversation
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant

from custom_components.ollama.const import CONF_KEPT
from simulator import RecordedRequest

SAID = re.compile(r"\n\[said [^\]\n]*\]\Z")
AGENT = "conversation.ollama_conversation"
TASK = "ai_task.ollama_ai_task"
MODEL = "qwen3:4b-instruct"
THINKING_MODEL = "qwen3:8b"
LEVELS_MODEL = "gpt-oss:20b"
VISION_MODEL = "qwen2.5vl:7b"
PLAIN_MODEL = "llama3:8b"
EMBEDDING_MODEL = "nomic-embed-text:latest"


async def say(hass: HomeAssistant, text: str, **more: Any) -> conversation.ConversationResult:
    """Say something to the agent, in English unless told otherwise."""
    values = {
        "conversation_id": None,
        "context": Context(),
        "language": "en",
        "agent_id": AGENT,
        **more,
    }
    return await conversation.async_converse(hass, text, **values)


def speech(result: conversation.ConversationResult) -> str:
    """Return what is spoken."""
    return result.response.speech["plain"]["speech"]


def sentences(request: RecordedRequest) -> list[str]:
    """Return what the user said, without where and when it was said."""
    return [
        SAID.sub("", message["content"])
        for message in request.body["messages"]
        if message["role"] == "user"
    ]


def roles(request: RecordedRequest) -> list[str]:
    """Return the roles of a request's messages, in order."""
    return [message["role"] for message in request.body["messages"]]


async def ask_for_data(hass: HomeAssistant, **fields: Any) -> dict[str, Any]:
    """Call ai_task.generate_data and return its response."""
    return await hass.services.async_call(
        "ai_task",
        "generate_data",
        {"task_name": "test", "entity_id": TASK, "instructions": "Do it.", **fields},
        blocking=True,
        return_response=True,
    )


def options_of(entry: ConfigEntry) -> dict[str, Any]:
    """Return an entry's options without the mark of what it used at first."""
    return {key: value for key, value in entry.options.items() if key != CONF_KEPT}
