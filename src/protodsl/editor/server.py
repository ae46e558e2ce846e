"""The language server: `Desk` behind the Language Server Protocol, over standard input and output.

One worker thread does all the work, in the order in which it comes; the loop that reads messages is never
kept waiting. A file is checked a moment after the last keystroke, and an answer that is overtaken by another
keystroke is not sent.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from protodsl import __version__
from protodsl.diagnostics import Diagnostic
from protodsl.editor.desk import Desk, path_of
from protodsl.editor.symbols import Symbol
from protodsl.source import Source, Span

PAUSE = 0.05
"""Seconds without a keystroke before a file is checked."""

Made = TypeVar("Made")
_SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "info": lsp.DiagnosticSeverity.Information,
}
_OFFERS = {
    "field": lsp.CompletionItemKind.Field,
    "keyword": lsp.CompletionItemKind.Keyword,
    "unit": lsp.CompletionItemKind.Unit,
    "timepoint": lsp.CompletionItemKind.Event,
}
_SYMBOLS = {
    "protocol": lsp.SymbolKind.Module,
    "stage": lsp.SymbolKind.Namespace,
    "cohort": lsp.SymbolKind.Namespace,
    "inclusion": lsp.SymbolKind.Method,
    "exclusion": lsp.SymbolKind.Method,
    "part": lsp.SymbolKind.Field,
    "timepoint": lsp.SymbolKind.Event,
    "scenario": lsp.SymbolKind.Event,
    "define": lsp.SymbolKind.Function,
    "measure": lsp.SymbolKind.Function,
}


class Server(LanguageServer):
    """The server with its desk and its one worker."""

    def __init__(self) -> None:
        super().__init__("protodsl", __version__)
        self.desk = Desk()
        self.worker = ThreadPoolExecutor(max_workers=1)
        self.waiting: dict[str, asyncio.Task[None]] = {}

    async def ask(self, work: Callable[[], Made]) -> Made | None:
        """Work done by the worker; None, and a line in the editor's log, where it fails: that is our mistake,
        and no reason to leave the author alone.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self.worker, work)
        except Exception as problem:
            words = f"protodsl: {type(problem).__name__}: {problem}"
            self.window_log_message(lsp.LogMessageParams(lsp.MessageType.Error, words[:500]))
            return None

    # ------------------------------------------------------------ places

    def offset(self, uri: str, position: lsp.Position) -> int:
        """A character offset, from a position counted in what the client counts in (UTF-16, mostly)."""
        return self.workspace.get_text_document(uri).offset_at_position(position)

    def range(self, uri: str, source: Source, start: int, end: int) -> lsp.Range:
        """A range in the client's units. `source`: the text the offsets belong to."""
        return lsp.Range(self.position(source, start), self.position(source, end))

    def position(self, source: Source, offset: int) -> lsp.Position:
        line, column = source.position(offset)
        before = source.line(line)[: column - 1]
        units = self.workspace.position_codec.client_num_units(before)
        return lsp.Position(line - 1, units)

    def location(self, span: Span) -> lsp.Location:
        source = Source(span.path, self.desk.text(span.path))
        uri = self.uri(span.path)
        return lsp.Location(uri, self.range(uri, source, span.start, span.end))

    def uri(self, path: str) -> str:
        known = next((uri for uri in self.workspace.text_documents if path_of(uri) == path), None)
        return known or Path(path).absolute().as_uri()

    # ------------------------------------------------------------ checking

    def changed(self, uri: str) -> None:
        """Take the text as it is now, and check it once the author pauses."""
        document = self.workspace.get_text_document(uri)
        path, text, version = path_of(uri), document.source, document.version
        self.worker.submit(self.desk.edit, path, text)
        before = self.waiting.pop(uri, None)
        if before is not None:
            before.cancel()
        self.waiting[uri] = asyncio.get_running_loop().create_task(self.soon(uri, path, text, version))

    async def soon(self, uri: str, path: str, text: str, version: int | None) -> None:
        await asyncio.sleep(PAUSE)
        result = await self.ask(lambda: self.desk.check(path))
        document = self.workspace.text_documents.get(uri)
        if result is None or document is None or document.version != version:
            return
        source = Source(path, text)
        found = [self.diagnostic(uri, source, one) for one in result.diagnostics if one.span.path == path]
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found, version))

    def diagnostic(self, uri: str, source: Source, one: Diagnostic) -> lsp.Diagnostic:
        said = one.message if one.help is None else f"{one.message}\n{one.help}"
        data: dict[str, Any] | None = None
        if one.fix is not None and one.fix.span.path == source.path:
            data = {"title": one.fix.title, "text": one.fix.replacement}
            data["range"] = _plain(self.range(uri, source, one.fix.span.start, one.fix.span.end))
        related = [
            lsp.DiagnosticRelatedInformation(
                lsp.Location(uri, self.range(uri, source, label.span.start, label.span.end)), label.text
            )
            for label in one.labels
            if label.span.path == source.path and label.text
        ]
        return lsp.Diagnostic(
            range=self.range(uri, source, one.span.start, max(one.span.end, one.span.start + 1)),
            severity=_SEVERITIES[one.severity],
            code=one.code,
            source="protodsl",
            message=said,
            related_information=related or None,
            data=data,
        )


def _plain(where: lsp.Range) -> list[int]:
    return [where.start.line, where.start.character, where.end.line, where.end.character]


def make() -> Server:
    """A server with every feature it offers."""
    server = Server()

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        server.changed(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        server.changed(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        # Another file may use this one; what is open is checked again.
        for uri in list(server.workspace.text_documents):
            server.changed(uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        task = server.waiting.pop(uri, None)
        if task is not None:
            task.cancel()
        await server.ask(lambda: server.desk.close(path_of(uri)))
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        uri = params.text_document.uri
        offset, path = server.offset(uri, params.position), path_of(uri)
        found = await server.ask(lambda: server.desk.hover(path, offset))
        if found is None:
            return None
        text = await server.ask(lambda: server.desk.text(path)) or ""
        where = server.range(uri, Source(path, text), found.span.start, found.span.end)
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, found.text), where)

    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[" ", "["]))
    async def completion(params: lsp.CompletionParams) -> lsp.CompletionList:
        uri = params.text_document.uri
        offset, path = server.offset(uri, params.position), path_of(uri)
        offers = await server.ask(lambda: server.desk.complete(path, offset)) or []
        items = [
            lsp.CompletionItem(
                label=one.word,
                kind=_OFFERS.get(one.kind, lsp.CompletionItemKind.Variable),
                detail=one.detail or one.kind,
                sort_text=f"{number:05}",
            )
            for number, one in enumerate(offers)
        ]
        return lsp.CompletionList(is_incomplete=False, items=items)

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    async def definition(params: lsp.DefinitionParams) -> lsp.Location | None:
        uri = params.text_document.uri
        offset, path = server.offset(uri, params.position), path_of(uri)
        span = await server.ask(lambda: server.desk.definition(path, offset))
        return None if span is None else await server.ask(lambda: server.location(span))

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    async def references(params: lsp.ReferenceParams) -> list[lsp.Location]:
        uri = params.text_document.uri
        offset, path = server.offset(uri, params.position), path_of(uri)

        def find() -> list[lsp.Location]:
            found = server.desk.name_at(path, offset)
            return [] if found is None else [server.location(one) for one in server.desk.uses(path, found[0])]

        return await server.ask(find) or []

    @server.feature(lsp.TEXT_DOCUMENT_RENAME)
    async def rename(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        uri = params.text_document.uri
        offset, path = server.offset(uri, params.position), path_of(uri)

        def places() -> list[lsp.Location] | str:
            found = server.desk.rename(path, offset, params.new_name)
            return found if isinstance(found, str) else [server.location(one) for one in found]

        found = await server.ask(places)
        if found is None or isinstance(found, str):
            if found:
                server.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, found))
            return None
        changes: dict[str, list[lsp.TextEdit]] = {}
        for one in found:
            changes.setdefault(one.uri, []).append(lsp.TextEdit(one.range, params.new_name))
        return lsp.WorkspaceEdit(changes=changes)

    @server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    async def formatting(params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit] | None:
        uri = params.text_document.uri
        path = path_of(uri)
        text = server.workspace.get_text_document(uri).source
        made = await server.ask(lambda: server.desk.formatted(path))
        if made is None:
            return None
        return [lsp.TextEdit(server.range(uri, Source(path, text), 0, len(text)), made)]

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix])
    )
    async def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        uri = params.text_document.uri
        made: list[lsp.CodeAction] = []
        for one in params.context.diagnostics:
            data = one.data
            if one.source != "protodsl" or not isinstance(data, dict):
                continue
            a, b, c, d = (int(number) for number in data["range"])
            edit = lsp.TextEdit(lsp.Range(lsp.Position(a, b), lsp.Position(c, d)), str(data["text"]))
            made.append(
                lsp.CodeAction(
                    title=str(data["title"]),
                    kind=lsp.CodeActionKind.QuickFix,
                    diagnostics=[one],
                    edit=lsp.WorkspaceEdit(changes={uri: [edit]}),
                    is_preferred=True,
                )
            )
        return made

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        uri = params.text_document.uri
        path = path_of(uri)
        source = Source(path, server.workspace.get_text_document(uri).source)
        found = await server.ask(lambda: server.desk.symbols(path)) or []

        def symbol(one: Symbol) -> lsp.DocumentSymbol:
            where = server.range(uri, source, one.start, one.end)
            return lsp.DocumentSymbol(
                name=one.name,
                detail=one.detail,
                kind=_SYMBOLS.get(one.kind, lsp.SymbolKind.Variable),
                range=where,
                selection_range=lsp.Range(where.start, where.start),
                children=[symbol(inner) for inner in one.children],
            )

        return [symbol(one) for one in found]

    return server


def main() -> None:
    """Serve until the editor says goodbye."""
    server = make()
    # Its own handles: the server closes what it speaks through, and the process still ends as others do.
    server.start_io(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    server.worker.shutdown(wait=False, cancel_futures=True)
