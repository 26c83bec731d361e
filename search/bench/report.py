"""The page, the tables and the plots of a benchmark."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from artextract.errors import InputError
from search.bench.figures import Figures, Line
from search.render.template import save_page

_GOOD = 0.99
_ON_A_GPU = (
    "The indexes of FAISS are on a GPU. They take one query at a time, since FAISS forbids "
    "concurrent searches of a GPU index: the clients take turns. They ignore filters, so the rows "
    "that pass a filter are compared one by one on the CPU. Build times are those of the CPU, and "
    "memory is that of the host without the GPU."
)
_VARIANTS = ("", "filtered inside", "with ACORN")
_COLOURS = {"qdrant": "#b3261e", "faiss flat": "#8a8a86", "faiss hnsw": "#1d6fa5",
            "faiss ivf-flat": "#2e7d4f", "faiss ivf-pq": "#8e5aa8"}  # fmt: skip


def save_report(folder: Path, figures: Figures, others: Sequence[Figures] = ()) -> list[Path]:
    """Write ``report.md``, ``report.html`` and the plots; return their paths.

    With ``others``, figures of collections of other sizes, latency is plotted against size.

    Raises:
        InputError: a file can't be written.
    """
    try:
        plots = [_draw_recall(folder / "recall-latency.png", figures)]
        sizes = sorted((*others, figures), key=lambda each: int(each.facts["points"]))
        if others:
            plots.append(_draw_sizes(folder / "latency-size.png", sizes))
        text = to_markdown(figures, sizes if others else ())
        shown = "\n\n".join(f"![{path.stem}]({path.name})" for path in plots)
        markdown, page = folder / "report.md", folder / "report.html"
        markdown.write_text(f"{text}\n\n{shown}\n", encoding="utf-8")
        _save_page(page, text, plots)
    except OSError as error:
        raise InputError(f"{folder} can't be written: {error.strerror or error}") from error
    return [markdown, page, *plots]


def to_markdown(figures: Figures, sizes: Sequence[Figures] = ()) -> str:
    """Return the figures as tables."""
    facts = figures.facts
    parts = [
        f"# FAISS and Qdrant, {facts['points']:,} vectors of {facts['dimension']} dimensions",
        f"{facts['collection']}. {facts['queries']} queries, {facts['limit']} nearest, "
        f"{facts['threads']} thread for FAISS and one query at a time unless concurrent "
        f"({facts['clients']} clients). {facts['machine']}. Recall against an exact scan in numpy.",
        *([_ON_A_GPU] if facts.get("device") == "cuda" else []),
        "```\n" + facts["command"] + "\n```",
        f"The fastest setting with recall ≥ {_GOOD}, else the one with the best recall:",
        _table(
            ["filter", "pass", "engine", "setting", "recall", "p50 ms", "p95", "p99",
             "queries/s", "concurrent"],
            [
                [line.filter, f"{line.share:.1%}", line.engine,
                 ", ".join(part for part in (line.setting, line.variant) if part),
                 f"{line.recall:.3f}", f"{line.p50:.2f}", f"{line.p95:.2f}", f"{line.p99:.2f}",
                 f"{line.single:,.0f}", f"{line.concurrent:,.0f}"]
                for line in chosen_lines(figures)
            ],
        ),
        _table(
            ["engine", "build s", "disk MiB", "memory MiB: own", "mapped files", "open s",
             "first query ms"],
            [
                [name, _number(each.get("build_seconds"), 1),
                 _number(each.get("disk_bytes"), 0, 1 << 20),
                 _number(each["memory_bytes"]["own"], 0, 1 << 20),
                 _number(each["memory_bytes"]["mapped"], 0, 1 << 20),
                 _number(each["open_seconds"], 2), _number(each["first_query_ms"], 1)]
                for name, each in figures.engines.items()
            ],
        ),
    ]  # fmt: skip
    if sizes:
        parts.append(_size_table(sizes))
    return "\n\n".join(parts)


def chosen_lines(figures: Figures) -> list[Line]:
    """Return the best line for each filter, engine and way of filtering."""
    found = []
    for filter_ in dict.fromkeys(line.filter for line in figures.lines):
        for engine in figures.engines:
            for variant in _VARIANTS:
                best = figures.best(engine, filter_, _GOOD, variant)
                if best is None:
                    rest = [
                        line
                        for line in figures.lines
                        if (line.engine, line.filter, line.variant) == (engine, filter_, variant)
                    ]
                    best = max(rest, key=lambda line: (line.recall, -line.p50), default=None)
                if best is not None:
                    found.append(best)
    return found


def _size_table(sizes: Sequence[Figures]) -> str:
    engines = list(dict.fromkeys(name for each in sizes for name in each.engines))
    rows = []
    for each in sizes:
        row = [f"{each.facts['points']:,} x {each.facts['dimension']}"]
        for engine in engines:
            best = each.best(engine, "none", _GOOD)
            row.append("-" if best is None else f"{best.p50:.2f} ({best.recall:.3f})")
        rows.append(row)
    return f"Growth: p50 ms (recall), unfiltered, recall ≥ {_GOOD}:\n\n" + _table(
        ["vectors", *engines], rows
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _number(value: float | None, digits: int, unit: int = 1) -> str:
    return "-" if value is None else f"{value / unit:,.{digits}f}"


def _draw_recall(path: Path, figures: Figures) -> Path:
    """Draw recall against latency, a panel for each filter; the Pareto front in bold."""
    plt = _pyplot()
    names = list(dict.fromkeys(line.filter for line in figures.lines))
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(4.2 * columns, 3.5 * rows), squeeze=False, layout="constrained"
    )
    for panel in axes.flat[len(names) :]:
        panel.set_axis_off()
    for panel, name in zip(axes.flat, names, strict=False):
        for engine in figures.engines:
            for variant in _VARIANTS:
                lines = sorted(
                    (line for line in figures.lines
                     if (line.engine, line.filter, line.variant) == (engine, name, variant)),
                    key=lambda line: line.p50,
                )  # fmt: skip
                if lines:
                    panel.plot(
                        [line.p50 for line in lines],
                        [line.recall for line in lines],
                        marker="x" if variant else "o",
                        linestyle=":" if variant else "-",
                        color=_COLOURS.get(engine),
                        label=f"{engine}, {variant}" if variant else engine,
                    )
        front = _front([line for line in figures.lines if line.filter == name])
        panel.plot(
            [line.p50 for line in front],
            [line.recall for line in front],
            color="black",
            alpha=0.15,
            linewidth=7,
            zorder=0,
        )
        share = next(line.share for line in figures.lines if line.filter == name)
        panel.set_title("no filter" if name == "none" else f"{name} ({share:.1%} pass)")
        panel.set_xscale("log")
        panel.set_xlabel("p50, ms")
        panel.set_ylabel("recall")
        panel.set_ylim(-0.03, 1.03)
        panel.grid(alpha=0.3)
    handles = {
        label: handle
        for panel in axes.flat
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def _front(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that no other beats in recall and latency, the fastest first."""
    front: list[Line] = []
    for line in sorted(lines, key=lambda line: (line.p50, -line.recall)):
        if not front or line.recall > front[-1].recall:
            front.append(line)
    return front


def _draw_sizes(path: Path, sizes: Sequence[Figures]) -> Path:
    """Draw latency against the size of the collection, at recall 0.99 or more."""
    plt = _pyplot()
    figure, panel = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
    for engine in dict.fromkeys(name for each in sizes for name in each.engines):
        points = [
            (int(each.facts["points"]), best.p50)
            for each in sizes
            if (best := each.best(engine, "none", _GOOD)) is not None
        ]
        if points:
            panel.plot(*zip(*points, strict=True), marker="o", color=_COLOURS.get(engine),
                       label=engine)  # fmt: skip
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlabel("vectors")
    panel.set_ylabel(f"p50, ms, recall ≥ {_GOOD}")
    panel.grid(alpha=0.3)
    panel.legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def _pyplot() -> Any:
    """Return matplotlib's pyplot, which draws to files only."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def _save_page(path: Path, text: str, plots: Sequence[Path]) -> None:
    title, *rest = text.split("\n\n")
    parts: list[tuple[str, object]] = []
    for part in rest:
        if part.startswith("| "):
            parts.append(("table", [line.strip("| ").split(" | ") for line in part.splitlines()]))
        elif part.startswith("```"):
            parts.append(("command", part.strip("`\n")))
        else:
            parts.append(("text", part))
    save_page(
        path,
        "bench.html",
        title=title.removeprefix("# "),
        parts=parts,
        plots=[plot.name for plot in plots],
    )
