"""Mending what the repairs point out: see troubles.py."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_MODEL
import probatio

from ..const import (
    CONF_ALLOW_CLOUD_MODELS,
    CONF_ALLOW_PUBLIC_SERVER,
    CONF_NUM_CTX,
    CONF_NUM_CTX_AUTO,
)
from ..managing import users_of
from ..runtime import OllamaConfigEntry
from ..server import CloudModelError, OllamaError, OllamaServer
from ..troubles import (
    CLOUD_MODEL_REFUSED,
    CLOUD_MODEL_USED,
    CONTEXT_TOO_SMALL,
    MODEL_MISSING,
    NUM_CTX_CONFLICT,
    PUBLIC_SERVER_REFUSED,
    PUBLIC_SERVER_USED,
    is_automatic,
    num_ctx_of,
)
from ..voice.assembly import (
    AssemblyError,
    async_as_it_is,
    async_build,
    building,
    pipeline_of,
)
from ..voice.health import (
    CONF_ACCEPTED,
    VOICE_PIPELINE_CHANGED,
    VOICE_PIPELINE_DELETED,
    WATCHED,
    agent_entity,
)
from ..voice.settings import VoiceSettings
from .download import DownloadStep
from .models import (
    async_model_selector,
    async_read_details,
    async_read_models,
    preferred_model,
)
from .server import FormError

_TEXTS: Final = ("server", "agent", "agents", "model", "needed", "window", "fitting", "pipeline")
"""The figures and names that a step may show, as the issue shows them."""


class TroubleFlow(RepairsFlow):
    """What all of these flows share."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Take what the issue is about."""
        self._about = data

    @property
    def _entry(self) -> OllamaConfigEntry | None:
        return self.hass.config_entries.async_get_entry(str(self._about.get("entry_id")))

    @property
    def _user(self) -> ConfigSubentry | None:
        entry = self._entry
        return entry.subentries.get(str(self._about.get("subentry_id"))) if entry else None

    @property
    def _placeholders(self) -> dict[str, str]:
        return {key: str(self._about[key]) for key in _TEXTS if key in self._about}

    def _gone(self) -> RepairsFlowResult:
        """End: the server or the agent was removed, or isn't loaded, in the meantime."""
        return self.async_abort(reason="not_there_any_more")

    def _set_option(self, key: str) -> RepairsFlowResult:
        """Switch an option on, and load the server with it if it isn't loaded."""
        if (entry := self._entry) is None:
            return self._gone()
        self.hass.config_entries.async_update_entry(entry, options={**entry.options, key: True})
        if entry.state is not ConfigEntryState.LOADED:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_create_entry(data={})

    def _set_num_ctx(self, users: Iterable[ConfigSubentry], num_ctx: int) -> None:
        """Give several users of a model the same context window."""
        entry = self._entry
        assert entry is not None
        for user in users:
            data = {key: value for key, value in user.data.items() if key != CONF_NUM_CTX_AUTO}
            self.hass.config_entries.async_update_subentry(
                entry, user, data={**data, CONF_NUM_CTX: num_ctx}
            )


class ConfirmFlow(TroubleFlow):
    """A flow that only asks whether to go on."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show what will be done."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Do it once it is agreed to."""
        if user_input is not None:
            return await self._async_mend()
        return self.async_show_form(
            step_id="confirm",
            data_schema=probatio.Schema({}),
            description_placeholders=self._placeholders,
        )

    async def _async_mend(self) -> RepairsFlowResult:
        raise NotImplementedError


class PublicServerFlow(ConfirmFlow):
    """Allows a server at a public address."""

    async def _async_mend(self) -> RepairsFlowResult:
        return self._set_option(CONF_ALLOW_PUBLIC_SERVER)


class ContextFlow(ConfirmFlow):
    """Raises the context window, for all who use the model: else it would be reloaded."""

    async def _async_mend(self) -> RepairsFlowResult:
        entry, user = self._entry, self._user
        if entry is None or user is None:
            return self._gone()
        self._set_num_ctx(users_of(entry, user.data[CONF_MODEL]), int(self._about["fitting"]))
        return self.async_create_entry(data={})


class ConflictFlow(ConfirmFlow):
    """Gives all users of a model the largest of their context windows."""

    async def _async_mend(self) -> RepairsFlowResult:
        entry = self._entry
        users = users_of(entry, str(self._about.get("model"))) if entry else []
        if not users:
            return self._gone()
        setters = [user for user in users if not is_automatic(user)]
        if setters:
            self._set_num_ctx(setters, max(map(num_ctx_of, setters)))
        return self.async_create_entry(data={})


class ModelFlow(TroubleFlow):
    """Gives an agent a model that it can use: the same one downloaded, or another."""

    menu: tuple[str, ...]

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Begin with the model of the agent."""
        super().__init__(data)
        self._model = str(data.get("model"))
        self._download: DownloadStep | None = None
        self._error: FormError | None = None

    @property
    def _server(self) -> OllamaServer | None:
        entry = self._entry
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        return entry.runtime_data.server

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask which way to go."""
        if self._server is None or self._user is None:
            return self._gone()
        return self.async_show_menu(
            step_id="init",
            menu_options=list(self.menu),
            description_placeholders=self._placeholders,
        )

    async def async_step_allow(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Allow cloud models on this server."""
        return self._set_option(CONF_ALLOW_CLOUD_MODELS)

    async def async_step_download(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Download the model, and show how far that is."""
        if self._download is None:
            entry, server = self._entry, self._server
            if entry is None or server is None:
                return self._gone()
            self._download = DownloadStep(self, server, self._model, entry.entry_id)
        self._error = self._download.error
        result: RepairsFlowResult = self._download.async_show(then="finish", failed="choose")
        return result

    async def async_step_choose(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask for another model; one that isn't on the server is downloaded."""
        if (server := self._server) is None:
            return self._gone()
        if user_input is not None:
            self._error = None
            self._model = user_input[CONF_MODEL].strip()
            return await self._async_use(server)
        return await self._async_show_models(server)

    async def _async_use(self, server: OllamaServer) -> RepairsFlowResult:
        if not self._model:
            self._error = FormError("model_empty", CONF_MODEL)
            return await self._async_show_models(server)
        try:
            await server.models.async_refresh()
            server.check_model(self._model)
        except CloudModelError:
            self._error = FormError("cloud_model", CONF_MODEL)
            return await self._async_show_models(server)
        except OllamaError as err:
            self._error = FormError.from_error(err)
            return await self._async_show_models(server)
        if server.models.find(self._model) is not None:
            return await self.async_step_finish()
        self._download = None
        return await self.async_step_download()

    async def _async_show_models(self, server: OllamaServer) -> RepairsFlowResult:
        error = self._error
        try:
            installed, details = await async_read_models(server)
        except OllamaError as err:
            installed, details = [], {}
            error = error or FormError.from_error(err)
        schema = probatio.Schema(
            {
                probatio.Required(CONF_MODEL): await async_model_selector(
                    self.hass, installed, details
                )
            }
        )
        values = {CONF_MODEL: preferred_model(installed, details)}
        return self.async_show_form(
            step_id="choose",
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=error.errors if error else {},
            description_placeholders=dict(error.placeholders) if error else {},
        )

    async def async_step_finish(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Let the agent use the model that is there now."""
        entry, server, user = self._entry, self._server, self._user
        if entry is None or server is None or user is None:
            return self._gone()
        details = await async_read_details(server, self._model)
        if details is not None and not details.chats:
            self._error = FormError("model_only_embeds", CONF_MODEL)
            return await self._async_show_models(server)
        await entry.runtime_data.coordinator.async_ask_again()
        if self._model != user.data[CONF_MODEL]:
            self.hass.config_entries.async_update_subentry(
                entry, user, data={**user.data, CONF_MODEL: self._model}
            )
        return self.async_create_entry(data={})


class MissingModelFlow(ModelFlow):
    """For a model that the server doesn't have."""

    menu = ("download", "choose")


class CloudModelFlow(ModelFlow):
    """For a model that runs outside the home."""

    menu = ("choose", "allow")


class VoiceTroubleFlow(TroubleFlow):
    """Makes a voice pipeline what it was."""

    menu: tuple[str, ...]

    @property
    def _settings(self) -> VoiceSettings | None:
        """How the pipeline was put together; None where that is gone."""
        try:
            return VoiceSettings.from_data(self._user.data) if self._user else None
        except KeyError:
            return None

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask which way to go."""
        if self._settings is None:
            return self._gone()
        return self.async_show_menu(
            step_id="init",
            menu_options=list(self.menu),
            description_placeholders=self._placeholders,
        )

    async def async_step_restore(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Put the pipeline together again; where that fails, it can be tried once more."""
        async with building(self.hass):
            return await self._async_restore()

    async def _async_restore(self) -> RepairsFlowResult:
        entry, user, settings = self._entry, self._user, self._settings
        if entry is None or user is None or settings is None:
            return self._gone()
        if (agent := agent_entity(self.hass, settings.agent)) is None:
            return self._gone()
        settings = await async_as_it_is(self.hass, settings)
        before = pipeline_of(self.hass, settings.pipeline)
        try:
            pipeline = await async_build(
                self.hass, settings, agent, before.name if before else user.title
            )
        except AssemblyError as err:
            return self.async_show_form(
                step_id="restore",
                data_schema=probatio.Schema({}),
                errors={"base": str(err.translation_key)},
                description_placeholders={
                    **self._placeholders,
                    **(err.translation_placeholders or {}),
                },
            )
        data = replace(settings, pipeline=pipeline).as_data()
        self.hass.config_entries.async_update_subentry(entry, user, data=data)
        return self.async_create_entry(data={})


class VoiceChangedFlow(VoiceTroubleFlow):
    """For a pipeline that somebody has edited."""

    menu = ("restore", "accept")

    async def async_step_accept(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Leave the pipeline as it is now."""
        entry, user, settings = self._entry, self._user, self._settings
        if entry is None or user is None or settings is None:
            return self._gone()
        if (pipeline := pipeline_of(self.hass, settings.pipeline)) is None:
            return self._gone()
        accepted = {name: getattr(pipeline, name) for name in WATCHED}
        self.hass.config_entries.async_update_subentry(
            entry, user, data={**user.data, CONF_ACCEPTED: accepted}
        )
        return self.async_create_entry(data={})


class VoiceDeletedFlow(VoiceTroubleFlow):
    """For a pipeline that somebody has deleted."""

    menu = ("restore", "forget")

    async def async_step_forget(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Remove what is left of it here."""
        entry, user = self._entry, self._user
        if entry is None or user is None:
            return self._gone()
        self.hass.config_entries.async_remove_subentry(entry, user.subentry_id)
        return self.async_create_entry(data={})


_FLOWS: Final[Mapping[str, type[TroubleFlow]]] = {
    CLOUD_MODEL_REFUSED: CloudModelFlow,
    CLOUD_MODEL_USED: CloudModelFlow,
    CONTEXT_TOO_SMALL: ContextFlow,
    MODEL_MISSING: MissingModelFlow,
    NUM_CTX_CONFLICT: ConflictFlow,
    PUBLIC_SERVER_REFUSED: PublicServerFlow,
    PUBLIC_SERVER_USED: PublicServerFlow,
    VOICE_PIPELINE_CHANGED: VoiceChangedFlow,
    VOICE_PIPELINE_DELETED: VoiceDeletedFlow,
}


def repair_flow(data: Mapping[str, Any]) -> TroubleFlow:
    """Return the flow for an issue, by what the issue holds."""
    return _FLOWS[str(data.get("key"))](data)
