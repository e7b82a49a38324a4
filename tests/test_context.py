"""Context that fits: a prompt is cut here and told of, and never by the server."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
import json
from random import Random
from typing import Any
from unittest.mock import patch

from homeassistant.components import ai_task, conversation
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.components.media_source import PlayMedia
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import chat_session, issue_registry as ir, llm
import probatio
import pytest

from simulator import (
    DEFAULT_MODELS,
    ChatRequest,
    RecordedRequest,
    Reply,
    SimModel,
    Simulator,
    ToolCall,
)
from simulator.context import chat_prompt, window

from .actions.calling import act, failure
from .common import MODEL, PLAIN_MODEL, TASK, VISION_MODEL, ask_for_data, say, speech
from .policy_home import AddAgent, agent_data

NOTE = "I no longer remember the beginning of our conversation."
TOO_SMALL = "This is more than the model can take in at once."
WORDS = {
    "English": [
        "the",
        "lamp",
        "in",
        "our",
        "kitchen",
        "is",
        "really",
        "nice",
        "today",
        "and",
        "warm",
        "tomorrow",
    ],
    "Russian": ["лампа", "на", "нашей", "кухне", "сегодня", "очень", "красивая"],
    "Chinese": ["厨房的灯今天很漂亮", "明天", "很温暖"],
}


def sim_model(name: str = MODEL) -> SimModel:
    return next(model for model in DEFAULT_MODELS if model.name == name)


def denser(bytes_per_token: float) -> Callable[[str], int]:
    """Return how a model counts whose tokens are shorter than most."""
    return lambda text: round(len(text.encode()) / bytes_per_token)


def told(request: RecordedRequest, model: SimModel) -> tuple[int, int]:
    """Return how many tokens a prompt has, uncut, and how many are served."""
    body = request.body
    prompt = chat_prompt(body["messages"], body.get("tools") or (), model, 10**9, truncate=False)
    return prompt.tokens, window(model, body["options"]["num_ctx"])


def assert_nothing_cut(sim: Simulator, model: SimModel) -> None:
    assert sim.chats
    for request in sim.chats:
        tokens, served = told(request, model)
        assert tokens <= served
        assert request.dropped_messages == 0


def sentence(random: Random, language: str, longest: int) -> str:
    return " ".join(random.choices(WORDS[language], k=random.randint(1, longest)))


def many(words: int) -> str:
    """Return so many words; a server takes equal ones for a model that has lost its way."""
    return " ".join(f"word{number:03}" for number in range(words))


def questions(request: RecordedRequest) -> int:
    return sum(message["role"] == "user" for message in request.body["messages"])


def windows_of(sim: Simulator) -> list[int]:
    return [request.body["options"]["num_ctx"] for request in sim.chats]


def notes(content: list[conversation.Content]) -> int:
    return sum(item.role == "assistant" and NOTE in (item.content or "") for item in content)


def held(hass: HomeAssistant, talk: str) -> list[conversation.Content]:
    """Return what the log of a talk holds."""
    with (
        chat_session.async_get_chat_session(hass, talk) as session,
        conversation.async_get_chat_log(hass, session) as log,
    ):
        return list(log.content)


# Long talks


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("bytes_per_token", [None, 2.8])
@pytest.mark.parametrize("num_ctx", [2048, None])
async def test_long_talk(
    hass: HomeAssistant,
    add_entry: AddAgent,
    sim: Simulator,
    language: str,
    bytes_per_token: float | None,
    num_ctx: int | None,
):
    """Whatever a token is: the server is never sent more than it takes, and begins are told of."""
    model = sim_model()
    if bytes_per_token:
        model = replace(model, count_tokens=denser(bytes_per_token))
        sim.install(model)
    data = {"num_ctx": num_ctx} if num_ctx else {"num_ctx_auto": True}
    await add_entry(agent={"llm_hass_api": [], "max_history": 0, **data}, task=data)
    random, size = Random(1), 60 if num_ctx else 250
    sim.set_brain(lambda request: Reply(sentence(random, language, size)))
    for _ in range(30):
        await say(hass, sentence(random, language, size), conversation_id="talk")
    assert len(sim.chats) == 30
    assert_nothing_cut(sim, model)
    assert len(set(windows_of(sim))) == 1
    assert questions(sim.chats[-1]) < 25
    assert notes(held(hass, "talk")) == 1


@pytest.mark.parametrize("data", [{"num_ctx": 4096}, {"num_ctx_auto": True}])
@pytest.mark.parametrize("name", [MODEL, PLAIN_MODEL])
async def test_long_talk_with_tools(
    hass: HomeAssistant,
    add_entry: AddAgent,
    sim: Simulator,
    kitchen_light: str,
    name: str,
    data: dict[str, Any],
):
    """Native calls and answers under a schema, whose prompts look quite different."""
    await add_entry(agent=agent_data(model=name, max_history=0, **data), task=data)
    random = Random(2)

    def brain(request: ChatRequest) -> Reply:
        last = str(request.messages[-1]["content"])
        said = sentence(random, "English", 300)
        call = {"name": "Kitchen light"}
        if last.startswith("Turn"):
            if name == MODEL:
                return Reply(tool_calls=(ToolCall("turn_on", call),))
            return Reply(json.dumps({"tool": "turn_on", "arguments": call}))
        return Reply(said if name == MODEL else json.dumps({"say": said}))

    sim.set_brain(brain)
    for number in range(25):
        text = "Turn it on, and " if number % 2 else "Well, "
        result = await say(hass, text + sentence(random, "English", 100), conversation_id="talk")
        assert result.response.error_code is None
    assert_nothing_cut(sim, sim_model(name))
    assert len(set(windows_of(sim))) == 1
    assert questions(sim.chats[-1]) < 25
    assert notes(held(hass, "talk")) == 1
    for request in sim.chats:
        roles = [message["role"] for message in request.body["messages"]]
        assert roles[:2] == ["system", "user"], "whole exchanges go"


async def test_the_beginning_changes_seldom(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    """The server reads everything anew then."""
    await add_entry(agent={"llm_hass_api": [], "max_history": 0, "num_ctx": 2048})
    sim.set_brain(lambda request: Reply(many(40)))
    for number in range(40):
        await say(hass, f"Question {number}", conversation_id="talk")
    beginnings = [request.body["messages"][1]["content"] for request in sim.chats]
    changes = sum(before != after for before, after in pairwise(beginnings))
    assert 2 <= changes <= 8
    assert_nothing_cut(sim, sim_model())


async def test_the_limit_of_the_owner_goes_first(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    """Exchanges that he leaves out aren't counted twice."""
    await add_entry(agent={"llm_hass_api": [], "max_history": 8, "num_ctx": 2048})
    sim.set_brain(lambda request: Reply(many(120)))
    for number in range(25):
        await say(hass, f"Question {number}", conversation_id="talk")
        asked = [m["content"] for m in sim.chats[-1].body["messages"] if m["role"] == "user"]
        numbers = [int(text.split()[1]) for text in asked]
        assert numbers == list(range(number - len(numbers) + 1, number + 1))
        assert len(numbers) >= min(number + 1, 3)
    assert_nothing_cut(sim, sim_model())


async def test_a_window_above_what_the_model_was_made_for(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light: str
):
    """The server lowers it silently (fact 13), so that it counts as lowered here."""
    small = replace(sim_model(), name="small:1b", context_length=4096)
    sim.install(small)
    both = {"model": "small:1b", "num_ctx": 32_768}
    await add_entry(agent=agent_data(max_history=0, **both), task=both)
    sim.set_brain(lambda request: Reply(many(200)))
    for number in range(20):
        result = await say(hass, f"Question {number}", conversation_id="talk")
        assert result.response.error_code is None
    assert_nothing_cut(sim, small)
    assert set(windows_of(sim)) == {32_768}, "what the owner has set is obeyed"


async def test_a_large_home_in_a_small_model(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    """The list of devices is made to fit what the model can really take."""
    add_lights(hass, 400)
    small = replace(sim_model(), name="small:1b", context_length=6000)
    sim.install(small)
    await add_entry(agent=agent_data(model="small:1b", num_ctx=32_768))
    result = await say(hass, "Hello")
    assert result.response.error_code is None
    assert_nothing_cut(sim, small)


# The note


async def test_note_is_spoken_and_streamed_once(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    await add_entry(agent={"llm_hass_api": [], "num_ctx": 2048})
    sim.set_brain(lambda request: Reply(f"{many(150)} end."))
    spoken, streams = [], []
    for number in range(12):
        streamed: list[str] = []
        with (
            chat_session.async_get_chat_session(hass, "talk") as session,
            conversation.async_get_chat_log(
                hass,
                session,
                chat_log_delta_listener=lambda _, delta, to=streamed: to.append(
                    delta.get("content") or ""
                ),
            ),
        ):
            spoken.append(speech(await say(hass, f"Question {number}", conversation_id="talk")))
        streams.append("".join(streamed))
    assert [NOTE in text for text in streams] == [NOTE in text for text in spoken]
    [with_note] = [text for text in spoken if NOTE in text]
    assert with_note.endswith(f"end. {NOTE}")
    await say(hass, "Again", conversation_id="other")
    spoken += [
        speech(await say(hass, f"Question {number}", conversation_id="other"))
        for number in range(12)
    ]
    assert sum(NOTE in text for text in spoken) == 2, "once for each talk"


async def test_note_in_the_language_of_the_listener(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    await add_entry(agent={"llm_hass_api": [], "num_ctx": 2048})
    sim.set_brain(lambda request: Reply(many(250)))
    spoken = [
        speech(await say(hass, f"Frage {number}", conversation_id="talk", language="de"))
        for number in range(8)
    ]
    assert sum("Anfang unseres Gesprächs" in text for text in spoken) == 1


async def test_another_talk_of_the_same_name(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    """A bridge uses one id for ever; what was left out of an old talk isn't out of a new one."""
    await add_entry(agent={"llm_hass_api": [], "num_ctx": 2048})
    sim.set_brain(lambda request: Reply(many(250)))
    for number in range(10):
        await say(hass, f"Question {number}", conversation_id="telegram 1")
    assert questions(sim.chats[-1]) < 6
    hass.data[chat_session.DATA_CHAT_SESSION].pop("telegram 1").async_cleanup()
    sim.set_brain(lambda request: Reply("Fine."))
    for number in range(3):
        await say(hass, f"Question {number}", conversation_id="telegram 1")
    assert [questions(request) for request in sim.chats[-3:]] == [1, 2, 3]


# One sentence alone


async def test_sentence_that_is_too_large(hass: HomeAssistant, add_entry: AddAgent, sim: Simulator):
    """It isn't sent, said so, and not kept; the talk goes on."""
    await add_entry(agent={"llm_hass_api": [], "num_ctx": 2048}, task={"num_ctx": 2048})
    sim.set_brain(lambda request: Reply("Fine."))
    await say(hass, "Hello", conversation_id="talk")
    answer = speech(await say(hass, many(3000), conversation_id="talk"))
    assert answer.startswith(TOO_SMALL)
    assert len(sim.chats) == 1
    keys = {issue.translation_key for issue in ir.async_get(hass).issues.values()}
    assert "context_too_small" in keys
    assert speech(await say(hass, "And now?", conversation_id="talk")) == "Fine."
    assert questions(sim.chats[-1]) == 2


async def test_sentence_that_fits_alone(hass: HomeAssistant, add_entry: AddAgent, sim: Simulator):
    """All that was said before goes for it."""
    await add_entry(agent={"llm_hass_api": [], "num_ctx": 2048})
    sim.set_brain(lambda request: Reply(many(100)))
    for number in range(3):
        await say(hass, f"Question {number}", conversation_id="talk")
    answer = speech(await say(hass, many(700), conversation_id="talk"))
    assert NOTE in answer
    assert questions(sim.chats[-1]) == 1
    assert_nothing_cut(sim, sim_model())


async def test_images_take_room(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, tmp_path: Any
):
    """Some thousand tokens for one: too many for a small window."""
    await add_entry(task={"model": VISION_MODEL, "num_ctx": 2048})
    image = tmp_path / "image.png"
    image.write_bytes(b"png")
    media = PlayMedia(url="http://x", mime_type="image/png", path=image)
    attachments = [
        {"media_content_id": f"media-source://x/{n}", "media_content_type": "image/png"}
        for n in range(3)
    ]
    with (
        patch("homeassistant.components.media_source.async_resolve_media", return_value=media),
        pytest.raises(HomeAssistantError) as caught,
    ):
        await ai_task.async_generate_data(
            hass,
            task_name="test",
            entity_id=TASK,
            instructions="What is it?",
            attachments=attachments,
        )
    assert caught.value.translation_key == "context_too_small"
    assert sim.chats == []


async def test_task_that_is_too_large(hass: HomeAssistant, add_entry: AddAgent, sim: Simulator):
    await add_entry(task={"num_ctx": 2048})
    with pytest.raises(HomeAssistantError) as caught:
        await ask_for_data(hass, instructions=many(3000))
    assert caught.value.translation_key == "context_too_small"
    assert sim.chats == []


async def test_task_that_gets_a_larger_window(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    auto = {"num_ctx_auto": True}
    await add_entry(agent=auto, task=auto)
    await ask_for_data(hass, instructions=many(5000))
    assert windows_of(sim) == [16_384]
    assert_nothing_cut(sim, sim_model())


async def test_data_that_is_asked_for_again(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    """What the model wrote badly is shown to it, where there is room for that."""
    await add_entry(task={"num_ctx": 2048})
    bad = Reply(chunks=[f"word{number} " for number in range(1500)])
    sim.script(bad, Reply('{"name": "Minka"}'))
    structure = {"name": {"selector": {"text": {}}, "required": True}}
    with pytest.raises(HomeAssistantError) as caught:
        await ask_for_data(hass, structure=structure)
    assert caught.value.translation_key == "structure_invalid"
    assert len(sim.chats) == 1
    sim.clear_script()
    sim.script(Reply(chunks=[many(10)]), Reply('{"name": "Minka"}'))
    assert (await ask_for_data(hass, structure=structure))["data"] == {"name": "Minka"}


# What tools answer


class ManyWords(llm.Tool):
    """Answers so many words, and does something where it isn't said to read only."""

    parameters = probatio.Schema({})

    def __init__(self, name: str, words: int, *, reads: bool) -> None:
        self.name = name
        self.description = name
        self.words = words
        self.annotations = replace(llm.ToolAnnotations(), read_only=reads)

    async def async_call(self, hass: HomeAssistant, tool_input: Any, llm_context: Any) -> Any:
        return {"result": many(self.words)}


class WordsAPI(llm.API):
    """Offers some tools."""

    tools: list[llm.Tool]

    async def async_get_api_instance(self, llm_context: llm.LLMContext) -> llm.APIInstance:
        return llm.APIInstance(self, "Use them.", llm_context, self.tools)


def offer(hass: HomeAssistant, *tools: llm.Tool) -> None:
    api = WordsAPI(hass=hass, id="words", name="Words")
    api.tools = list(tools)
    llm.async_register_api(hass, api)


def calling(name: str, *, native: bool) -> Reply:
    if native:
        return Reply(tool_calls=(ToolCall(name),))
    return Reply(json.dumps({"tool": name, "arguments": {}}))


@pytest.mark.parametrize("model", [MODEL, PLAIN_MODEL])
async def test_result_that_takes_the_place_of_the_talk(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, model: str
):
    """In the middle of a turn too: the earlier talk goes, and what was called stays."""
    offer(hass, ManyWords("look", 700, reads=True))
    await add_entry(
        agent={"model": model, "llm_hass_api": ["words"], "num_ctx": 2048},
        task={"model": model, "num_ctx": 2048},
    )
    native = model == MODEL
    fine = Reply("Fine.") if native else Reply('{"say": "Fine."}')
    sim.set_brain(lambda request: fine)
    for number in range(4):
        await say(hass, f"Question {number} " + many(60), conversation_id="talk")
    sim.script(calling("look", native=native), fine)
    answer = speech(await say(hass, "Look", conversation_id="talk"))
    assert answer == f"Fine. {NOTE}"
    assert_nothing_cut(sim, sim_model(model))
    last = sim.chats[-1].body["messages"]
    assert [message["role"] for message in last] == [
        "system",
        "user",
        "assistant",
        "tool" if native else "user",
    ]
    assert last[1]["content"].startswith("Look")
    await say(hass, "And now?", conversation_id="talk")
    assert_nothing_cut(sim, sim_model(model))
    asked = [m["content"] for m in sim.chats[-1].body["messages"] if m["role"] == "user"]
    assert not any(text.startswith("Question") for text in asked), "what was told gone is gone"


async def test_claim_that_is_too_large_to_be_sent_back(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    """The model is asked to really do it; with its own words the talk may no longer fit."""
    await add_entry(agent=agent_data(num_ctx=4096, max_history=0), task={"num_ctx": 4096})
    sim.set_brain(lambda request: Reply(many(120)))
    for _ in range(14):
        await say(hass, "Tell me something.", conversation_id="talk")
    call = ToolCall("turn_on", {"name": "Kitchen light"})
    sim.script(
        Reply("I have turned on the kitchen light. " + many(690)),
        Reply(tool_calls=(call,)),
        Reply("Done."),
    )
    asked = len(sim.chats)
    answer = speech(await say(hass, "Turn on the kitchen light", conversation_id="talk"))
    assert answer.startswith("Done.")
    assert len(sim.chats) == asked + 3
    assert_nothing_cut(sim, sim_model())


async def test_claim_that_is_too_large_by_itself(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light
):
    """It can't be sent back at all: then it is told that nothing was done."""
    await add_entry(agent=agent_data(num_ctx=2048), task={"num_ctx": 2048})
    sim.script(Reply("I have turned on the kitchen light. " + many(1200)))
    result = await say(hass, "Turn on the kitchen light")
    assert result.response.error_code is not None
    assert len(sim.chats) == 1
    assert hass.states.get(kitchen_light).state == "off"


async def test_result_that_is_too_large_after_reading(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    """Nothing was done, so that it is a failure; the next sentence is answered."""
    offer(hass, ManyWords("look", 3000, reads=True))
    await add_entry(agent={"llm_hass_api": ["words"], "num_ctx": 2048})
    sim.script(Reply(tool_calls=(ToolCall("look"),)))
    answer = speech(await say(hass, "Look", conversation_id="talk"))
    assert answer.startswith(TOO_SMALL)
    assert len(sim.chats) == 1
    sim.script(Reply("Fine."))
    assert "Fine." in speech(await say(hass, "And now?", conversation_id="talk"))
    assert_nothing_cut(sim, sim_model())


async def test_result_that_is_too_large_after_acting(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    """What was done is told, by us."""
    offer(hass, ManyWords("paint", 3000, reads=False))
    await add_entry(agent={"llm_hass_api": ["words"], "num_ctx": 2048})
    sim.script(Reply(tool_calls=(ToolCall("paint"),)))
    result = await say(hass, "Paint it", conversation_id="talk")
    assert result.response.error_code is None
    assert speech(result)
    assert not speech(result).startswith(TOO_SMALL)
    assert len(sim.chats) == 1


async def test_tokens_that_are_shorter_than_was_thought(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    """The very first prompt of a model may be cut; that shows, is told, and not done again."""
    sim.install(replace(sim_model(), count_tokens=denser(2)))
    await add_entry(agent={"llm_hass_api": [], "num_ctx": 4096}, task={"num_ctx": 4096})
    text = many(1500)
    await say(hass, text)
    [issue] = ir.async_get(hass).issues.values()
    assert issue.translation_key == "context_too_small"
    assert speech(await say(hass, text)).startswith(TOO_SMALL)
    assert len(sim.chats) == 1


# Windows that are left to us


AUTO: Mapping[str, Any] = {"num_ctx_auto": True, "num_ctx": 8192}


def add_lights(hass: HomeAssistant, count: int) -> None:
    for number in range(count):
        entity_id = f"light.lamp_{number}"
        hass.states.async_set(
            entity_id, "off", {"friendly_name": f"Reading lamp behind sofa number {number}"}
        )
        async_expose_entity(hass, "conversation", entity_id, True)


async def test_one_window_for_all_who_leave_it_to_us(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light: str
):
    await add_entry(agent=agent_data(**AUTO), task=dict(AUTO))
    await say(hass, "Hello")
    await ask_for_data(hass)
    await act(hass, "ask", prompt="Hello")
    await act(hass, "load_model", model=MODEL)
    assert set(windows_of(sim)) == {8192}
    loads = [r for r in sim.requests if r.path == "/api/generate"]
    assert [load.body["options"]["num_ctx"] for load in loads] == [8192]


async def test_it_follows_who_has_set_his(hass: HomeAssistant, add_entry: AddAgent, sim: Simulator):
    await add_entry(agent={"llm_hass_api": [], **AUTO}, task={"num_ctx": 6000})
    await say(hass, "Hello")
    await ask_for_data(hass)
    await act(hass, "load_model", model=MODEL)
    assert set(windows_of(sim)) == {6000}
    loads = [r for r in sim.requests if r.path == "/api/generate"]
    assert [load.body["options"]["num_ctx"] for load in loads] == [6000]
    assert not ir.async_get(hass).issues


async def test_it_follows_above_the_limit_of_the_model(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    """The very same number: any other would have the server load the model again."""
    sim.install(replace(sim_model(), name="small:1b", context_length=4096))
    await add_entry(
        agent={"model": "small:1b", "llm_hass_api": [], **AUTO},
        task={"model": "small:1b", "num_ctx": 16_384},
    )
    await say(hass, "Hello")
    await ask_for_data(hass)
    assert set(windows_of(sim)) == {16_384}


async def test_it_grows_for_a_large_home_and_not_within_a_talk(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light: str
):
    entry = await add_entry(agent=agent_data(**AUTO), task=dict(AUTO))
    sim.set_brain(lambda request: Reply("Fine."))
    await say(hass, "Hello", conversation_id="talk")
    add_lights(hass, 700)
    await hass.async_block_till_done()
    assert speech(await say(hass, "Hello again", conversation_id="new")) == "Fine."
    assert windows_of(sim) == [8192, 16_384]
    await say(hass, "And now?", conversation_id="new")
    await ask_for_data(hass)
    assert windows_of(sim)[2:] == [16_384, 16_384]
    assert_nothing_cut(sim, sim_model())
    assert entry.runtime_data.records.windows.of(MODEL, None) == 16_384
    small = await say(hass, "Hello", conversation_id="talk")
    assert sim.chats[-1].body["options"]["num_ctx"] == 8192 or speech(small).startswith(TOO_SMALL)


async def test_no_repair_where_the_next_talk_gets_more(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    """A sentence that is too large for a talk is none of the owner's business."""
    await add_entry(agent={"llm_hass_api": [], **AUTO}, task=dict(AUTO))
    await say(hass, "Hello", conversation_id="talk")
    answer = speech(await say(hass, many(5000), conversation_id="talk"))
    assert answer.startswith(TOO_SMALL)
    assert not ir.async_get(hass).issues
    sim.set_brain(lambda request: Reply("Fine."))
    assert speech(await say(hass, many(5000))) == "Fine."
    assert windows_of(sim) == [8192, 16_384]
    assert_nothing_cut(sim, sim_model())


async def test_a_repair_where_it_cannot_grow_any_more(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    await add_entry(agent={"llm_hass_api": [], **AUTO}, task=dict(AUTO))
    answer = speech(await say(hass, many(40_000)))
    assert answer.startswith(TOO_SMALL)
    assert [issue.translation_key for issue in ir.async_get(hass).issues.values()] == [
        "context_too_small"
    ]


@pytest.mark.parametrize(("share", "window"), [(0.8, 4096), (1.0, 8192), (0.0, 8192)])
async def test_given_back_to_the_graphics_card(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, share: float, window: int
):
    sim.install(replace(sim_model(), vram_share=share))
    entry = await add_entry(agent={"llm_hass_api": [], **AUTO}, task=dict(AUTO))
    await say(hass, "Hello", conversation_id="talk")
    await entry.runtime_data.coordinator.async_ask_again()
    await say(hass, "Hello", conversation_id="talk")
    await say(hass, "Hello")
    assert windows_of(sim) == [8192, 8192, window]


async def test_windows_are_kept_over_a_restart(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, hass_storage: dict[str, Any]
):
    """And so is what a token of the model is."""
    model = replace(sim_model(), count_tokens=denser(2.5))
    sim.install(model)
    entry = await add_entry(agent={"llm_hass_api": [], **AUTO}, task=dict(AUTO))
    await say(hass, many(4000))
    assert windows_of(sim) == [16_384]
    await hass.config_entries.async_unload(entry.entry_id)
    saved = hass_storage[f"ollama.usage.{entry.entry_id}"]["data"]
    assert saved["windows"][MODEL]["chosen"] == 16_384
    assert saved["bytes_per_token"][MODEL] == pytest.approx(2.5, rel=0.05)
    hass.data.pop(next(key for key in hass.data if str(key) == "ollama_records"))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await say(hass, "Hello")
    assert windows_of(sim)[-1] == 16_384


# Actions


async def test_ask_tells_in_its_response(hass: HomeAssistant, add_entry: AddAgent, sim: Simulator):
    """Once in a talk; and what is kept for the next turns is the answer alone."""
    await add_entry(agent={"llm_hass_api": [], "num_ctx": 2048, "max_history": 0})
    sim.set_brain(lambda request: Reply(f"{many(150)} end."))
    texts = []
    for number in range(15):
        response = await act(
            hass,
            "ask",
            prompt=f"Question {number}",
            home_context="none",
            conversation_id="telegram 7",
        )
        texts.append(response["response"])
    assert_nothing_cut(sim, sim_model())
    assert sum(NOTE in text for text in texts) == 1
    assert next(text for text in texts if NOTE in text).endswith(f"end. {NOTE}")
    assert NOTE not in str([request.body for request in sim.chats])


async def test_ask_with_the_home_and_control(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator, kitchen_light: str
):
    await add_entry(agent=agent_data(num_ctx=4096, max_history=0))
    sim.set_brain(lambda request: Reply(f"{many(250)} end."))
    texts = []
    for number in range(14):
        response = await act(
            hass,
            "ask",
            prompt=f"Question {number}",
            control=bool(number % 2),
            conversation_id="telegram 7",
        )
        texts.append(response["response"])
    assert_nothing_cut(sim, sim_model())
    assert sum(NOTE in text for text in texts) == 1


async def test_ask_has_no_place_for_it(hass: HomeAssistant, add_entry: AddAgent, sim: Simulator):
    """Data and short messages stay what they have to be; the next text tells."""
    await add_entry(agent={"llm_hass_api": [], "num_ctx": 2048, "max_history": 0})
    talk = {"conversation_id": "sms", "home_context": "none"}
    structure = {"name": {"selector": {"text": {}}, "required": True}}
    sim.set_brain(lambda request: Reply(json.dumps({"name": many(150)})))
    for number in range(8):
        question = f"Question {number} {many(100)}"
        response = await act(hass, "ask", prompt=question, structure=structure, **talk)
        assert response["response"] == json.dumps({"name": many(150)}).replace(": ", ":")
    assert questions(sim.chats[-1]) < 8
    sim.set_brain(lambda request: Reply("All is fine here."))
    short = await act(hass, "ask", prompt="Short", max_length=40, **talk)
    assert short["response"] == "All is fine here."
    enough = await act(hass, "ask", prompt="Longer", max_length=160, **talk)
    assert enough["response"] == f"All is fine here. {NOTE}"
    later = await act(hass, "ask", prompt="And then?", **talk)
    assert later["response"] == "All is fine here."
    assert_nothing_cut(sim, sim_model())


async def test_ask_keeps_the_answer_without_it(
    hass: HomeAssistant, add_entry: AddAgent, sim: Simulator
):
    await add_entry(agent={"llm_hass_api": [], "num_ctx": 2048})
    sim.set_brain(lambda request: Reply(f"{many(250)} end."))
    texts = []
    for number in range(8):
        response = await act(
            hass,
            "ask",
            prompt=f"Question {number}",
            home_context="none",
            conversation_id="telegram 7",
            cache_for={"hours": 1},
        )
        texts.append(response["response"])
    assert sum(NOTE in text for text in texts) == 1


async def test_ask_that_is_too_large(hass: HomeAssistant, add_entry: AddAgent, sim: Simulator):
    await add_entry(agent={"num_ctx": 2048})
    err = await failure(hass, "ask", prompt=many(3000))
    assert err.translation_key == "context_too_small"
    assert sim.chats == []
