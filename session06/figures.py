"""Draw session 6's pictures from its committed runs.

    python session06/figures.py

comparison.png: test loss and test accuracy of the three normalisations, one graph each
misclassified-NAME.png: ten digits that each gets wrong
"""

import argparse
import sys

from train import SESSION

from common.data import MNIST, load_images
from common.errors import UserError
from common.figures import comparison, misclassified
from common.files import write_atomically
from common.finished_run import trained

RUNS = ("batch-l1", "layer", "group")


def main() -> int:
    """Draw the pictures and return the exit code."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    try:
        test = load_images(MNIST, "test")
        logs = {}
        for name in RUNS:
            network, logs[name] = trained(SESSION, name)
            found = SESSION.task.evaluate(network, test, SESSION.recipes[name].normalization)
            picture = misclassified(
                name, test, found.predictions, [str(digit) for digit in range(10)], most=10, columns=2
            )
            write_atomically(SESSION.folder / f"misclassified-{name}.png", picture)
        picture = comparison("Session 6: three normalisations of one network", logs, SESSION.threshold)
        write_atomically(SESSION.folder / "comparison.png", picture)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
