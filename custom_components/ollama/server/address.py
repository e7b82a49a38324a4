"""The address of a server, as people write it."""

from collections.abc import Hashable

from yarl import URL

DEFAULT_PORT = 11434
_SCHEMES = frozenset({"http", "https"})
# What people copy from another program's settings; the client adds its own path.
_API_PATHS = ("/api", "/v1")


def complete_url(text: str) -> str:
    """Return the base URL for what somebody typed: a host, host:port, or a URL.

    Without a scheme it is http, and then without a port it is Ollama's own. A URL keeps
    its scheme's port, since that is how a reverse proxy is reached.

    Raises ValueError when it isn't an address, or when it carries a user name or a
    password: those would be dropped by the client.
    """
    text = text.strip()
    has_scheme = "://" in text
    if not has_scheme:
        if text.count(":") > 1 and not text.startswith("["):
            text = f"[{text}]"  # a bare IPv6 address
        text = f"http://{text}"
    url = URL(text)
    if url.scheme not in _SCHEMES or not url.host or " " in url.host:
        raise ValueError("not an address")
    if url.user or url.password:
        raise ValueError("credentials in the address")
    if not has_scheme and url.explicit_port is None:
        url = url.with_port(DEFAULT_PORT)
    path = url.path.rstrip("/")
    for api_path in _API_PATHS:
        path = path.removesuffix(api_path)
    return str(url.with_path(path).with_query(None)).rstrip("/")


def host_of(url: str) -> str:
    """Return the host of an address, however it is written; empty when it is none.

    Entries of core's may hold a user name and a password in it, which the client drops.
    """
    text = url.strip()
    for candidate in (complete_url, str):
        try:
            return URL(candidate(text if "://" in text else f"http://{text}")).host or ""
        except ValueError:
            continue
    return ""


def same_server(one: str, other: str) -> bool:
    """Whether two base URLs lead to the same place."""
    return comparable(one) == comparable(other)


def comparable(text: str) -> Hashable:
    """Return a base URL in the form in which it can be compared, however it is written."""
    try:
        url = URL(complete_url(text))
    except ValueError:
        return text
    return (url.scheme, (url.host or "").lower(), url.port, url.path.rstrip("/"))
