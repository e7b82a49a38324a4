"""Automations that a model writes: asked for, checked, saved."""

from .saving import async_save
from .shape import as_yaml
from .writing import Draft, async_write

__all__ = ["Draft", "as_yaml", "async_save", "async_write"]
