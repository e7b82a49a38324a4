"""The tour: what is said, what is done, and whether that was right."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import re
import time
from typing import Any

import aiohttp

from . import automations, dashboard, voice
from .automations import NotAsExpectedError, expect as _expect
from .client import HomeAssistant, Json
from .errors import CommandError, DemoError
from .integration import Assistant, add_agent, entry_state
from .server import ModelServer

STATE_LIMIT = 5.0
NARROW = 9
WIDE = 25
UNWANTED_LIMIT = 0.5
LIGHT = "light.kitchen_light"
GARAGE_DOOR = "cover.garage_door"
# Those of the simulator's models that show what only some models do.
PLAIN_MODEL = "stand-in-plain:latest"
MANGLED_MODEL = "stand-in-mangled:latest"
THERMOMETER = "sensor.living_room_temperature"
# What a user must never be told.
UNSPEAKABLE = ("traceback", "exception", "errno", "httpx", "aiohttp", "{", "<")


@dataclass
class Account:
    """What a step tells about itself."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, label: str, text: str, *, wide: bool = False) -> None:
        """Add a line; a wide label is one of a column of long ones."""
        self.lines.append((f"{label:<{WIDE if wide else NARROW}}", text))


@dataclass(frozen=True)
class Reply:
    """An answer of the agent."""

    speech: str
    kind: str
    tool_calls: tuple[str, ...]
    conversation_id: str
    # Whether the agent listens for an answer.
    listens: bool


type Step = Callable[[Account], Awaitable[None]]


@dataclass
class Tour:
    """Runs the steps one after another and counts what held."""

    ha: HomeAssistant
    assistant: Assistant
    server: ModelServer
    work: Path
    built_in: bool = False
    held: int = 0
    failed: list[str] = field(default_factory=list)
    # How many requests were made, and what the server's device showed before the first.
    _asked: int = 0
    _before: dict[str, str] = field(default_factory=dict)

    async def run(self) -> None:
        """Go through all steps."""
        self._before = await dashboard.read(self.ha, self.assistant.entry_id)
        await self.step("A light is turned on by a sentence", self._turn_on)
        await self.step("... and off again", self._turn_off)
        await self.step("A question about the home", self._ask)
        await self.step("An AI task with a typed answer", self._task)
        if self.server.real:
            print(
                "\nThe steps with a model without tools and with mangled calls are left out: "
                "they need the simulator's models."
            )
        else:
            await self.step("A model without tools turns on a light", self._without_tools)
            await self.step("A mangled call is understood", self._mangled)
        await self.step("A garage door is asked about first", self._garage_door)
        if not self.built_in:
            await self.step("A question with a structured answer", self._of(automations.question))
            await self.step("A decision, carried out", self._of(automations.decision))
            await self.step("A scene for what is wanted", self._of(automations.scene))
            await self.step("A briefing", self._of(automations.briefing))
            await self.step("An automation from a sentence", self._of(automations.automation))
            reason = voice.missing()
            # Where a run decides whether a change lands, nothing is left out.
            if reason is not None and not os.environ.get("CI"):
                print(f"\nThe spoken command is left out: {reason}.")
            else:
                await self.step("A spoken command, from sound to sound", self._spoken)
            await self.step("The server's device shows what was asked of it", self._dashboard)
        if self.server.real:
            print("\nThe steps that stop the model server are left out: yours is not touched.")
            return
        await self.step("The server is gone: a plain sentence, no change", self._server_gone)
        await self.step("The server is back: no reload needed", self._server_back)

    async def step(self, title: str, body: Step) -> None:
        """Run one step and report it."""
        number = self.held + len(self.failed) + 1
        print(f"\n{number}. {title}", flush=True)
        account = Account()
        verdict = "ok"
        try:
            await body(account)
        except (NotAsExpectedError, DemoError, aiohttp.ClientError, TimeoutError) as err:
            verdict = f"FAILED: {err or type(err).__name__}"
            self.failed.append(title)
        else:
            self.held += 1
        for label, text in account.lines:
            print(f"   {label}{text}")
        print(f"   {verdict}", flush=True)

    # The steps

    async def _turn_on(self, account: Account) -> None:
        await self._switch(account, "Turn on the kitchen light", before="off", after="on")

    async def _turn_off(self, account: Account) -> None:
        await self._switch(account, "Turn off the kitchen light", before="on", after="off")

    async def _ask(self, account: Account) -> None:
        value = (await self.ha.state(THERMOMETER))["state"]
        account.tell("state", f"{THERMOMETER}  {value}")
        reply = await self._say(account, "What is the temperature in the living room?")
        _expect(value in reply.speech.replace(",", "."), f"the answer does not hold {value}")

    async def _task(self, account: Account) -> None:
        instructions = (
            "A family member writes: the washing machine is leaking all over the floor! "
            "Give a short summary, and say whether it is urgent."
        )
        account.tell("task", instructions)
        self._asked += 1
        started = time.monotonic()
        response = await self.ha.action(
            "ai_task",
            "generate_data",
            {
                "entity_id": self.assistant.ai_task,
                "task_name": "triage of a message",
                "instructions": instructions,
                "structure": {
                    "summary": {
                        "description": "The message in one short sentence",
                        "required": True,
                        "selector": {"text": {}},
                    },
                    "urgent": {
                        "description": "Whether someone has to act within the hour",
                        "required": True,
                        "selector": {"boolean": {}},
                    },
                },
            },
        )
        data = response["data"]
        seconds = time.monotonic() - started
        account.tell("answer", f"{json.dumps(data, ensure_ascii=False)}  ({seconds:.2f} s)")
        _expect(isinstance(data, dict), "the answer is not a structure")
        _expect(set(data) == {"summary", "urgent"}, "the answer has other fields")
        _expect(isinstance(data["summary"], str) and bool(data["summary"]), "no summary")
        _expect(isinstance(data["urgent"], bool), "'urgent' is not a boolean")

    async def _without_tools(self, account: Account) -> None:
        agent = await self._new_agent(account, "No tools", PLAIN_MODEL)
        await self._switch(
            account,
            "Turn on the hallway light",
            before="off",
            after="on",
            light="light.hallway_light",
            agent=agent,
        )

    async def _mangled(self, account: Account) -> None:
        agent = await self._new_agent(account, "Mangled calls", MANGLED_MODEL)
        sentence = "Turn on the office light"
        written = await self.server.written_by(MANGLED_MODEL, sentence)
        account.tell("writes", f"{written}  (asked the same by the tour)")
        _expect("light.turn_on" in written, "the model wrote a correct call")
        await self._switch(
            account,
            sentence,
            before="off",
            after="on",
            light="light.office_light",
            agent=agent,
        )

    async def _spoken(self, account: Account) -> None:
        self._asked += 1
        await voice.command(self.ha, self.assistant, account, self.work)

    async def _garage_door(self, account: Account) -> None:
        before = await self._shown(account, GARAGE_DOOR)
        _expect(before == "closed", f"the door was '{before}' to begin with")
        question = await self._say(account, "Open the garage door")
        # A door that opened all the same would need a moment to show it.
        await asyncio.sleep(UNWANTED_LIMIT)
        _expect(await self._shown(account, GARAGE_DOOR) == "closed", "the door was not asked about")
        _expect(question.speech.rstrip().endswith("?"), "the answer is no question")
        _expect(question.listens, "the agent does not listen for an answer")
        answer = await self._say(account, "yes", conversation_id=question.conversation_id)
        now = await self._settled(GARAGE_DOOR, "open")
        account.tell("state", f"{GARAGE_DOOR}  {now}")
        _expect(now == "open", f"the door is '{now}'")
        _expect(answer.kind != "error", "the answer is an error")
        _expect(not answer.listens, "the agent still listens")
        _expect_for_people(answer.speech)

    async def _dashboard(self, account: Account) -> None:
        before = self._before
        after = await dashboard.settled(self.ha, self.assistant.entry_id)
        for label, text in dashboard.lines(before, after):
            account.tell(label, text, wide=True)

        def grown(key: str) -> float:
            return dashboard.number(after, key) - dashboard.number(before, key)

        _expect(before["status"] == after["status"] == "on", "the server is not shown as there")
        _expect(grown("requests_today") == self._asked, f"not {self._asked} more requests")
        _expect(grown("errors_today") == 0, "errors are shown, and there were none")
        _expect(grown("tokens_today") > 0, "no tokens are shown")
        for key in ("loaded_models", "response_time", "time_to_first_token", "tokens_per_second"):
            _expect(dashboard.number(after, key) > 0, f"{key} is not shown")

    async def _server_gone(self, account: Account) -> None:
        await self.server.stop()
        before = (await self.ha.state(LIGHT))["state"]
        reply = await self._say(account, "Turn on the kitchen light")
        after = (await self.ha.state(LIGHT))["state"]
        account.tell("state", f"{LIGHT}  {before} → {after}")
        _expect(after == before, "the light changed although nobody could have decided that")
        _expect(not reply.tool_calls, "tools were called without a model")
        _expect_for_people(reply.speech)
        if not self.built_in:
            shown = await dashboard.read(self.ha, self.assistant.entry_id)
            for key in ("status", "version", "errors_today"):
                account.tell(key, shown[key], wide=True)
            _expect(shown["status"] == "off", "the server is shown as if it were there")
            _expect(shown["version"] == "unavailable", "a version is shown without a server")

    async def _server_back(self, account: Account) -> None:
        await self.server.start()
        await self._switch(account, "Turn on the kitchen light", before="off", after="on")
        state = await entry_state(self.ha, self.assistant.entry_id)
        _expect(state == "loaded", f"the entry is '{state}'")

    # What they are made of

    def _of(self, body: Callable[[HomeAssistant, Account], Awaitable[None]]) -> Step:
        """Return a step that asks the model once."""

        async def step(account: Account) -> None:
            self._asked += 1
            await body(self.ha, account)

        return step

    async def _new_agent(self, account: Account, name: str, model: str) -> str:
        agent = await add_agent(self.ha, self.assistant.entry_id, name, model)
        account.tell("agent", f"{agent} with {model}, added through its flow")
        return agent

    async def _switch(
        self,
        account: Account,
        sentence: str,
        *,
        before: str,
        after: str,
        light: str = LIGHT,
        agent: str | None = None,
    ) -> None:
        was = (await self.ha.state(light))["state"]
        reply = await self._say(account, sentence, agent=agent)
        now = await self._settled(light, after)
        account.tell("state", f"{light}  {was} → {now}")
        _expect(was == before, f"the light was '{was}' to begin with")
        _expect(now == after, f"the light is '{now}'")
        _expect(bool(reply.tool_calls), "no tool was called")
        _expect(reply.kind != "error", "the answer is an error")
        _expect_for_people(reply.speech)

    async def _say(
        self,
        account: Account,
        sentence: str,
        *,
        agent: str | None = None,
        conversation_id: str | None = None,
    ) -> Reply:
        """Say something, in a new talk unless one is named."""
        account.tell("you", sentence)
        if conversation_id is None:
            # A yes is carried out without asking the server.
            self._asked += 1
        started = time.monotonic()
        said: Json = {
            "text": sentence,
            "language": "en",
            "agent_id": agent or self.assistant.conversation,
        }
        if conversation_id is not None:
            said["conversation_id"] = conversation_id
        answer: Json = await self.ha.post("/api/conversation/process", said)
        seconds = time.monotonic() - started
        response = answer["response"]
        calls = await self._tool_calls(answer["conversation_id"])
        reply = Reply(
            response["speech"]["plain"]["speech"],
            response["response_type"],
            calls,
            answer["conversation_id"],
            answer["continue_conversation"],
        )
        for call in reply.tool_calls:
            account.tell("tool", call)
        account.tell("answer", f"{reply.speech}  ({seconds:.2f} s)")
        return reply

    async def _tool_calls(self, conversation_id: str) -> tuple[str, ...]:
        """Read from the chat log what the model did since the last sentence."""
        try:
            event: Json = await self.ha.first_event(
                "conversation/chat_log/subscribe", conversation_id=conversation_id
            )
        except CommandError as err:
            # A talk in which nothing was said but an error leaves no log.
            if err.code == "not_found":
                return ()
            raise
        calls: list[str] = []
        for content in event["data"]["content"]:
            if content["role"] == "user":
                calls.clear()
            calls += [_written(call) for call in content.get("tool_calls") or ()]
        return tuple(calls)

    async def _shown(self, account: Account, entity_id: str) -> str:
        """Return a state, and tell it."""
        state: str = (await self.ha.state(entity_id))["state"]
        account.tell("state", f"{entity_id}  {state}")
        return state

    async def _settled(self, entity_id: str, wanted: str) -> str:
        """Return the state once it is the wanted one, or what it is when time is up."""
        deadline = time.monotonic() + STATE_LIMIT
        while True:
            state: str = (await self.ha.state(entity_id))["state"]
            if state == wanted or time.monotonic() > deadline:
                return state
            await asyncio.sleep(0.05)


def complaints(log: Path) -> list[str]:
    """Return what Home Assistant's log holds against the integration."""
    found: list[str] = []
    text = log.read_text(encoding="utf-8", errors="replace")
    # A record begins with a time stamp; a traceback belongs to the record before it.
    for record in re.split(r"^(?=\x1b?\[?[\d;]*m?\d{4}-\d\d-\d\d )", text, flags=re.MULTILINE):
        broken = "Traceback (most recent call last)" in record or " ERROR " in record
        deprecated = "Detected that custom integration 'ollama'" in record
        if deprecated or (broken and "ollama" in record):
            lines = record.strip().splitlines()
            # What happened and what it ended in; what lies between is for the log.
            found.append(lines[0] if len(lines) == 1 else f"{lines[0]} ... {lines[-1]}")
    return found


def _written(call: dict[str, Any]) -> str:
    arguments = ", ".join(
        f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in call["tool_args"].items()
    )
    return f"{call['tool_name']}({arguments})"


def _expect_for_people(speech: str) -> None:
    """Expect something that may be said to somebody."""
    _expect(bool(speech.strip()), "there is no answer")
    for part in UNSPEAKABLE:
        _expect(part not in speech.lower(), f"the answer is not for people ({part!r})")
