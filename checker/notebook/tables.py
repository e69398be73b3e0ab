"""Printed tables of epochs, of pandas, rich, Markdown and Lightning, as lines that name each number."""

import re
from collections.abc import Iterable, Iterator, Sequence

_BORDERS = str.maketrans(dict.fromkeys("│┃║❘¦", "|"))
_RULE = re.compile(r"[\s|+\-=─━═┏┓┗┛┡┩├┤┼╇╈╋┠┨┌┐└┘┬┴╭╮╰╯:_*]{3,}")
_NUMBER = re.compile(r"\d{1,7}(?:\.\d{1,20})?%?|\d{1,7}/\d{1,7}|nan", re.IGNORECASE)
_NAME = re.compile(r"(?=[^\d]{0,40}(?:acc|epoch))[a-z][\w .()%/-]{0,40}", re.IGNORECASE)


def table_rows(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines, but each row of a table as lines "epoch 3" and "column test_acc: 99.41": a row below a line of
    names, of which one speaks of accuracy, with as many numbers."""
    names: list[str] = []
    for line in lines:
        if _RULE.fullmatch(line):
            continue
        parts = _parts(line)
        if names and len(parts) in (len(names), len(names) + 1) and _is_row(parts):
            # pandas puts the row's place before its first column.
            index = len(parts) - len(names)
            named = [_worded(name, value) for name, value in zip(names, parts[index:], strict=True)]
            if index and not any("epoch" in name.lower() for name in names) and parts[0].isdigit():
                named.insert(0, f"epoch {parts[0]}")
            yield from named
            continue
        if _is_head(parts):
            names = parts
            continue
        names = []
        yield line


def _parts(line: str) -> list[str]:
    bordered = line.translate(_BORDERS)
    if bordered.count("|") > 1:
        return [part.strip() for part in bordered.strip(" |").split("|")]
    if "\t" in line or re.search(r"\S\s{2,}\S", line):
        return [part for part in re.split(r"\s{2,}|\t", line.strip()) if part]
    return line.split()


def _is_head(parts: Sequence[str]) -> bool:
    return (
        2 <= len(parts) <= 20
        and any("acc" in part.lower() for part in parts)
        and all(
            re.fullmatch(r"[A-Za-z%#(][\w .()%/#-]{0,40}", part) and not re.search(r"\d\.\d", part) for part in parts
        )
    )


def _is_row(parts: Sequence[str]) -> bool:
    numbers = sum(_NUMBER.fullmatch(part.strip()) is not None for part in parts)
    return numbers >= 2 and numbers * 2 >= len(parts)


def _worded(name: str, value: str) -> str:
    return f"epoch {value}" if name.lower().strip("# ") in ("epoch", "ep", "epochs") else f"column {name}: {value}"
