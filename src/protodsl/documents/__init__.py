"""The documents people read: model → view (plain data, computed once) → templates."""

from protodsl.documents.changes import changes
from protodsl.documents.compare import compare
from protodsl.documents.house import House, RenderError
from protodsl.documents.house import load as load_house
from protodsl.documents.language import LANGUAGES, Language, speaking
from protodsl.documents.lay import lay
from protodsl.documents.render import Format, laid_out, render
from protodsl.documents.view import summary

__all__ = [
    "LANGUAGES", "Format", "House", "Language", "RenderError", "changes", "compare", "laid_out", "lay",
    "load_house", "render", "speaking", "summary",
]  # fmt: skip
