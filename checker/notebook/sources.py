"""The Python files beside a notebook, and those that its cells write: what a notebook imports."""

import ast
import sys
from collections.abc import Iterable, Mapping

from checker.notebook.cells import Cell, parse
from checker.notebook.names import shallow

# What the checker's own environment has beside the standard library, and the sandbox may import.
AVAILABLE = frozenset(
    {"torch", "torchvision", "numpy", "albumentations", "torchsummary", "matplotlib", "PIL", "cv2", "scipy", "tqdm"}
)
MOST_SOURCE = 1_000_000


class Sources:
    """Python files by the path from which they are imported.

    given: path below the notebook's folder → text
    """

    def __init__(self, given: Mapping[str, str], cells: Iterable[Cell] = ()) -> None:
        self._files = {
            _plain(path): text for path, text in given.items() if path.endswith(".py") and len(text) <= MOST_SOURCE
        }
        for cell in cells:
            if cell.writes is not None and cell.writes.endswith(".py"):
                path = _plain(cell.writes)
                self._files[path] = (self._files.get(path, "") if cell.appends else "") + cell.python
        self._trees: dict[str, ast.Module | None] = {}

    def find(self, module: str) -> str | None:
        """Return the path of a module's file, "models/net.py" or "models/__init__.py"; None where it isn't there.

        A file deeper down counts where it is the only one of that name: notebooks extend sys.path.
        """
        path = module.replace(".", "/")
        here = (f"{path}.py", f"{path}/__init__.py")
        if (found := next((each for each in here if each in self._files), None)) is not None:
            return found
        for wanted in here:
            deeper = [each for each in self._files if each.endswith(f"/{wanted}")]
            if len(deeper) == 1 and not is_available(module):
                return deeper[0]
        return None

    def has(self, module: str) -> bool:
        """Return whether a module is there, or a folder of that name that holds some."""
        path = module.replace(".", "/")
        return self.find(module) is not None or any(f"/{path}/" in f"/{each}" for each in self._files)

    def tree(self, path: str) -> ast.Module | None:
        """Return a file's tree; None where it can't be parsed."""
        if path not in self._trees:
            try:
                self._trees[path] = parse(self._files[path].lstrip("\ufeff"))
            except ValueError:
                self._trees[path] = None
        return self._trees[path]

    def definition(self, module: str, name: str, depth: int = 0) -> ast.stmt | None:
        """Return the class or function that a module calls `name`, through what it imports from others beside it."""
        path = self.find(module)
        tree = self.tree(path) if path is not None and depth < 8 else None
        if path is None or tree is None:
            return None
        for node in reversed(tree.body):
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
                return node
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (alias.asname or alias.name) in (name, "*"):
                        wanted = name if alias.name == "*" else alias.name
                        found = self.definition(_absolute(node, module, path), wanted, depth + 1)
                        if found is not None:
                            return found
        return None

    def closure(self, modules: Iterable[str]) -> tuple[dict[str, str], list[str]]:
        """Return the files that modules need, path of import → text, and the modules that are nowhere."""
        files: dict[str, str] = {}
        missing: list[str] = []
        seen: set[str] = set()
        pending = list(modules)
        while pending:
            module = pending.pop()
            if module in seen:
                continue
            seen.add(module)
            parent = module.rpartition(".")[0]
            if parent and self.find(parent) is not None:
                pending.append(parent)
            path = self.find(module)
            if path is None:
                continue
            files[_imported_as(path, module)] = self._files[path]
            for needed in self._imports(path, module):
                if self.has(needed):
                    pending.append(needed)
                elif not is_available(needed) and needed not in missing:
                    missing.append(needed)
        return files, missing

    def _imports(self, path: str, module: str) -> list[str]:
        tree = self.tree(path)
        found: list[str] = []
        # What stands in functions is imported when they run, if they do.
        for node in shallow(tree) if tree is not None else ():
            if isinstance(node, ast.Import):
                found += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = _absolute(node, module, path)
                found += [base, *(f"{base}.{alias.name}" for alias in node.names if self.find(f"{base}.{alias.name}"))]
        return [each for each in found if each]


def _imported_as(path: str, module: str) -> str:
    """Return where a file must lie for `module` to be found: at the top, wherever sys.path led to it."""
    ending = "/__init__.py" if path.endswith("/__init__.py") else ".py"
    return module.replace(".", "/") + ending


def is_available(module: str) -> bool:
    """Return whether the checker's own environment has a module."""
    root = module.partition(".")[0]
    return root in AVAILABLE or root in sys.stdlib_module_names


def _absolute(node: ast.ImportFrom, module: str, path: str) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    up = node.level - (1 if path.endswith("/__init__.py") else 0)
    base = parts[: len(parts) - up] if up else parts
    return ".".join([*base, *([node.module] if node.module else [])])


def _plain(path: str) -> str:
    path = path.replace("\\", "/")
    for prefix in ("/content/", "./", "/kaggle/working/"):
        path = path.removeprefix(prefix)
    return path
