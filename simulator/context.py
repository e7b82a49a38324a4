"""From messages to the prompt, and what is cut when it does not fit the window.

The prompt is ChatML with the tool list in the system part, the template of the recorded
``tiny-tools`` (show_tools.json).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import INPUT_TOO_LONG, PROMPT_TOO_LONG, ApiError, context_exceeded
from .models import SimModel
from .tokens import TokenCounter, take_last_tokens, take_tokens
from .versions import Behaviour
from .wire import go_json

# Tokens at the front that survive a cut inside the prompt (default of ``num_keep``).
KEPT_AT_FRONT = 4
# Smallest window: num_ctx 0 and below give this (num_ctx_zero.json).
SMALLEST_WINDOW = 4
# The child of 0.32 rounds its window up to a multiple of this many tokens
# (overflow_generation_shift_false.json: num_ctx 128, yet 25 + 231 tokens).
WINDOW_STEP = 256

_END = "<|im_end|>\n"
_ANSWER = "<|im_start|>assistant\n"
_TOOLS_TAIL = (
    "\n</tools>\nFor each call return:\n<tool_call>\n"
    '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model reads: the text, its length in tokens, and what was cut."""

    text: str
    tokens: int
    dropped_messages: int = 0
    # The prompt fills the window and nothing may be shifted out: one token, then "length".
    only_one_token: bool = False


def window(model: SimModel, num_ctx: int) -> int:
    """Return the window for ``num_ctx``: at least 4, at most what the model learnt."""
    return max(SMALLEST_WINDOW, min(num_ctx, model.context_length))


def render_tools(tools: Sequence[Mapping[str, Any]]) -> str:
    """Return the tool list as it stands in the system part."""
    lines = (
        f'\n{{"type": "function", "function": {go_json(tool.get("function", {}))}}}'
        for tool in tools
    )
    return "\n# Tools\n<tools>" + "".join(lines) + _TOOLS_TAIL


def _render(message: Mapping[str, Any]) -> str:
    role = message.get("role", "")
    content = str(message.get("content") or "")
    if role == "tool":
        return f"<|im_start|>user\n<tool_response>\n{content}\n</tool_response>{_END}"
    calls = message.get("tool_calls") or ()
    if calls:
        shown = "".join(
            f'{{"name": "{call["function"]["name"]}", '
            f'"arguments": {go_json(call["function"].get("arguments", {}))}}}'
            for call in calls
        )
        content = f"{content}<tool_call>\n{shown}\n</tool_call>"
    images = "".join(f"[img-{index}]" for index in range(len(message.get("images") or ())))
    return f"<|im_start|>{role}\n{images}{content}{_END}"


@dataclass(frozen=True, slots=True)
class _Rendered:
    system: str
    messages: tuple[str, ...]
    tail: str

    def text(self, first: int) -> str:
        return self.system + "".join(self.messages[first:]) + self.tail


def _render_all(
    messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
) -> _Rendered:
    system = "\n\n".join(
        str(message.get("content") or "") for message in messages if message.get("role") == "system"
    )
    if tools:
        system += render_tools(tools)
    head = f"<|im_start|>system\n{system}{_END}" if system else ""
    rest = tuple(_render(m) for m in messages if m.get("role") != "system")
    return _Rendered(head, rest, _ANSWER)


def _drop_old(rendered: _Rendered, num_ctx: int, counter: TokenCounter) -> int:
    """Return how many whole old messages go; the last one always stays."""
    rest = num_ctx - counter(rendered.system) - counter(rendered.tail)
    first = len(rendered.messages)
    for index in range(len(rendered.messages) - 1, -1, -1):
        rest -= counter(rendered.messages[index])
        if rest < 0:
            break
        first = index
    return min(first, max(0, len(rendered.messages) - 1))


def chat_prompt(
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]],
    model: SimModel,
    num_ctx: int,
    *,
    truncate: bool,
) -> Prompt:
    """Render a chat; whole old messages go first when it is too long (fact 11)."""
    if not model.system or any(m.get("role") == "system" for m in messages):
        system: Sequence[Mapping[str, Any]] = ()
    else:
        system = ({"role": "system", "content": model.system},)
    rendered = _render_all((*system, *messages), tools)
    text = rendered.text(0)
    tokens = model.count_tokens(text)
    if tokens <= num_ctx or not truncate:
        return Prompt(text, tokens)
    dropped = _drop_old(rendered, num_ctx, model.count_tokens)
    text = rendered.text(dropped)
    return Prompt(text, model.count_tokens(text), dropped)


def fit(
    prompt: Prompt,
    model: SimModel,
    num_ctx: int,
    behaviour: Behaviour,
    *,
    truncate: bool,
    shift: bool,
    chat: bool,
) -> Prompt:
    """Cut inside a prompt that is still too long, or raise what the server answers."""
    if prompt.tokens <= num_ctx:
        return prompt
    native = model.layout == "native" and chat and behaviour.jinja_templates
    if not truncate or native:
        if behaviour.nested_errors:
            raise context_exceeded(prompt.tokens, num_ctx)
        raise ApiError(400, INPUT_TOO_LONG, late=True)
    if not shift and behaviour.shift_false_is_error:
        raise ApiError(400, PROMPT_TOO_LONG, late=True)
    counter = model.count_tokens
    front = min(KEPT_AT_FRONT, num_ctx - 1)
    back = num_ctx - front
    if behaviour.overflow_keeps == "half":
        back //= 2
    head = take_tokens(prompt.text, front, counter)
    text = head + take_last_tokens(prompt.text, back, counter)
    return Prompt(text, front + back, prompt.dropped_messages, only_one_token=not shift)


def generation_room(prompt_tokens: int, num_ctx: int, behaviour: Behaviour, *, shift: bool) -> int:
    """Return how many tokens an answer without ``num_predict`` may have.

    Ten windows when the window may shift, else what is left of it
    (overflow_generation_no_num_predict.json, overflow_generation_shift_false.json).
    """
    if shift:
        return 10 * num_ctx
    if behaviour.shift_false_is_error:
        padded = -(-num_ctx // WINDOW_STEP) * WINDOW_STEP
        return max(1, padded - prompt_tokens)
    return max(1, num_ctx - prompt_tokens + 1)
