"""What a cell printed, as lines: without colours, and with each progress bar as it ended."""

import html
import re
from dataclasses import dataclass

from checker.intake.files import shown

MOST_TEXT = 2_000_000
MOST_LINES = 50_000
MOST_LINE = 1_000

_ANSI = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[@-Z\\-_])")
# tqdm: `what: 100%|██████| 469/469 [00:10<00:00, 45.00it/s, loss=0.1]`
_BAR = re.compile(
    r"(?P<percent>\d{1,3})%\|[^|\n]{0,300}\|[ \t]{0,8}(?P<done>[\d.]{1,12}k?)/(?P<all>[\d.]{1,12}k?)[ \t]{0,8}"
    r"\[(?P<rest>[^\]\n]{0,300})\]?"
)
_EPOCH = re.compile(r"epochs?\W{0,6}\d{1,5}(?:\s?/\s?\d{1,5})?", re.IGNORECASE)
_ENDLESS_BAR = re.compile(r"\d{1,9}it \[[^\]\n]{0,200}\]")
_TABLE_CELL = re.compile(r"</t[dh]>", re.IGNORECASE)
_TABLE_ROW = re.compile(r"</tr>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,500}>")
_BLANK = {ord("\t"): "  "} | {ord(letter): " " for letter in "\v\f\x1c\x1d\x1e\x1f\x85\xa0\u2028\u2029"}


@dataclass(frozen=True)
class Output:
    """lines: what was printed or shown as text, at most so many letters a line; error: the name of the exception that
    ended the cell, else None; any: whether anything was kept; cut: whether it was more than is read"""

    lines: tuple[str, ...] = ()
    error: str | None = None
    any: bool = False
    cut: bool = False


def read_outputs(outputs: list[object]) -> Output:
    """Return the saved outputs of a cell. What has another form than nbformat gives it is passed over."""
    pieces: list[str] = []
    error: str | None = None
    stream: object = None
    for output in outputs:
        if not isinstance(output, dict):
            continue
        if output.get("output_type") in ("error", "pyerr"):
            name = output.get("ename")
            error = shown(name, 60) if isinstance(name, str) and name else "an error"
        elif output.get("output_type") == "stream":
            # Each stream has a block of its own on the page.
            name = output.get("name", output.get("stream"))
            pieces.append(("" if name == stream else "\n") + joined(output.get("text")))
            stream = name
        else:
            # What is displayed begins a line of its own.
            pieces.append(f"\n{_displayed(output)}\n")
            stream = None
    text = "".join(pieces)
    lines = text_lines(text[:MOST_TEXT])
    if error is None and any(line.strip() == "KeyboardInterrupt" for line in lines[-20:]):
        error = "KeyboardInterrupt"
    return Output(lines, error, bool(outputs), len(text) > MOST_TEXT)


def text_lines(text: str) -> tuple[str, ...]:
    """Return printed text as lines that aren't blank, none of them longer than MOST_LINE."""
    lines: list[str] = []
    for line in _ANSI.sub("", text).replace("\r\n", "\n").split("\n"):
        for piece in _without_bars(line):
            plain = piece.translate(_BLANK)[:MOST_LINE].strip()
            if plain:
                lines.append(
                    plain if plain.isprintable() else "".join(each if each.isprintable() else " " for each in plain)
                )
        if len(lines) > MOST_LINES:
            break
    return tuple(lines[:MOST_LINES])


def _without_bars(line: str) -> list[str]:
    """Split a line where a progress bar was drawn anew or ended; of its states only the last, complete one is kept."""
    pieces: list[str] = []
    drawn: set[str] = set()
    for state in re.split(r"\r|\x08+", line):
        if "%|" not in state and "it [" not in state:
            pieces.append(state)
            continue
        start = 0
        for bar in _BAR.finditer(state):
            before = state[start : bar.start()]
            described = before.rstrip().endswith(":")
            if bar["done"] == bar["all"]:
                if before not in drawn:  # A bar is drawn once more when it is closed.
                    pieces.append(f"{before} {bar['rest']}")
                drawn.add(before)
            elif not described:
                pieces.append(before)
            elif epoch := _EPOCH.search(before):
                pieces.append(epoch[0])
            start = bar.end()
        pieces.append(_ENDLESS_BAR.sub("", state[start:]))
    return pieces


def _displayed(output: dict[str, object]) -> str:
    """Return the text of a displayed object: text/plain, or a table that is only there as HTML."""
    data = output.get("data", output)  # nbformat 3 has the texts beside the type.
    if not isinstance(data, dict):
        return ""
    plain = joined(data.get("text/plain", data.get("text")))
    markup = joined(data.get("text/html", data.get("html")))[:MOST_TEXT]
    if "<td" in markup and (not plain or plain.startswith("<")):
        rows = _TABLE_ROW.sub("\n", markup.replace("\n", " "))
        return html.unescape(_TAG.sub("", _TABLE_CELL.sub(" | ", rows)))
    return plain


def joined(value: object) -> str:
    """Return a text that nbformat keeps as one string or as a list of lines; "" where it is neither."""
    if isinstance(value, list):
        value = "".join(piece for piece in value if isinstance(piece, str))
    # Lone surrogates, which JSON can spell, can be neither parsed nor written.
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""
