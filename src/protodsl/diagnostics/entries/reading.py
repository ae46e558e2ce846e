"""Files: whether a text can be read at all."""

from protodsl.diagnostics.entry import Entry

READING = (
    Entry(
        "E0101",
        "file-not-found",
        "there is no file `{path}`",
        (
            "did you mean `{suggestion}`?",
            "check the spelling; paths are read from the folder you are in",
        ),
        "The file named on the command line does not exist.",
    ),
    Entry(
        "E0102",
        "file-unreadable",
        "`{path}` cannot be read: {reason}",
        ("check that it is a file and that you may read it",),
        "The file exists, but the operating system refused to hand over its content, or it is a folder.",
    ),
    Entry(
        "E0103",
        "file-too-large",
        "`{path}` holds {size} bytes; at most {limit} are read",
        ("split it: vocabulary goes to files of its own, brought in by `use`",),
        "A protocol is text that people review. A file of this size is another kind of file, or several "
        "protocols in one.",
    ),
    Entry(
        "E0104",
        "not-utf8",
        "byte {offset} (`{byte}`) is not UTF-8 text",
        (
            "save the file as {encoding} converted to UTF-8",
            "save the file as UTF-8",
        ),
        "Protocol files are UTF-8, with or without a byte order mark. The first byte that does not fit "
        'is named. Word processors and spreadsheets often save in another encoding: choose "UTF-8" when '
        "saving.",
    ),
    Entry(
        "E0105",
        "utf16-text",
        "this file is {encoding}, not UTF-8",
        ("save the file as UTF-8",),
        'Some Windows programs save "Unicode" as UTF-16. Protocol files are UTF-8: choose "UTF-8" when '
        "saving.",
    ),
    Entry(
        "E0106",
        "nul-character",
        "a NUL character stands at offset {offset}",
        ("this is not a text file, or it was damaged; take the last good copy",),
        "No text holds a NUL character. The file is binary, cut off in a crash, or saved in another "
        "encoding.",
    ),
    Entry(
        "E0107",
        "nesting-too-deep",
        "brackets are nested {limit} deep here, deeper than is read",
        ("name the inner part with `define` and use the name",),
        "Brackets and braces may be nested 200 deep. Nobody can review more; give inner parts a name "
        "with `define`.",
    ),
    Entry(
        "E0108",
        "too-many-errors",
        "{count} mistakes found; the rest of this file was not read",
        ("mend these first: later ones are often their consequences",),
        "After a number of syntax mistakes in one file the rest is left unread, because it would mostly "
        "repeat them.",
    ),
    Entry(
        "W0109",
        "language-missing",
        "this file does not say which version of the language it is written in",
        ("begin it with `language {version}`",),
        "The first line of a file names the language version it was written for, so that a later "
        "compiler reads it the same way or says that it cannot. Without it the newest version is assumed.",
        bad='protocol nct01234567 "A trial" {\n  anchor screening\n  timepoint screening\n}',
        good='language 1\nprotocol nct01234567 "A trial" {\n  anchor screening\n  timepoint screening\n}',
    ),
    Entry(
        "E0110",
        "language-unsupported",
        "language version {found} is not known to this compiler, which reads {version}",
        ("a newer protodsl may read it: `pip install --upgrade protodsl`",),
        "The file asks for a language version this compiler does not implement. Reading it as another "
        "version could change its meaning, so it is refused.",
        bad="language 99",
        good="language 1",
    ),
)
