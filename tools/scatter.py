"""The README's picture: parameters against accuracy, ours and the published, in two SVGs for light and dark pages."""

import io
from dataclasses import dataclass

from checker.report.published import published_networks
from tools.sessions import SESSIONS
from tools.tables import last_five, parameters, single


@dataclass(frozen=True)
class Theme:
    """Colours of a page: its text and lines, our runs, students' and outside results."""

    text: str
    grid: str
    ours: str
    students: str
    outside: str
    background: str


THEMES = {
    "light": Theme("#1f2328", "#d1d9e0", "#0969da", "#bc4c00", "#6e7781", "#ffffff"),
    "dark": Theme("#e6edf3", "#30363d", "#58a6ff", "#f0883e", "#8b949e", "#0d1117"),
}
# Title, sessions, range of accuracies, range of parameters and where they are marked. What lies beyond is left out,
# as the README says.
PANELS = (
    (
        "MNIST (sessions 3 to 6)",
        ("session03", "session04", "session05", "session06"),
        (98.85, 99.75),
        (4e3, 2e5),
        (5e3, 1e4, 2e4, 5e4, 1e5),
    ),
    ("CIFAR-10 (session 7)", ("session07",), (85, 95), (5e4, 4e5), (5e4, 1e5, 2e5)),
)
# Where a name stands beside its point, in points of the page; the others lie too close together for one.
NAMED = {
    ("session05", "smallest"): (-14, 8),
    ("session05", "under-8k"): (-34, 12),
    ("session04", "under-20k"): (8, 3),
    ("session03", "digit-sum"): (8, 3),
    ("session05", "skeleton"): (8, -3),
    ("session05", "published-9680"): (8, -10),
    ("session06", "group"): (4, 10),
    ("session07", "cifar10"): (8, 3),
    ("session07", "under-100k"): (-20, 10),
    ("session07", "fast"): (8, 3),
}


def draw(theme: Theme) -> str:
    """Return the picture in the colours of `theme`, as an SVG."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullLocator

    style = {
        "svg.hashsalt": "scatter",
        "svg.fonttype": "path",
        "text.color": theme.text,
        "axes.labelcolor": theme.text,
        "axes.edgecolor": theme.grid,
        "xtick.color": theme.text,
        "ytick.color": theme.text,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "font.size": 9,
    }
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(10, 4.6), layout="constrained", facecolor="none")
        for axes, (title, sessions, accuracies, sizes, ticks) in zip(figure.subplots(1, 2), PANELS, strict=True):
            axes.set_facecolor("none")
            axes.grid(color=theme.grid, linewidth=0.6)
            axes.set_axisbelow(True)
            axes.set(xscale="log", xlim=sizes, ylim=accuracies, title=title, xlabel="parameters")
            axes.set_xticks(ticks)
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter(FuncFormatter(lambda size, place: f"{size:,.0f}"))
            _published(axes, sessions, theme)
            _ours(axes, sessions, theme)
        figure.axes[0].set_ylabel("test accuracy (%)")
        handles = {}
        for axes in figure.axes:
            found, labels = axes.get_legend_handles_labels()
            handles |= dict(zip(labels, found, strict=True))
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3, fontsize=9, frameon=False)
        written = io.StringIO()
        # Without the date and the library's version, the same picture is the same file.
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue()


def _ours(axes: object, sessions: tuple[str, ...], theme: Theme) -> None:
    several, one = "ours: worst of the last five", "the same with a single view"
    for name in sessions:
        session = SESSIONS[name]
        for run in session.recipes:
            size, worst, alone = parameters(session, run), min(last_five(session, run)), single(session, run)
            axes.plot(size, worst, "o", color=theme.ours, markersize=6, label=several, zorder=4)
            if alone is not None:
                axes.plot([size, size], [min(alone), worst], color=theme.ours, linewidth=1, zorder=3)
                axes.plot(size, min(alone), "o", markersize=4, color=theme.ours, fillstyle="none", label=one, zorder=3)
            if (name, run) in NAMED:
                axes.annotate(
                    run, (size, worst), NAMED[name, run], textcoords="offset points", color=theme.ours, fontsize=8
                )


def _published(axes: object, sessions: tuple[str, ...], theme: Theme) -> None:
    for network in published_networks():
        if network.session not in sessions or network.parameters is None:
            continue
        outside = network.source == "outside"
        marker, words = ("x", "published: best epoch")
        if network.stated.startswith("worst"):
            marker, words = "^", "published: worst of the last few"
        if outside:
            marker, words = "D", "published outside the course"
        axes.plot(
            network.parameters,
            network.accuracy,
            marker,
            color=theme.outside if outside else theme.students,
            markersize=5,
            label=words,
            zorder=2,
        )
        if outside:
            axes.annotate(
                network.name.split(",")[0],
                (network.parameters, network.accuracy),
                (6, 5),
                textcoords="offset points",
                color=theme.outside,
                fontsize=8,
            )
