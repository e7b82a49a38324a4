"""The tokens and tags of chat templates, by what they mean, with their origin.

No literal is the beginning of another one: a marker is recognised with its last character.
"""

# ruff: noqa: RUF001 - DeepSeek's bars

from enum import Enum, auto


class Kind(Enum):
    """What a marker means."""

    CALL = auto()
    """A call follows."""
    XML_CALL = auto()
    """A call follows whose name stands in the tag itself."""
    CALL_END = auto()
    SEPARATOR = auto()
    """Stands between a call's name and its arguments."""
    CALL_ID = auto()
    """An identifier follows that means nothing to us."""
    INNER = auto()
    """Opens or names an argument inside of a call."""
    INNER_END = auto()
    """Closes an argument inside of a call."""
    THINK = auto()
    THINK_END = auto()
    CHANNEL = auto()
    """A header follows, up to the marker MESSAGE (gpt-oss)."""
    MESSAGE = auto()
    ROLE = auto()
    """A turn begins; the name of who speaks follows."""
    FOREIGN = auto()
    """Somebody else's turn begins: the model has gone on to write the user's part."""
    OWN = auto()
    """The assistant's turn begins."""
    RESULT = auto()
    """A tool's result follows, which the model has made up."""
    RESULT_END = auto()
    TOKEN = auto()
    """Means nothing in a text: the end of a turn, a text, or a part of it."""


_DSML_BARS = ("｜", "｜｜", "‖", "|", "||")
"""DeepSeek 3.2 and 4 write ｜DSML｜ before each tag's name, and are seen to vary the bars."""


def _dsml(*tags: str) -> tuple[str, ...]:
    return tuple(
        f"</{bars}DSML{bars}{tag[2:]}" if tag.startswith("</") else f"<{bars}DSML{bars}{tag[1:]}"
        for bars in _DSML_BARS
        for tag in tags
    )


MARKERS: dict[Kind, tuple[str, ...]] = {
    Kind.CALL: (
        "<tool_call>",  # Hermes, Qwen 2.5 and 3, Granite 4, GLM 4.5 and later
        "<tool_calls>",  # Jamba, Hunyuan, Mistral fine-tunes
        "<toolcall>",  # Nemotron mini
        "<TOOLCALL>",  # Nemotron Nano
        "<tool_use>",
        "<tool>",  # hand-made templates for Gemma 3
        "<tool_code>",  # Gemma, a tag in place of its fence
        "<function_call>",  # Granite 20B, GLM and Phi fine-tunes
        "<function_calls>",  # Olmo 3, and MiniMax M1
        "<functioncall",  # Glaive's data set, with the call inside of the tag or after it
        "<start_function_call>",  # FunctionGemma
        "<|tool_call>",  # Gemma 4
        "<|tool_call|>",  # Granite 3, Phi 4 mini
        "<|tool_calls|>",
        "<|tool_call_start|>",  # LFM 2
        "<|tool_calls_section_begin|>",  # Kimi K2
        "<|tool_call_begin|>",  # Kimi K2
        "<|tools_prefix|>",  # Apertus
        "<|action_start|>",  # InternLM 2
        "<|START_ACTION|>",  # Command R7B, Command A
        "<|python_tag|>",  # Llama 3.1, 3.2, 3.3
        "<｜tool▁calls▁begin｜>",  # DeepSeek V3, R1
        "<｜tool▁call▁begin｜>",
        "<minimax:tool_call>",  # MiniMax M2
        "<seed:tool_call>",  # Seed OSS
        "<longcat_tool_call>",  # LongCat
        "[TOOL_CALLS]",  # Mistral
        "[TOOL_CALL]",  # what models make of the former
        *_dsml("<tool_calls>", "<function_calls>", "<tool_use>"),
    ),
    Kind.XML_CALL: (
        "<function=",  # Qwen 3 Coder, Qwen 3.5; Llama 3.1 with JSON inside
        "<function name=",  # MiniCPM 5
        "<invoke name=",  # MiniMax M2, Claude-like fine-tunes
        *_dsml("<invoke name="),
    ),
    Kind.CALL_END: (
        "</tool_call>",
        "</tool_calls>",
        "</toolcall>",
        "</TOOLCALL>",
        "</tool_use>",
        "</tool>",
        "</tool_code>",
        "</function_call>",
        "</function_calls>",
        "</functioncall>",
        "</function>",
        "</invoke>",
        "<end_function_call>",
        "<tool_call|>",
        "<|/tool_call|>",
        "<|/tool_calls|>",
        "<|tool_call_end|>",
        "<|tool_calls_section_end|>",
        "<|tools_suffix|>",
        "<|action_end|>",
        "<|END_ACTION|>",
        "<|call|>",  # gpt-oss
        "<｜tool▁call▁end｜>",
        "<｜tool▁calls▁end｜>",
        "</minimax:tool_call>",
        "</seed:tool_call>",
        "</longcat_tool_call>",
        "[/TOOL_CALLS]",
        "[/TOOL_CALL]",
        *_dsml("</tool_calls>", "</function_calls>", "</tool_use>", "</invoke>"),
    ),
    Kind.SEPARATOR: (
        "[ARGS]",  # Mistral Small 3.2, Magistral, Devstral, Ministral 3
        "<｜tool▁sep｜>",
        "<|tool_call_argument_begin|>",
        "<|plugin|>",  # InternLM 2
        "<|constrain|>",  # gpt-oss
    ),
    Kind.CALL_ID: ("[CALL_ID]",),
    Kind.INNER: (
        "<parameter=",
        "<parameter name=",
        "<param name=",
        "<arg_key>",
        "<arg_value>",
        *_dsml("<parameter name="),
    ),
    Kind.INNER_END: (
        "</parameter>",
        "</param>",
        "</arg_key>",
        "</arg_value>",
        *_dsml("</parameter>"),
    ),
    Kind.THINK: (
        "<think>",  # DeepSeek R1, Qwen 3, and most others
        "<thinking>",
        "<thought>",
        "<reasoning>",
        "<seed:think>",  # Seed OSS
        "<|begin_of_thought|>",  # OpenThinker
        "<|START_THINKING|>",  # Command A Reasoning
        "<|channel>thought",  # Gemma 4
        "<unused94>thought",  # MedGemma
        "[THINK]",  # Magistral
        "◁think▷",  # Kimi VL
    ),
    Kind.THINK_END: (
        "</think>",
        "</thinking>",
        "</thought>",
        "</reasoning>",
        "</seed:think>",
        "<|end_of_thought|>",
        "<|END_THINKING|>",
        "<channel|>",
        "<unused95>",
        "[/THINK]",
        "◁/think▷",
    ),
    Kind.CHANNEL: ("<|channel|>",),
    Kind.MESSAGE: ("<|message|>",),
    Kind.ROLE: (
        "<|im_start|>",  # ChatML: Qwen, Hermes, Yi, ...
        "<|start_header_id|>",  # Llama 3
        "<|start_of_role|>",  # Granite 3 and later
        "<start_of_turn>",  # Gemma
        "<|turn>",  # Gemma 4
        "<|start|>",  # gpt-oss
    ),
    Kind.FOREIGN: (
        "<|user|>",  # Zephyr, Phi 3, GLM, TinyLlama
        "<|system|>",
        "<|observation|>",  # GLM
        "<｜User｜>",  # DeepSeek
        "<|USER_TOKEN|>",  # Command R
        "<|SYSTEM_TOKEN|>",
        "[INST]",  # Mistral, Llama 2
    ),
    Kind.OWN: (
        "<|assistant|>",
        "<｜Assistant｜>",
        "<|CHATBOT_TOKEN|>",
        "[/INST]",
    ),
    Kind.RESULT: (
        "<tool_response>",  # Hermes, Qwen
        "<tool_result>",
        "<tool_results>",
        "<function_results>",
        "<function_response>",
        "<start_function_response>",  # FunctionGemma
        "<|tool_response>",  # Gemma 4
        "<|START_TOOL_RESULT|>",  # Command R7B
        "<｜tool▁outputs▁begin｜>",  # DeepSeek
        "[TOOL_RESULTS]",  # Mistral
    ),
    Kind.RESULT_END: (
        "</tool_response>",
        "</tool_result>",
        "</tool_results>",
        "</function_results>",
        "</function_response>",
        "<end_function_response>",
        "<tool_response|>",
        "<|END_TOOL_RESULT|>",
        "<｜tool▁outputs▁end｜>",
        "[/TOOL_RESULTS]",
    ),
    Kind.TOKEN: (
        "<|im_end|>",  # ChatML
        "<|im_sep|>",  # Phi 4
        "<|eot_id|>",  # Llama 3
        "<|eom_id|>",
        "<|end_header_id|>",
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|endoftext|>",  # GPT 2's vocabulary: Qwen, Phi, Granite code
        "<|end_of_role|>",  # Granite
        "<|end|>",  # Phi 3, gpt-oss
        "<|return|>",  # gpt-oss
        "<|eot|>",  # Llama 4
        "<|eom|>",
        "<end_of_turn>",  # Gemma
        "<turn|>",  # Gemma 4
        "<bos>",
        "<eos>",
        "<pad>",
        "<s>",  # Llama 2, Mistral
        "</s>",
        "<<SYS>>",
        "<</SYS>>",
        "<｜begin▁of▁sentence｜>",  # DeepSeek
        "<｜end▁of▁sentence｜>",
        "<|START_OF_TURN_TOKEN|>",  # Command R
        "<|END_OF_TURN_TOKEN|>",
        "<|START_RESPONSE|>",
        "<|END_RESPONSE|>",
        "<|START_TEXT|>",
        "<|END_TEXT|>",
        "<|begin_of_solution|>",  # OpenThinker
        "<|end_of_solution|>",
        "<|endofprompt|>",
        "<|startoftext|>",
        "<|end_of_turn|>",  # OpenChat
        "<|end▁of▁sentence|>",
        "[EOS]",
        "[BOS]",
    ),
}

LINE_MARKERS = {
    "functools[": "[",  # Firefunction, Phi 4 mini
    "commentary to=": "to=",  # gpt-oss, what some servers leave of its tokens
    "assistantcommentary to=": "to=",
}
"""Mean a call at the beginning of a line only; the end of each is part of the call."""

OWN_ROLES = frozenset({"assistant", "model"})
OTHER_ROLES = frozenset(
    {"user", "system", "tool", "ipython", "developer", "function", "environment", "human"}
)

IN_CALL_ONLY = frozenset({Kind.INNER, Kind.SEPARATOR, Kind.CALL_ID})
"""Kinds that mean nothing outside of a call; their literals may stand in a text."""
