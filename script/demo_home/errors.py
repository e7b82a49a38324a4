"""What can go wrong on the way, told in a sentence."""


class DemoError(Exception):
    """The demo can't go on; the text says why and what to do."""


class CommandError(DemoError):
    """Home Assistant refused a WebSocket command."""

    def __init__(self, command: str, code: str, message: str) -> None:
        super().__init__(f"The command {command} failed: {message} ({code})")
        self.code = code
