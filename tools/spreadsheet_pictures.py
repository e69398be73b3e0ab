"""Draw session04's spreadsheet as LibreOffice shows it: the sheet in two halves, and the chart of the learning rates.

python -m tools.spreadsheet_pictures      wants soffice and pdftoppm (Debian: libreoffice-calc, poppler-utils)
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.sessions import REPOSITORY

FOLDER = REPOSITORY / "session04"
RESOLUTION = 300
# Name → page of the PDF, and x, y, width and height in pixels at RESOLUTION.
CROPS = {
    "sheet-left": (1, 190, 210, 1500, 640),
    "sheet-right": (1, 1670, 480, 1420, 370),
    "learning-rates": (5, 1195, 275, 1805, 840),
}


def main() -> int:
    """Draw the pictures and return the exit code."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for program, package in (("soffice", "libreoffice-calc"), ("pdftoppm", "poppler-utils")):
        if shutil.which(program) is None:
            print(f"{program} is not installed; on Debian it comes with {package}.", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run(
            [
                "soffice",
                f"-env:UserInstallation=file://{temporary}/profile",
                "--headless",
                "--convert-to",
                "pdf",
                "--outdir",
                temporary,
                str(FOLDER / "backprop.xlsx"),
            ],
            check=True,
            capture_output=True,
        )
        for name, (page, x, y, width, height) in CROPS.items():
            subprocess.run(
                [
                    "pdftoppm",
                    "-png",
                    "-singlefile",
                    "-r",
                    str(RESOLUTION),
                    "-f",
                    str(page),
                    "-l",
                    str(page),
                    "-x",
                    str(x),
                    "-y",
                    str(y),
                    "-W",
                    str(width),
                    "-H",
                    str(height),
                    str(Path(temporary) / "backprop.pdf"),
                    str(FOLDER / f"backprop-{name}"),
                ],
                check=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
