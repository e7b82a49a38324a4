"""The tiny models of the recordings, and what they say."""

from itertools import cycle

from simulator import ChatRequest, Reply, SimModel, ToolCall

from .support import count_native, count_tiny

SENTENCE = "The kitchen lamp is now on."
SECOND_SENTENCE = ("It", " is 21", " °C", " inside.")
THINKING = "The user wants the temperature."
NUMBERS = (
    " one", " two", " three", " four", " five", " six", " seven", " eight", " nine", " ten",
)  # fmt: skip
LOAD_ERROR = {
    "0.32.15": (
        "llama-server process has terminated: exit status 1: error loading model: "
        "check_tensor_dims: tensor 'output_norm.weight' not found\nerror loading model: "
        "check_tensor_dims: tensor 'output_norm.weight' not found"
    ),
    "0.24.0": (
        "llama runner process has terminated: error loading model: missing tensor "
        "'output_norm.weight'\npanic: unable to load model: <dir>/store24/blobs/sha256-"
        "0667e63ec9279957059c371c1f9eea633ff7ae7f68ac94c16953765447857f85"
    ),
}
CALL_ON = ToolCall("HassTurnOn", {"name": "Kitchen light"})
CALL_OFF = ToolCall("HassTurnOff", {"name": "Hall lamp"})
CALL_CONTEXT = ToolCall("GetLiveContext", {})
CALL_UNKNOWN = ToolCall("NoSuchTool", {"x": 1})


def _tiny(name: str, *capabilities: str, **fields: object) -> SimModel:
    values: dict[str, object] = {
        "size": 11_297_729,
        "parameter_size": "2.82M",
        "quantization": "unknown",
        "capabilities": capabilities or ("completion",),
        "embedding_length": 512,
        "weights": "scripted",
        "count_tokens": count_tiny,
    }
    return SimModel(name, **{**values, **fields})


def models(version: str) -> tuple[SimModel, ...]:
    """Return the models of the recordings."""
    tools = ("completion", "tools")
    tiny_tools = {
        "parameters": {"num_ctx": 2048, "stop": ["<|im_end|>", "<|im_start|>"]},
        "system": "You are a voice assistant.",
    }
    return (
        _tiny("tiny-plain"),
        _tiny("tiny-loop"),
        _tiny("tiny-rep"),
        _tiny("tiny-slow", weights="slow", parameter_size="218.64M"),
        _tiny("tiny-random", weights="random", parameter_size="123K", embedding_length=64),
        _tiny("tiny-tools", *tools, **tiny_tools),
        _tiny("tiny-two", *tools),
        _tiny("tiny-badtool", *tools),
        _tiny("tiny-think", "completion", "thinking"),
        _tiny(
            "tiny-native",
            "tools",
            "completion",
            weights="native",
            layout="native",
            count_tokens=count_native,
        ),
        _tiny("tiny-parser-qwen3", *tools, layout="parser", parent_model="tiny-two:latest"),
        _tiny("tiny-parser-bad", *tools, layout="parser"),
        _tiny("tiny-parser-think", *tools, "thinking", layout="parser"),
        _tiny("tiny-embed", "embedding", weights="embed", embedding_length=64),
        _tiny("tiny-broken", weights="broken", load_error=LOAD_ERROR[version]),
    )


def brain(request: ChatRequest) -> Reply:
    """Say what the model in question says."""
    name = request.model.split(":")[0]
    after_tool = bool(request.messages) and request.messages[-1].get("role") == "tool"
    acts = bool(request.tools) and not after_tool
    match name:
        case "tiny-loop" | "tiny-slow":
            return Reply(chunks=cycle(NUMBERS))
        case "tiny-rep":
            return Reply(chunks=cycle((" ha",)))
        case "tiny-tools" | "tiny-native" if acts:
            return Reply(tool_calls=(CALL_ON,))
        case "tiny-two" | "tiny-parser-qwen3" if acts:
            return Reply(chunks=("I will", " do both."), tool_calls=(CALL_OFF, CALL_CONTEXT))
        case "tiny-badtool" | "tiny-parser-bad" if acts:
            return Reply(tool_calls=(CALL_UNKNOWN,))
        case "tiny-think" | "tiny-parser-think" if request.think is not False:
            return Reply(thinking=THINKING, chunks=SECOND_SENTENCE)
    return Reply(SENTENCE)
