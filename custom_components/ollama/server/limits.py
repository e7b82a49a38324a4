"""How long anything may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Every time limit of the integration, in seconds.

    They stand in one place so that tests can set tenths of a second.
    """

    connect: float = 5.0
    """Opening a connection, name resolution and TLS included."""

    short: float = 10.0
    """A request that the server answers from memory: version, list, ps, show."""

    queue: float = 240.0
    """Waiting until the server has generated what came before."""

    patient_queue: float = 3600.0
    """The same for what nobody waits for, and which gives way to others."""

    first_chunk: float = 180.0
    """From the request to the first chunk of an answer.

    A cold 70B model loads for minutes, and a queued request gets no headers
    before its turn.
    """

    between_chunks: float = 60.0
    """Between two chunks of an answer."""

    answer: float = 600.0
    """A whole answer. A model that never stops ends here."""

    turn: float = 240.0
    """After this, a turn makes no more calls and comes to an answer."""

    facts: float = 15.0
    """Reading one section of a briefing: a calendar or a forecast may ask the internet."""

    first_news: float = 2.0
    """After a download was begun, until whoever began it is told that it goes on."""

    pull_retry: float = 10.0
    """After a download broke off, before it is taken up again."""

    pull_chunk: float = 600.0
    """Between two progress lines of a download.

    The server says nothing while it checks the digest of a large file.
    """

    voice_connect: float = 3.0
    """Opening a connection to a speech server."""

    voice_info: float = 5.0
    """Until a speech server has told what it is."""

    voice_audio: float = 60.0
    """Until a speech server has heard or spoken a test sentence."""

    probe: float = 1.0
    """Trying all the likely places of a server, all together."""
