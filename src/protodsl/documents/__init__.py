"""The documents people read: model → view (plain data, computed once) → templates."""

from protodsl.documents.render import Format, RenderError, render
from protodsl.documents.view import summary

__all__ = ["Format", "RenderError", "render", "summary"]
