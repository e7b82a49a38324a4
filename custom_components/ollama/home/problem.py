"""What a tool tells the model when it can't do what was asked.

These texts are for models, which understand English best, and not for users: the model
says it in the user's language.
"""

from typing import Any

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import llm


class ToolProblemError(HomeAssistantError):
    """A call that can't be carried out, with what would help."""

    def __init__(self, message: str, **more: Any) -> None:
        """Take a sentence, and data such as candidates."""
        super().__init__(message)
        self.data: dict[str, Any] = {"error": message, **more}

    @property
    def result(self) -> llm.ToolResult:
        """The result that the model gets."""
        return llm.ToolResult(data=self.data, error=True)
