"""Adding and changing a voice pipeline: servers, then language and agent, then the voice."""

import asyncio
from collections.abc import Mapping
import contextlib
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_LANGUAGE, CONF_NAME
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    LanguageSelector,
    LanguageSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import probatio

from ..const import CONF_POLICIES, SUBENTRY_CONVERSATION
from ..home import Policy, Rule
from ..runtime import time_limits
from ..server import HostKind, async_addresses, kind_of
from ..server.lenient import as_text
from ..settings import ServerSettings
from ..voice.assembly import (
    AssemblyError,
    async_as_it_is,
    async_build,
    building,
    pipeline_of,
)
from ..voice.health import agent_entity
from ..voice.languages import best_match, common_languages
from ..voice.probe import PlaceError, VoiceServerError, async_probe, parse_place, shown
from ..voice.records import Part, Place, Server, Service, Voice
from ..voice.settings import (
    CONF_AGENT,
    CONF_PIPELINE,
    CONF_PREFER_LOCAL,
    CONF_STT,
    CONF_TTS,
    CONF_VOICE,
    CONF_WAKE,
    CONF_WAKE_WORD,
    VoiceSettings,
)
from .server import FormError
from .voice_servers import Offered, async_offered, offered_for, place_selector

DEFAULT_VOICE_NAME: Final = "Ollama Voice"

_FIELDS: Final[Mapping[str, Part]] = {
    CONF_STT: Part.STT,
    CONF_TTS: Part.TTS,
    CONF_WAKE: Part.WAKE,
}
_WRONG_KIND: Final[Mapping[Part, str]] = {
    Part.STT: "voice_does_not_hear",
    Part.TTS: "voice_does_not_speak",
    Part.WAKE: "voice_does_not_wake",
}
_MOST_SHOWN: Final = 12
"""Languages in the text of an error."""


class VoiceFlow(ConfigSubentryFlow):
    """Adds or changes a voice pipeline."""

    def __init__(self) -> None:
        """Start with nothing chosen."""
        self._offered: list[Offered] = []
        self._servers: dict[Part, Server] = {}
        self._languages: list[str] = []
        self._name = DEFAULT_VOICE_NAME
        self._language = ""
        self._agent = ""
        self._pipeline: str | None = None
        self._before: VoiceSettings | None = None

    @property
    def _is_new(self) -> bool:
        return self.source == SOURCE_USER

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose the servers of a new one."""
        return await self._async_step_servers(user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose the servers of one that is there."""
        if user_input is None:
            await self._async_read_settings()
        return await self._async_step_servers(user_input)

    async def _async_read_settings(self) -> None:
        """Read what the form begins with; what can't be read is asked for as if it were new."""
        subentry = self._get_reconfigure_subentry()
        self._name = subentry.title
        with contextlib.suppress(KeyError):
            before = VoiceSettings.from_data(subentry.data)
            self._before = await async_as_it_is(self.hass, before)
            if (pipeline := pipeline_of(self.hass, before.pipeline)) is not None:
                self._name = pipeline.name

    # The servers

    async def _async_step_servers(self, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        if self._get_entry().state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if not self._agents:
            return self.async_abort(reason="no_agent")
        if user_input is not None:
            return await self._async_use_servers(user_input)
        self._offered = await async_offered(self.hass, self._get_entry())
        return self._show_servers(self._known_places(), {})

    def _known_places(self) -> dict[str, str]:
        """Return what stands in the form at first: what is used, else the first that is known."""
        if (before := self._before) is not None:
            places = {CONF_STT: before.stt, CONF_TTS: before.tts, CONF_WAKE: before.wake}
            return {name: shown(place) for name, place in places.items() if place is not None}
        return {
            name: shown(known[0].place)
            for name, part in _FIELDS.items()
            if part is not Part.WAKE and (known := offered_for(part, self._offered))
        }

    def _show_servers(
        self,
        values: Mapping[str, Any],
        errors: dict[str, str],
        placeholders: Mapping[str, str] | None = None,
    ) -> SubentryFlowResult:
        fields: dict[Any, Any] = {
            (probatio.Optional if part is Part.WAKE else probatio.Required)(name): place_selector(
                offered_for(part, self._offered)
            )
            for name, part in _FIELDS.items()
        }
        return self.async_show_form(
            step_id="user" if self._is_new else "reconfigure",
            data_schema=self.add_suggested_values_to_schema(probatio.Schema(fields), values),
            errors=errors,
            description_placeholders=dict(placeholders or {}),
            last_step=False,
        )

    async def _async_use_servers(self, user_input: dict[str, Any]) -> SubentryFlowResult:
        typed = {name: text for name in _FIELDS if (text := (user_input.get(name) or "").strip())}
        answers = await asyncio.gather(
            *(self._async_try(name, text) for name, text in typed.items())
        )
        wrong = [answer for answer in answers if isinstance(answer, FormError)]
        # What was emptied and is needed counts as mistyped.
        wrong += [
            FormError("voice_place_invalid", name)
            for name, part in _FIELDS.items()
            if name not in typed and part is not Part.WAKE
        ]
        if wrong:
            errors = {where: key for one in wrong for where, key in one.errors.items()}
            words = {key: word for one in wrong for key, word in one.placeholders.items()}
            return self._show_servers(user_input, errors, words)
        self._servers = {
            _FIELDS[name]: answer
            for name, answer in zip(typed, answers, strict=True)
            if isinstance(answer, Server)
        }
        hears, speaks = self._service(Part.STT), self._service(Part.TTS)
        self._languages = common_languages(hears.languages, speaks.languages)
        if not self._languages:
            return self._show_servers(
                user_input,
                {"base": "voice_no_common_language"},
                {"heard": _listed(hears), "spoken": _listed(speaks)},
            )
        return await self.async_step_language()

    async def _async_try(self, name: str, text: str) -> Server | FormError:
        """Return what a server is, or what the form says about it."""
        part = _FIELDS[name]
        try:
            place = parse_place(text, part)
            if await self._async_leads_out(place):
                return FormError("voice_public_server", name)
            server = await async_probe(place, time_limits(self.hass))
        except PlaceError as err:
            return FormError(err.key, name)
        except VoiceServerError as err:
            return FormError(err.key, name, err.translation_placeholders or {})
        if server.service(part) is None:
            does = ", ".join(service.name for service in server.services)
            # Each field has a word of its own: two servers mixed up are told of at once.
            return FormError(_WRONG_KIND[part], name, {f"{name}_program": does})
        return server

    async def _async_leads_out(self, place: Place) -> bool:
        """Whether what is said would leave the home, and that isn't allowed."""
        if ServerSettings.from_options(self._get_entry().options).privacy.allow_public_server:
            return False
        host = f"[{place.host}]" if ":" in place.host else place.host
        addresses = await async_addresses(f"http://{host}", time_limits(self.hass).voice_connect)
        return kind_of(addresses) is HostKind.PUBLIC

    def _service(self, part: Part) -> Service:
        service = self._servers[part].service(part)
        assert service is not None
        return service

    # Language and agent

    async def async_step_language(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the name, the language and the agent."""
        if user_input is not None:
            self._name = user_input.get(CONF_NAME, "").strip() or DEFAULT_VOICE_NAME
            self._language = user_input[CONF_LANGUAGE]
            self._agent = user_input[CONF_AGENT]
            return await self.async_step_voice()
        before = self._before
        agents = self._agents
        values = {
            CONF_NAME: self._name,
            CONF_LANGUAGE: self._suggested_language(before),
            CONF_AGENT: before.agent if before and before.agent in agents else next(iter(agents)),
        }
        schema = probatio.Schema(
            {
                probatio.Required(CONF_NAME): TextSelector(),
                probatio.Required(CONF_LANGUAGE): LanguageSelector(
                    LanguageSelectorConfig(languages=self._languages)
                ),
                probatio.Required(CONF_AGENT): _choice(agents),
            }
        )
        return self.async_show_form(
            step_id="language",
            data_schema=self.add_suggested_values_to_schema(schema, values),
            last_step=False,
        )

    def _suggested_language(self, before: VoiceSettings | None) -> str:
        config = self.hass.config
        wanted = [config.language]
        if config.country and "-" not in config.language:
            wanted.insert(0, f"{config.language}-{config.country}")
        if before is not None:
            wanted.insert(0, before.language)
        matches = (best_match(language, self._languages) for language in wanted)
        return next(filter(None, matches), self._languages[0])

    @property
    def _agents(self) -> dict[str, str]:
        """The agents of this server that are in use, by the ids of their subentries."""
        registry = er.async_get(self.hass)
        known = {
            subentry.subentry_id: subentry.title
            for subentry in self._get_entry().get_subentries_of_type(SUBENTRY_CONVERSATION)
        }
        return {
            subentry_id: title
            for subentry_id, title in known.items()
            if (entity_id := agent_entity(self.hass, subentry_id))
            and (entity := registry.async_get(entity_id))
            and entity.disabled_by is None
        }

    # Voice

    async def async_step_voice(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the voice, and for what is left."""
        if user_input is not None:
            return await self._async_finish(user_input)
        before = self._before
        values: dict[str, Any] = {CONF_PREFER_LOCAL: False}
        if before is not None:
            values = {
                CONF_VOICE: before.voice if before.voice in self._voices else None,
                CONF_WAKE_WORD: before.wake_word if before.wake_word in self._wake_words else None,
                CONF_PREFER_LOCAL: before.prefer_local_intents,
            }
        if self._voices and values.get(CONF_VOICE) is None:
            values[CONF_VOICE] = next(iter(self._voices))
        return self._show_voice(values)

    async def async_step_voice_without_rules(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask the same, for an agent that may do everything: the text holds no warning."""
        return await self.async_step_voice(user_input)

    def _show_voice(
        self, values: Mapping[str, Any], error: FormError | None = None
    ) -> SubentryFlowResult:
        fields: dict[Any, Any] = {}
        if self._voices:
            fields[probatio.Required(CONF_VOICE)] = _choice(self._voices)
        if self._wake_words:
            fields[probatio.Optional(CONF_WAKE_WORD)] = _choice(self._wake_words)
        fields[probatio.Required(CONF_PREFER_LOCAL)] = BooleanSelector()
        return self.async_show_form(
            step_id="voice" if self._has_rules else "voice_without_rules",
            data_schema=self.add_suggested_values_to_schema(probatio.Schema(fields), values),
            errors=error.errors if error else {},
            description_placeholders=dict(error.placeholders) if error else {},
            last_step=True,
        )

    @property
    def _voices(self) -> dict[str, str]:
        """The voices of the language, by name: those of its own region, where it has one."""
        voices = [
            voice
            for voice in self._service(Part.TTS).voices
            if best_match(self._language, voice.languages) is not None
        ]
        own = [voice for voice in voices if _speaks_exactly(voice, self._language)]
        shown_ones = sorted(own or voices, key=lambda voice: voice.title)
        return {voice.name: voice.title for voice in shown_ones}

    @property
    def _wake_words(self) -> dict[str, str]:
        if Part.WAKE not in self._servers:
            return {}
        words = self._service(Part.WAKE).models
        return {word: word.replace("_", " ") for word in words}

    @property
    def _has_rules(self) -> bool:
        """Whether plain commands that go past the agent would go past its rules."""
        policies = self._get_entry().options.get(CONF_POLICIES) or {}
        policy = Policy.from_data(policies.get(self._agent) or {})
        return any(rule is not Rule.ALLOW for rule in policy.rules.values())

    # The end

    async def _async_finish(self, user_input: dict[str, Any]) -> SubentryFlowResult:
        agent = agent_entity(self.hass, self._agent)
        if agent is None:
            return self.async_abort(reason="no_agent")
        try:
            async with building(self.hass):
                # Kept: after an error further on there must not be a second one.
                self._pipeline = await async_build(
                    self.hass, self._settings(user_input), agent, self._name
                )
        except AssemblyError as err:
            error = FormError(
                str(err.translation_key), placeholders=err.translation_placeholders or {}
            )
            return self._show_voice(user_input, error)
        data = self._settings(user_input).as_data()
        if self._is_new:
            return self.async_create_entry(title=self._name, data=data)
        return self.async_update_and_abort(
            self._get_entry(), self._get_reconfigure_subentry(), title=self._name, data=data
        )

    def _settings(self, user_input: Mapping[str, Any]) -> VoiceSettings:
        wakes = self._servers.get(Part.WAKE)
        return VoiceSettings(
            stt=self._servers[Part.STT].place,
            tts=self._servers[Part.TTS].place,
            language=self._language,
            voice=user_input.get(CONF_VOICE),
            agent=self._agent,
            prefer_local_intents=user_input[CONF_PREFER_LOCAL],
            wake=wakes.place if wakes else None,
            wake_word=user_input.get(CONF_WAKE_WORD),
            pipeline=self._pipeline or self._made_before(),
        )

    def _made_before(self) -> str | None:
        """Return the id of the pipeline to change; a repair may have made it anew by now."""
        if self._is_new:
            return None
        return as_text(self._get_reconfigure_subentry().data.get(CONF_PIPELINE)) or None


def _choice(options: Mapping[str, str]) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=key, label=label) for key, label in options.items()],
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def _speaks_exactly(voice: Voice, language: str) -> bool:
    """Whether a voice has the region of a language, such as `en_GB` of `en-GB`."""
    if "-" not in language:
        return True
    return any(tag.replace("_", "-").lower() == language.lower() for tag in voice.languages)


def _listed(service: Service) -> str:
    """Return the languages of a service as an error shows them."""
    shown_tags = ", ".join(service.languages[:_MOST_SHOWN])
    return f"{shown_tags}, …" if len(service.languages) > _MOST_SHOWN else shown_tags or "?"
