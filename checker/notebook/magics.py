"""A cell's source without what only IPython understands: magics, shell lines, questions."""

import re
from dataclasses import dataclass

# What runs elsewhere; other cell magics, %%time and its like, hold Python.
_OTHER_LANGUAGES = re.compile(
    r"bash|sh|shell|script|cmd|html|HTML|javascript|js|latex|markdown|svg|SVG|perl|ruby|R|cython|sql|bigquery|python|"
    r"python[23]|pypy|system|sx|configure"
)
_LINE = re.compile(r"(?P<indent>[ \t]*)(?:[%!?]|get_ipython\(\))")
_TIMED = re.compile(r"(?P<indent>[ \t]*)%(?:time|prun|memit)[ \t]+(?P<code>[^-\s][^\n]*)")
_ASSIGNED = re.compile(r"(?P<indent>[ \t]*)(?P<target>[A-Za-z_][\w., \t]{0,200}?)[ \t]*=[ \t]*[%!](?!=)")
_HELP = re.compile(r"[ \t]*[%\w.*]{1,200}\?\??[ \t]*(?:#[^\n]*)?")
_CELL_MAGIC = re.compile(r"\s*%%(?P<name>\w+)[ \t]*(?P<rest>[^\n]*)")
_TOKEN = re.compile(r"\"\"\"|'''|[\"'#()\[\]{}\\]")


@dataclass(frozen=True)
class Plain:
    """python: line n is line n of the cell; writes: the path of %%writefile; appends: whether to the end of that."""

    python: str
    writes: str | None = None
    appends: bool = False


def plain_python(source: str) -> Plain:
    """Return what of a cell is Python, or the file that it writes."""
    source = re.sub(r"\r\n?", "\n", source)
    magic = _CELL_MAGIC.match(source)
    if magic is not None:
        lines_before = source[: magic.end()].count("\n")
        body = "\n" * lines_before + source[magic.end() :]
        name, rest = magic["name"], magic["rest"].split()
        if name in ("writefile", "file") and rest:
            return Plain(source[magic.end() + 1 :], rest[-1].strip("'\""), "-a" in rest[:-1])
        if _OTHER_LANGUAGES.fullmatch(name):
            return Plain("")
        # Others may well hold Python: %%time and its like, and those of extensions.
        return Plain(_without_lines(body))
    return Plain(_without_lines(source))


def _without_lines(source: str) -> str:
    """Blank each line that IPython alone understands, where it begins a statement: not within a string or bracket."""
    kept: list[str] = []
    inside = _Inside()
    continued = False  # A shell line that ends in a backslash.
    for line in source.split("\n"):
        if continued:
            continued = line.endswith("\\")
            kept.append("")
        elif inside.a_statement:
            inside.read(line)
            kept.append(line)
        elif (replaced := _replaced(line)) is not None:
            continued = line.endswith("\\")
            if not continued and not replaced.lstrip().startswith("pass"):
                inside.read(replaced)
            kept.append(replaced)
        else:
            inside.read(line)
            kept.append(line)
    return "\n".join(kept)


def _replaced(line: str) -> str | None:
    """Return what Python is to read in place of a line that begins a statement; None where it is Python."""
    if timed := _TIMED.match(line):
        return timed["indent"] + timed["code"]
    if found := _LINE.match(line):
        return found["indent"] + "pass"
    if found := _ASSIGNED.match(line):
        return f"{found['indent']}{found['target']} = None"
    if _HELP.fullmatch(line):
        return "pass"
    return None


class _Inside:
    """Whether the next line goes on with a string, a bracket or a continued line."""

    def __init__(self) -> None:
        self._quote: str | None = None
        self._depth = 0
        self._continued = False

    @property
    def a_statement(self) -> bool:
        return self._quote is not None or self._depth > 0 or self._continued

    def read(self, line: str) -> None:
        position, self._continued = 0, False
        while found := _TOKEN.search(line, position):
            token, position = found[0], found.end()
            if token == "\\":
                self._continued = position == len(line)
                position += 1
            elif self._quote is not None:
                if token == self._quote:
                    self._quote = None
                elif self._quote in token:  # ''' where ' ends, with two more to be read.
                    self._quote, position = None, found.start() + 1
                elif len(token) == 3:
                    position = found.start() + 1
            elif token == "#":
                break
            elif token in "([{":
                self._depth += 1
            elif token in ")]}":
                self._depth = max(0, self._depth - 1)
            else:
                self._quote = token
        if self._quote in ("'", '"') and not self._continued:
            self._quote = None  # The line has an error; the next one is not part of it.
