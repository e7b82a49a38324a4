"""Adding and changing a server; its first agent is added in flows/first_model.py."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_ZEROCONF,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
    ConfigSubentryData,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import callback
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from homeassistant.util.network import is_ip_address
from yarl import URL

from .const import (
    CONF_ALLOW_PUBLIC_SERVER,
    CONF_HEADERS,
    CONF_KEPT,
    CONF_KEPT_CLOUD_MODELS,
    CONF_KEPT_PUBLIC_SERVER,
    DOMAIN,
    ENTRY_MINOR_VERSION,
    ENTRY_VERSION,
    SUBENTRY_AI_TASK,
    SUBENTRY_CONVERSATION,
)
from .flows.agent import AgentFlow
from .flows.discovery import async_find_server
from .flows.first_model import FirstModelFlow
from .flows.options import ServerOptionsFlow
from .flows.server import (
    REAUTH_SCHEMA,
    SERVER_SCHEMA,
    FormError,
    FormInvalidError,
    as_form,
    async_check_server,
    read_form,
    read_privacy,
    read_secrets,
)
from .flows.task import TaskFlow
from .flows.voice import VoiceFlow
from .runtime import CONNECTION_KEYS, connection_from, time_limits, url_of
from .server import (
    HostKind,
    OllamaServer,
    Privacy,
    complete_url,
    host_of,
    kind_of,
    same_server,
)
from .server.address import DEFAULT_PORT
from .settings import ServerSettings
from .voice.settings import SUBENTRY_VOICE

_IPV6 = 6


class OllamaConfigFlow(FirstModelFlow, domain=DOMAIN):
    """The flows of an entry."""

    VERSION = ENTRY_VERSION
    MINOR_VERSION = ENTRY_MINOR_VERSION

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._privacy = Privacy()
        self._discovery_error: FormError | None = None

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to a server."""
        return {
            SUBENTRY_CONVERSATION: AgentFlow,
            SUBENTRY_AI_TASK: TaskFlow,
            SUBENTRY_VOICE: VoiceFlow,
        }

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow for the settings of a server."""
        return ServerOptionsFlow()

    # A new server

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address, with a place that answers filled in."""
        if user_input is None:
            found = await async_find_server(self.hass, self._known_urls())
            return self._show_server_form("user", as_form({CONF_URL: found}))
        return await self._async_use_server("user", user_input)

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Take a server that announces itself."""
        address = discovery_info.ip_address
        host = f"[{address}]" if address.version == _IPV6 else str(address)
        url = complete_url(f"{host}:{discovery_info.port or DEFAULT_PORT}")
        known = await self.async_set_unique_id(discovery_info.name)
        if known is not None:
            self._follow(known, url)
            return self.async_abort(reason="already_configured")
        if self._is_known(url):
            return self.async_abort(reason="already_configured")
        error = await async_check_server(self.hass, {CONF_URL: url}, Privacy())
        if error is not None and error.key != "invalid_auth":
            # Nobody asked for it, so nobody is told: it announces itself again.
            return self.async_abort(reason="cannot_connect")
        self._data = {CONF_URL: url}
        self.context["configuration_url"] = url
        self.context["title_placeholders"] = {"name": discovery_info.name.partition(".")[0]}
        self._discovery_error = error
        return await self.async_step_zeroconf_confirm()

    async def async_step_zeroconf_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Confirm a discovered server, with a key where it wants one."""
        if user_input is None:
            return self._show_server_form(
                "zeroconf_confirm", as_form(self._data), self._discovery_error
            )
        return await self._async_use_server("zeroconf_confirm", user_input)

    async def _async_use_server(self, step_id: str, user_input: dict[str, Any]) -> ConfigFlowResult:
        try:
            data = read_form(user_input)
        except FormInvalidError as err:
            return self._show_server_form(step_id, user_input, err.error)
        if self._is_known(data[CONF_URL]):
            return self.async_abort(reason="already_configured")
        privacy = read_privacy(user_input)
        if (error := await async_check_server(self.hass, data, privacy)) is not None:
            return self._show_server_form(step_id, user_input, error)
        self._close_server()
        self._data = data
        self._privacy = privacy
        self._server = OllamaServer(connection_from(data), time_limits(self.hass), privacy)
        return await self.async_step_model()

    @override
    def _create(self, subentries: tuple[ConfigSubentryData, ...]) -> ConfigFlowResult:
        url = self._data[CONF_URL]
        if self._is_known(url):
            # Added by another dialog while this one was open.
            return self.async_abort(reason="already_configured")
        self._abort_discovery_of(url)
        return self.async_create_entry(
            title=url, data=self._data, options=self._options, subentries=subentries
        )

    @property
    def _options(self) -> dict[str, Any]:
        """The options of a new entry; that they tell what is kept marks it as our own."""
        kept = {CONF_KEPT_CLOUD_MODELS: [], CONF_KEPT_PUBLIC_SERVER: False}
        options: dict[str, Any] = {CONF_KEPT: kept}
        if self._privacy.allow_public_server:
            options[CONF_ALLOW_PUBLIC_SERVER] = True
        return options

    # A server that is there

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start when the server refused the key."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the key, and for the headers that may carry one."""
        entry = self._get_reauth_entry()
        error: FormError | None = None
        if user_input is not None:
            # A key in the options would win over the new one.
            options = _without_secrets(entry.options)
            try:
                data = _without_secrets(entry.data) | read_secrets(user_input)
            except FormInvalidError as err:
                error = err.error
            else:
                privacy = ServerSettings.from_options(options).privacy
                error = await async_check_server(self.hass, {**data, **options}, privacy)
                if error is None:
                    self._update(entry, data=data, options=options)
                    return self.async_abort(reason="reauth_successful")
        values = user_input or as_form({**entry.data, **entry.options})
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(REAUTH_SCHEMA, values),
            errors=error.errors if error else {},
            description_placeholders={
                "name": entry.title,
                **(error.placeholders if error else {}),
            },
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change how a server is reached; its agents stay."""
        entry = self._get_reconfigure_entry()
        if user_input is None:
            return self._show_server_form("reconfigure", as_form({**entry.data, **entry.options}))
        try:
            new = read_form(user_input)
        except FormInvalidError as err:
            return self._show_server_form("reconfigure", user_input, err.error)
        if self._is_known(new[CONF_URL], but=entry):
            return self.async_abort(reason="already_configured")
        privacy = read_privacy(user_input)
        kept = dict(entry.options.get(CONF_KEPT) or {})
        if kept.get(CONF_KEPT_PUBLIC_SERVER) and same_server(url_of(entry), new[CONF_URL]):
            privacy = replace(privacy, kept_public_server=True)
        if (error := await async_check_server(self.hass, new, privacy)) is not None:
            return self._show_server_form("reconfigure", user_input, error)
        kept[CONF_KEPT_PUBLIC_SERVER] = privacy.kept_public_server
        options = _without(entry.options, (*CONNECTION_KEYS, CONF_ALLOW_PUBLIC_SERVER))
        if privacy.allow_public_server:
            options[CONF_ALLOW_PUBLIC_SERVER] = True
        self._update(
            entry,
            title=_title(entry, new[CONF_URL]),
            data=_without(entry.data, CONNECTION_KEYS) | new,
            options={**options, CONF_KEPT: kept},
        )
        return self.async_abort(reason="reconfigure_successful")

    # Parts

    @callback
    @override
    def async_remove(self) -> None:
        """Close the flow's own client, also when the dialog is given up.

        A download that goes on keeps it open until it has ended.
        """
        self._close_server()

    def _close_server(self) -> None:
        if self._server is not None:
            self.hass.async_create_task(self._server.async_close(), "ollama flow client")

    @override
    def _show_server_form(
        self, step_id: str, values: Mapping[str, Any], error: FormError | None = None
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(SERVER_SCHEMA, values),
            errors=error.errors if error else {},
            description_placeholders=dict(error.placeholders) if error else {},
            # A new server is asked for its models next.
            last_step=step_id == "reconfigure",
        )

    def _known_urls(self, but: ConfigEntry | None = None) -> list[str]:
        return [
            url_of(entry)
            for entry in self._async_current_entries(include_ignore=False)
            if but is None or entry.entry_id != but.entry_id
        ]

    def _is_known(self, url: str, but: ConfigEntry | None = None) -> bool:
        return any(same_server(url, other) for other in self._known_urls(but))

    def _abort_discovery_of(self, url: str) -> None:
        """Take a server off the list of discovered ones when it was added by hand."""
        flows = self.hass.config_entries.flow
        for flow in flows.async_progress_by_handler(
            DOMAIN, match_context={"source": SOURCE_ZEROCONF}
        ):
            found = flow["context"].get("configuration_url")
            if flow["flow_id"] != self.flow_id and found and same_server(url, found):
                flows.async_abort(flow["flow_id"])

    def _follow(self, entry: ConfigEntry, url: str) -> None:
        """Take a new address of a server that has moved.

        Only where the old one is a bare address as the discovery gave it: a name or a
        proxy was the owner's choice. An ignored server has no address at all. And nobody
        leads out of the home by announcing something.
        """
        old = URL(entry.data.get(CONF_URL, ""))
        if old.scheme != "http" or not old.host or not is_ip_address(old.host):
            return
        leads_out = kind_of([host_of(url)]) is HostKind.PUBLIC
        allowed = entry.options.get(CONF_ALLOW_PUBLIC_SERVER) or same_server(url, str(old))
        if not leads_out or allowed:
            self._update(entry, title=_title(entry, url), data={**entry.data, CONF_URL: url})

    def _update(self, entry: ConfigEntry, **changes: Any) -> None:
        """Change an entry, and load it with what is new.

        A loaded entry watches itself and reloads where it must; one that failed to
        load has nobody to do that.
        """
        self.hass.config_entries.async_update_entry(entry, **changes)
        if entry.state is not ConfigEntryState.LOADED:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)


def _title(entry: ConfigEntry, url: str) -> str:
    """Return the title for a new address; one that the owner chose stays."""
    return url if entry.title == url_of(entry) else entry.title


def _without(data: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in keys}


def _without_secrets(data: Mapping[str, Any]) -> dict[str, Any]:
    return _without(data, (CONF_API_KEY, CONF_HEADERS))
