"""The errors a server answers with, in the recorded words."""

import json


class ApiError(Exception):
    """An answer ``{"error": text}`` with ``status``.

    ``late``: found while the answer was being produced. A stream request then gets the content
    type without a charset and a chunked body (chat_format_bad_string_stream_500.json).
    """

    def __init__(self, status: int, text: str, *, late: bool = False) -> None:
        """Keep what the answer needs."""
        super().__init__(text)
        self.status = status
        self.text = text
        self.late = late


def nested(status: int, message: str, kind: str, **fields: int) -> ApiError:
    """Return an error of the child process: its JSON inside the error text (0.32)."""
    inner = {"code": status, "message": message, "type": kind, **fields}
    text = json.dumps({"error": inner}, separators=(",", ":"), ensure_ascii=False)
    return ApiError(status, text, late=True)


def model_not_found(name: str) -> ApiError:
    """chat_unknown_model_404.json; the name stands as it was asked for."""
    return ApiError(404, f"model '{name}' not found")


def context_exceeded(tokens: int, num_ctx: int) -> ApiError:
    """overflow_truncate_false_num_ctx_256.json (0.32)."""
    return nested(
        400,
        f"request ({tokens} tokens) exceeds the available context size ({num_ctx} tokens), "
        "try increasing it",
        "exceed_context_size_error",
        n_prompt_tokens=tokens,
        n_ctx=num_ctx,
    )


INPUT_TOO_LONG = "the input length exceeds the context length"
PROMPT_TOO_LONG = (
    "the prompt is longer than the context length currently available to the model; "
    "shorten the prompt, adjust the context length in settings, or use a model with a longer "
    "context length"
)
SERVER_BUSY = "server busy, please try again.  maximum pending requests exceeded"
NO_EMBEDDINGS = "This server does not support embeddings. Start it with `--embeddings`"
IMAGE_ON_TEXT_MODEL = "Multimodal data provided, but model does not support multimodal requests."
CLOUD_DISABLED = "ollama cloud is disabled: remote model is unavailable"
RUNNER_CRASHED = "an error was encountered while running the model: unexpected EOF"
