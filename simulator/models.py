"""The models of the simulated server."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
import hashlib
import re
from typing import Any, Literal

from .errors import ApiError
from .tokens import TokenCounter, count_tokens
from .wire import timestamp

Layout = Literal["template", "native", "parser"]

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,79}")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:\-]{0,349}")

# host, namespace, model
_MOST_PARTS = 3


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SimModel:
    """One installed model. Sizes in bytes, lengths in tokens, times in seconds.

    ``layout`` says where tool calls stand in a stream: ``template`` and ``parser`` in lines of
    their own, ``native`` (only a jinja template, no tools in 0.24) in the ``done: true`` line.
    ``template`` also drops calls of tools nobody offered. Models with the same ``weights`` share
    one place in memory.
    """

    name: str
    size: int = 2_019_393_189
    parameter_size: str = "3.2B"
    quantization: str = "Q4_K_M"
    family: str = "llama"
    capabilities: tuple[str, ...] = ("completion",)
    context_length: int = 8192
    digest: str = ""
    load_seconds: float | None = None
    layout: Layout = "template"
    embedding_length: int = 4096
    weights: str = ""
    system: str = ""
    template: str = "{{ .Prompt }}"
    # Defaults of the model for the request's options, as in a Modelfile.
    parameters: Mapping[str, Any] = field(default_factory=dict)
    parent_model: str = ""
    # Loading fails with these words.
    load_error: str | None = None
    # Share of the model that is on a graphics card: 0.0 to 1.0.
    vram_share: float = 0.0
    count_tokens: TokenCounter = count_tokens
    modified_at: str = ""

    def __post_init__(self) -> None:
        """Complete the name and make up the digests that were not given."""
        set_field = object.__setattr__
        set_field(self, "name", ModelName.parse(self.name).short)
        set_field(self, "digest", self.digest or _digest(self.name))
        set_field(self, "weights", self.weights or _digest(f"weights of {self.digest}"))

    def has(self, capability: str) -> bool:
        """Whether the model can do ``capability``."""
        return capability in self.capabilities


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model name taken apart: ``[host/][namespace/]model[:tag]``."""

    host: str
    namespace: str
    model: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> ModelName:
        """Take ``text`` apart; raise ApiError 400 as recorded when it is no name."""
        rest = text.split("://", 1)[-1]
        parts = rest.split("/")
        if len(parts) > _MOST_PARTS:
            raise ApiError(400, "invalid model name")
        model, _, tag = parts[-1].partition(":")
        namespace = parts[-2] if len(parts) > 1 else "library"
        host = parts[-3] if len(parts) == _MOST_PARTS else "registry.ollama.ai"
        valid = all(_PART.fullmatch(part) for part in (model, tag or "latest", namespace))
        if not valid or not _HOST.fullmatch(host):
            raise ApiError(400, "invalid model name")
        return cls(host, namespace, model, tag or "latest")

    @property
    def short(self) -> str:
        """The name as lists show it: without what is the default."""
        name = f"{self.model}:{self.tag}"
        if self.host != "registry.ollama.ai":
            return f"{self.host}/{self.namespace}/{name}"
        return name if self.namespace == "library" else f"{self.namespace}/{name}"

    @property
    def full(self) -> str:
        """The name with everything (chat_tools_on_plain_model_400.json)."""
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"


class ModelStore:
    """The installed models and the uploaded blobs."""

    def __init__(self, models: Iterable[SimModel]) -> None:
        """Install ``models``."""
        self._models: dict[str, SimModel] = {}
        self.blobs: set[str] = set()
        for model in models:
            self.install(model)

    def install(self, model: SimModel) -> SimModel:
        """Add or replace ``model``; returns it with the time it was added."""
        stored = replace(model, modified_at=model.modified_at or timestamp())
        self._models[stored.name] = stored
        return stored

    def remove(self, name: str) -> SimModel | None:
        """Take the model away; returns it, or None when it was not there."""
        return self._models.pop(ModelName.parse(name).short, None)

    def find(self, name: str) -> SimModel | None:
        """Return the model called ``name`` (the tag may be left out)."""
        return self._models.get(ModelName.parse(name).short)

    def __iter__(self) -> Iterator[SimModel]:
        """Newest first, as ``tags`` lists them."""
        return iter(
            sorted(self._models.values(), key=lambda model: model.modified_at, reverse=True)
        )


DEFAULT_MODELS: tuple[SimModel, ...] = (
    SimModel(
        "qwen3:4b-instruct",
        2_497_293_918,
        "4.0B",
        "Q4_K_M",
        "qwen3",
        ("completion", "tools"),
        262_144,
        layout="parser",
        embedding_length=2560,
    ),
    SimModel(
        "qwen3:8b",
        5_225_388_164,
        "8.2B",
        "Q4_K_M",
        "qwen3",
        ("completion", "tools", "thinking"),
        40_960,
    ),
    SimModel("llama3:8b", 4_661_224_676, "8.0B", "Q4_0", "llama", ("completion",), 8192),
    SimModel(
        "gpt-oss:20b",
        13_793_441_244,
        "20.9B",
        "MXFP4",
        "gptoss",
        ("completion", "tools", "thinking"),
        131_072,
        layout="parser",
        embedding_length=2880,
    ),
    SimModel(
        "qwen2.5vl:7b",
        5_969_245_856,
        "8.3B",
        "Q4_K_M",
        "qwen25vl",
        ("completion", "vision"),
        128_000,
        embedding_length=3584,
    ),
    SimModel(
        "nomic-embed-text:latest",
        274_302_450,
        "137M",
        "F16",
        "nomic-bert",
        ("embedding",),
        2048,
        embedding_length=768,
    ),
    SimModel(
        "llama3.2:3b",
        2_019_393_189,
        "3.2B",
        "Q4_K_M",
        "llama",
        ("completion", "tools"),
        131_072,
        embedding_length=3072,
    ),
)
