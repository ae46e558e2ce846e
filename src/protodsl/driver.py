"""Files in, model and diagnostics out. No printing, no clock; the disk only through `read`."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, cast

from lark import Token, Tree

from protodsl import ir
from protodsl.diagnostics import Diagnostic, diagnose, has_errors, suggest
from protodsl.diagnostics.catalogue import BY_CODE
from protodsl.elaborate import Memory, elaborate
from protodsl.lint import lint
from protodsl.reading import decode, read_file
from protodsl.source import Source, Span
from protodsl.syntax import parse_with_gaps
from protodsl.syntax.checks import subtrees
from protodsl.syntax.pieces import Pieces

if TYPE_CHECKING:
    from protodsl.scenario import Scenario

Read = Callable[[str], bytes]
SUFFIX = ".proto-lite"
_ROOT_MARKS = ("protodsl.toml", "pyproject.toml", ".git")

# What follows from something being left out of the tree; said only of files that were read whole.
_CONSEQUENCES = frozenset(
    (
        "empty-criterion",
        "missing-field",
        "fields-not-said",
        "missing-source",
        "source-uncovered",
        "no-anchor",
        "no-day-zero",
        "no-protocol",
        "no-source-document",
        "no-citation",
    )
)


@dataclass(frozen=True)
class Loaded:
    """A file that was read. `left_out`: places of broken statements that are not in the tree."""

    source: Source
    tree: Tree[Token]
    diagnostics: tuple[Diagnostic, ...]
    left_out: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Accepted:
    """A warning that stays unsaid: `accept W0553 because "…"`."""

    diagnostic: Diagnostic
    because: str


@dataclass(frozen=True)
class CheckResult:
    """What a file means and what is wrong with it. `protocol` is None where it has errors, or holds no
    protocol.

    `diagnostics` are in the order of the files as they were first used, then of their text, each once.
    `accepted` are warnings an author has silenced, with the reason. `scenarios` are those of this file,
    `tested` the protocol they are for. `draft`: see `Elaborated`; for editors alone.
    """

    path: str
    protocol: ir.Protocol | None
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, Source]
    accepted: tuple[Accepted, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    tested: ir.Protocol | None = None
    draft: ir.Protocol | None = None

    @property
    def failed(self) -> bool:
        return has_errors(list(self.diagnostics))


@dataclass
class Project:
    """Files of one run, each read and parsed once. Paths stay as the user gave them, so that messages can
    be clicked.

    `use` and `source_document` reach only files under the project's root: `root` if given, else the nearest
    folder above the file that is being checked with a mark of one (`protodsl.toml`, `pyproject.toml`,
    `.git`), else its own.
    """

    read: Read = read_file
    root: str | None = None
    files: dict[str, Loaded] = field(default_factory=dict)
    documents: dict[str, tuple[str, str]] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)
    missing: dict[str, Diagnostic] = field(default_factory=dict)
    pieces: dict[str, Pieces] = field(default_factory=dict)  # of files that are being written
    memory: Memory = field(default_factory=Memory)

    def load(self, path: str) -> Loaded | Diagnostic:
        """The file, read and parsed, or a diagnostic if there is none. A text that is none gives an empty
        tree.
        """
        if path in self.files:
            return self.files[path]
        if path in self.missing:
            return self.missing[path]
        data = self.bytes_of(path)
        if isinstance(data, Diagnostic):
            self.missing[path] = data
            return data
        source, problem = decode(path, data)
        if problem is not None:
            whole = ((0, max(1, len(source.text))),)
            self.files[path] = Loaded(source, Tree("start", []), (problem,), whole)
        else:
            parsed = parse_with_gaps(source, self.pieces.get(path))
            self.files[path] = Loaded(source, parsed.tree, parsed.diagnostics, parsed.left_out)
        return self.files[path]

    def resolve_use(self, from_path: str, text: str, span: Span) -> str | Diagnostic:
        """The path of the file that `use "text"` in `from_path` means."""
        path = self._inside(from_path, text, span)
        if isinstance(path, str):
            self.roots.setdefault(path, self.root_of(from_path))
            found = self.load(path)
            if isinstance(found, Diagnostic):
                return self._not_there(found, path, text, span)
        return path

    def read_document(self, from_path: str, text: str, span: Span) -> tuple[str, str] | Diagnostic:
        """A source document's text and the SHA-256 of its bytes, as hexadecimal digits."""
        path = self._inside(from_path, text, span)
        if isinstance(path, Diagnostic):
            return path
        if path not in self.documents:
            data = self.bytes_of(path)
            if isinstance(data, Diagnostic):
                return self._not_there(data, path, text, span)
            source, problem = decode(path, data)
            if problem is not None:
                return problem
            self.documents[path] = (source.text, hashlib.sha256(data).hexdigest())
        return self.documents[path]

    def root_of(self, path: str) -> str:
        """The folder outside which nothing is read on behalf of this file, links resolved."""
        if self.root is not None:
            return os.path.realpath(self.root)
        if path not in self.roots:
            own = folder = os.path.dirname(os.path.realpath(path))
            while not any(os.path.exists(os.path.join(folder, mark)) for mark in _ROOT_MARKS):
                above = os.path.dirname(folder)
                if above == folder:
                    folder = own
                    break
                folder = above
            self.roots[path] = folder
        return self.roots[path]

    def sources(self) -> dict[str, Source]:
        """Every text read so far, by path."""
        return {path: loaded.source for path, loaded in self.files.items()}

    def _inside(self, from_path: str, text: str, span: Span) -> str | Diagnostic:
        root = self.root_of(from_path)
        shown = os.path.relpath(root)
        path = os.path.normpath(os.path.join(os.path.dirname(from_path), text))
        refused = diagnose("outside-project", span, path=text, root=shown)
        if (
            not text.strip()
            or "\0" in text
            or PurePosixPath(text).is_absolute()
            or PureWindowsPath(text).anchor
        ):
            return refused
        try:
            real = os.path.realpath(path)
        except (OSError, ValueError):
            return refused
        if os.path.commonpath([real, root]) != root:
            return refused
        return path

    def bytes_of(self, path: str) -> bytes | Diagnostic:
        """The bytes of a file, or a diagnostic if it is not there or cannot be read."""
        try:
            return self.read(path)
        except FileNotFoundError:
            return diagnose("file-not-found", Span(path, 0, 0), path=path, suggestion=_neighbour(path))
        except (OSError, ValueError) as problem:
            reason = getattr(problem, "strerror", None) or str(problem)
            return diagnose("file-unreadable", Span(path, 0, 0), path=path, reason=reason)

    def _not_there(self, found: Diagnostic, path: str, text: str, span: Span) -> Diagnostic:
        if found.name == "file-unreadable":
            return diagnose("file-unreadable", span, path=text, reason=str(found.fact("reason")))
        near = _neighbour(path)
        if near is not None:
            near = os.path.relpath(near, os.path.dirname(path) or ".")
            near = os.path.join(os.path.dirname(text), near).replace(os.sep, "/")
        return diagnose("import-not-found", span, path=text, suggestion=near)


def check(
    path: str, *, read: Read = read_file, root: str | None = None, project: Project | None = None
) -> CheckResult:
    """Read and elaborate one file and all it uses. Nothing is raised for an author's mistake.

    A `project` that is given keeps its files from check to check, so that a shared vocabulary is parsed once.
    """
    project = project or Project(read=read, root=root)
    made = elaborate(project, path, project.memory)
    protocol, found = made.protocol, made.diagnostics
    if protocol is not None:
        found = [*found, *lint(protocol)]
    told, tested, more = _scenarios(project, path, protocol)
    kept, accepted = _accepted(project, path, protocol, _without_consequences([*found, *more], project))
    return CheckResult(path, protocol, _ordered(kept), project.sources(), accepted, told, tested, made.draft)


def _accepted(
    project: Project, path: str, protocol: ir.Protocol | None, found: list[Diagnostic]
) -> tuple[list[Diagnostic], tuple[Accepted, ...]]:
    """What is still said, and what an `accept` in the same block (or file) silences.

    One that silences nothing is a finding, in the protocol's own file: a vocabulary serves many.
    """
    kept, silenced, idle = found, list[Accepted](), list[Diagnostic]()
    for file, loaded in project.files.items():
        for block, one in _accepts(loaded):
            code, reason = cast(list[Token], one.children)
            at = Span(file, code.start_pos or 0, code.end_pos or 0)
            whole = block.data == "start"
            first, last = (
                (0, len(loaded.source.text)) if whole else (block.meta.start_pos, block.meta.end_pos)
            )
            if str(code) not in BY_CODE or not code.startswith("W"):
                near = suggest(str(code), [known for known in BY_CODE if known.startswith("W")])
                idle.append(diagnose("accept-unknown", at, code=str(code), suggestion=near))
                continue
            hit = [
                each
                for each in kept
                if each.code == code and each.span.path == file and first <= each.span.start <= last
            ]
            kept = [each for each in kept if each not in hit]
            words = " ".join(reason.strip('"').split())
            silenced += [Accepted(each, words) for each in dict.fromkeys(hit)]
            if not hit and file == path and protocol is not None:
                idle.append(diagnose("accept-unused", at, code=str(code)))
    return [*kept, *idle], tuple(silenced)


def _accepts(loaded: Loaded) -> Iterator[tuple[Tree[Token], Tree[Token]]]:
    """Every `accept` of a file with the block it stands in."""
    if "accept" not in loaded.source.text:
        return
    for block in subtrees(loaded.tree):
        for child in block.children:
            if isinstance(child, Tree) and child.data == "accept":
                yield block, child


def _scenarios(
    project: Project, path: str, protocol: ir.Protocol | None
) -> tuple[tuple[Scenario, ...], ir.Protocol | None, list[Diagnostic]]:
    """The scenarios of a file, the protocol they are for (its own, or the one it uses), what is wrong."""
    loaded = project.files.get(path)
    first = None if loaded is None else next(loaded.tree.find_data("scenario"), None)
    if loaded is None or first is None:
        return (), None, []
    trees = {path: loaded.tree}
    waiting = [path]
    while waiting:
        above = waiting.pop(0)
        for use in trees[above].find_data("use"):
            token = use.children[0]
            found = project.resolve_use(above, str(token)[1:-1], Span(above, 0, 0))
            if isinstance(found, str) and found in project.files and found not in trees:
                trees[found] = project.files[found].tree
                waiting.append(found)
    holding = [name for name, tree in trees.items() if next(tree.find_data("protocol"), None) is not None]
    if len(holding) != 1:
        at = Span(path, first.meta.start_pos, first.meta.start_pos + len("scenario"))
        return (), None, [diagnose("scenario-without-protocol", at)]
    if holding[0] != path:
        result = check(holding[0], project=project)
        protocol = result.protocol
        if protocol is None:
            return (), None, [one for one in result.diagnostics if one.severity == "error"]
    if protocol is None:
        return (), None, []
    from protodsl.scenario import scenarios  # few files hold any

    made, problems = scenarios(project, protocol, list(trees.items()), path)
    return made, protocol, problems


def protocol_files(paths: Iterable[str]) -> list[str]:
    """The files meant by paths; a folder is searched for `.proto-lite` files, in order."""
    found: list[str] = []
    for path in paths:
        if os.path.isdir(path):
            for folder, folders, names in os.walk(path):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                found += [os.path.join(folder, name) for name in sorted(names) if name.endswith(SUFFIX)]
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _without_consequences(found: Iterable[Diagnostic], project: Project) -> list[Diagnostic]:
    """Without what follows only from broken statements being left out: unknown names that stand in them,
    say.
    """
    torn = {path for path, loaded in project.files.items() if loaded.left_out}
    if not torn:
        return list(found)
    words: set[str] = set()
    for path in torn:
        loaded = project.files[path]
        for start, end in loaded.left_out:
            words.update(re.findall(r"[A-Za-z]\w*", loaded.source.text[start:end]))
    kept: list[Diagnostic] = []
    for diagnostic in found:
        if diagnostic.name in ("unknown-name", "unknown-timepoint") and diagnostic.fact("name") in words:
            continue
        if diagnostic.name == "unknown-value" and diagnostic.fact("value") in words:
            continue
        if diagnostic.name == "unused-vocabulary":
            continue
        if diagnostic.name in _CONSEQUENCES and diagnostic.span.path in torn:
            continue
        kept.append(diagnostic)
    return kept


def _ordered(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    once = list(dict.fromkeys(found))
    order = {path: number for number, path in enumerate(dict.fromkeys(one.span.path for one in once))}
    return tuple(sorted(once, key=lambda one: (order[one.span.path], one.span.start, one.code)))


def _neighbour(path: str) -> str | None:
    """A file beside it whose name is nearly the same."""
    folder = os.path.dirname(path)
    try:
        names = os.listdir(folder or ".")[:2000]
    except (OSError, ValueError):
        return None
    near = suggest(os.path.basename(path), names)
    return os.path.join(folder, near) if near else None
