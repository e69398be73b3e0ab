"""Draw session 7's pictures: what the pipeline does to images, and what the committed run cifar10 makes of the test
set.

    python session07/figures.py

augmented.png:     training images, and five augmented versions of each
confusion.png:     which class is predicted for which, and the accuracy of each
misclassified.png: ten misclassified test images
grad-cam.png:      which places spoke for the predicted class, and for the true one
"""

import argparse
import sys

import torch
from torch import Tensor, nn
from train import SESSION

from common.data import Images, load_images
from common.errors import UserError
from common.figures import misclassified, png
from common.files import write_atomically
from common.finished_run import trained

RUN = "cifar10"
SHOWN = 10
GUISES = 5


def augmented(train: Images) -> bytes:
    """Return a PNG with a column for each image: itself on top, its augmented versions below."""
    from matplotlib.figure import Figure

    pipeline = SESSION.augmentation()
    pipeline.set_random_seed(0)
    figure = Figure(figsize=(SHOWN * 1.1, (GUISES + 1) * 1.1 + 0.5), layout="constrained")
    figure.suptitle("Training images (top row), and five augmented versions of each")
    for column, axes in enumerate(figure.subplots(GUISES + 1, SHOWN).T):
        image = train.pixels[column].permute(1, 2, 0).numpy()
        for row, each in enumerate(axes):
            each.axis("off")
            each.imshow(image if row == 0 else pipeline(image=image)["image"])
    return png(figure)


def confusion(test: Images, predictions: Tensor) -> bytes:
    """Return a PNG of the confusion matrix, with each class's accuracy beside its row."""
    from matplotlib.figure import Figure

    names = SESSION.dataset.classes
    counts = torch.zeros(len(names), len(names), dtype=torch.int64)
    counts.index_put_((test.labels, predictions), torch.tensor(1), accumulate=True)
    wrong = counts.clone().fill_diagonal_(0)
    figure = Figure(figsize=(8, 7.2), layout="constrained")
    axes = figure.subplots()
    axes.imshow(wrong.numpy(), cmap="Oranges")
    for row in range(len(names)):
        for column in range(len(names)):
            right = row == column
            axes.text(
                column,
                row,
                int(counts[row, column]),
                ha="center",
                va="center",
                weight="bold" if right else "normal",
                color="#0072b2" if right else "white" if wrong[row, column] > 0.6 * wrong.max() else "black",
            )
    accuracy = [100 * float(counts[row, row]) / int(counts[row].sum()) for row in range(len(names))]
    axes.set(
        xlabel="predicted",
        ylabel="true",
        xticks=range(len(names)),
        yticks=range(len(names)),
        title=f"{SESSION.name} {RUN}: {100 * float(counts.trace()) / len(test):.2f} % of {len(test):,} test images; "
        f"errors shaded",
    )
    axes.set_xticklabels(names, rotation=45, ha="right")
    axes.set_yticklabels([f"{name} ({share:.1f} %)" for name, share in zip(names, accuracy, strict=True)])
    return png(figure)


def grad_cam(network: nn.Module, test: Images, predictions: Tensor) -> bytes:
    """Return a PNG: misclassified images, and over each what speaks for the predicted class and for the true one.

    Grad-CAM (Selvaraju et al., 2017) by captum, at the maps before the global average.
    """
    from captum.attr import LayerAttribution, LayerGradCam
    from matplotlib.figure import Figure

    names = SESSION.dataset.classes
    wrong = (predictions != test.labels).nonzero().flatten()[:SHOWN]
    shown, read = test.select(wrong), predictions[wrong]
    inputs = SESSION.recipes[RUN].normalization(shown.pixels.float() / 255)
    single = network.eval().network  # With one of its two views.
    before_average = list(single.children())[-2]
    maps = [
        LayerAttribution.interpolate(
            LayerGradCam(single, before_average).attribute(inputs, target=target, relu_attributions=True),
            inputs.shape[2:],
            "bilinear",
        )
        for target in (read, shown.labels)
    ]
    figure = Figure(figsize=(SHOWN * 1.25, 4.6), layout="constrained")
    figure.suptitle(f"Grad-CAM: the first ten test images that {RUN} misclassifies")
    for column, axes in enumerate(figure.subplots(3, SHOWN).T):
        image = shown.pixels[column].permute(1, 2, 0).numpy()
        for each, title, heat in zip(
            axes,
            ("", f"predicted {names[read[column]]}", f"true {names[shown.labels[column]]}"),
            (None, *maps),
            strict=True,
        ):
            each.axis("off")
            each.imshow(image)
            each.set_title(title, fontsize=8)
            if heat is not None:
                each.imshow(heat[column, 0].detach().numpy(), cmap="jet", alpha=0.45)
    return png(figure)


def main() -> int:
    """Draw the pictures and return the exit code."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    try:
        train, test = (load_images(SESSION.dataset, split) for split in ("train", "test"))
        network, _ = trained(SESSION, RUN)
        predictions = SESSION.task.evaluate(network, test, SESSION.recipes[RUN].normalization).predictions
        for name, picture in (
            ("augmented", augmented(train)),
            ("confusion", confusion(test, predictions)),
            (
                "misclassified",
                misclassified(
                    f"{SESSION.name} {RUN}", test, predictions, SESSION.dataset.classes, most=SHOWN, columns=5
                ),
            ),
            ("grad-cam", grad_cam(network, test, predictions)),
        ):
            write_atomically(SESSION.folder / f"{name}.png", picture)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
