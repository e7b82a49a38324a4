"""Where Ollama 0.24 and 0.32 behave differently, as recorded.

The two recorded versions stand for everything up to 0.24 and everything after it: what lies
between was not recorded.
"""

from dataclasses import dataclass
from typing import Literal, Self

_LAST_OLD = (0, 24)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The differences, one field each; the recording that shows it stands beside the field."""

    # observed_prompt_cache.json: 0.32 finds an earlier prefix again, 0.24 has one per slot.
    prompt_cache: Literal["store", "slot"]
    # overflow_single_message_num_ctx_256.json: 130 tokens of 256 are left in 0.32, all 256 in 0.24.
    overflow_keeps: Literal["half", "window"]
    # overflow_truncate_false_num_ctx_256.json: 0.32 hands on its child's JSON inside the text.
    nested_errors: bool
    # overflow_shift_false_num_ctx_256.json: 400 in 0.32, one token and "length" in 0.24.
    shift_false_is_error: bool
    # tags.json
    tags_have_capabilities: bool
    # show_native.json: a model with only a jinja template can use tools in 0.32.
    jinja_templates: bool
    # show_unknown_404.json: 'nope:latest' in 0.32, 'nope' in 0.24.
    show_names_tag: bool
    # embed_on_completion_model_501.json: 501 in 0.32, a vector in 0.24.
    completion_models_embed: bool
    # chat_image_on_text_model.json: 400 in 0.32, ignored in 0.24.
    image_on_text_model_is_error: bool
    # native_chat_tools_stream.json, show_*.json (general.quantization_version)
    quantization_version: bool
    # create_stream.jsonl
    create_verifies: bool
    # embed_one_empty_of_two.json
    empty_input_error: tuple[int, str]
    # observed_prompt_cache.json: no eval_duration with one token in 0.24, 1000 ns in 0.32.
    single_token_duration: int

    @classmethod
    def for_version(cls, version: str) -> Self:
        """Return the behaviour of ``version`` (``major.minor.patch``)."""
        major, minor = (int(part) for part in version.split(".")[:2])
        new = (major, minor) > _LAST_OLD
        return cls(
            prompt_cache="store" if new else "slot",
            overflow_keeps="half" if new else "window",
            nested_errors=new,
            shift_false_is_error=new,
            tags_have_capabilities=new,
            jinja_templates=new,
            show_names_tag=new,
            completion_models_embed=not new,
            image_on_text_model_is_error=new,
            quantization_version=new,
            create_verifies=new,
            empty_input_error=(
                (400, "input exceeds maximum context length and cannot be truncated further")
                if new
                else (500, "Failed to create new sequence: no input provided")
            ),
            single_token_duration=1000 if new else 0,
        )
