"""The page docs/benchmarks/gpu.md, made from the results and nothing else."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

HOW_TO = """\
## How to run it

On a machine with one NVIDIA GPU (driver 580 or newer), in a checkout:

```
pip install '.[gpu,train,bench-gpu]'
python benchmarks/gpu.py
python benchmarks/gpu.py --page
```

The first run takes at most eight minutes (`--budget-s`) and writes its results to
`gpu-cuda.json` in `benchmarks/results/` after every section; the second writes this page from them.
The section on FAISS needs faiss-gpu (`bench-gpu`) and the one on 8-bit input `onnx` (`train`);
without them these sections are skipped and say so. `--images DIR` takes paintings of your own,
`--only SECTION --out FILE` repeats one section, and `--device cpu` runs everything on the CPU, into
`benchmarks/results/gpu-cpu.json`. If a section fails, its traceback is in the JSON, the others go
on, and the exit status is 1.
"""

Figures = dict[str, Any]
Lines = Iterator[str]


def make_page(results: dict[str, Any]) -> str:
    """Return the page. Its first line says whether the figures come from a GPU."""
    lines = [
        f"# {_headline(results)}",
        "",
        "Made by `python benchmarks/gpu.py --page` from the results of one run; do not edit it.",
        "",
        *_summary(results),
        "",
        HOW_TO,
    ]
    for name, (title, show) in _SECTIONS.items():
        lines += [f"## {title}", ""]
        result = results["sections"].get(name)
        if result is None:
            lines += ["Not run.", ""]
            continue
        if result["status"] != "done":
            lines += [f"**{result['status'].capitalize()}**: {_reason(result)}", ""]
        figures = result.get("figures")
        if not figures:
            continue
        try:
            lines += [*show(figures), ""]
        except KeyError:  # the section ended before it had all of its figures
            figures = json.dumps(figures)
            lines += [f"It ended early, with these figures: `{figures}`", ""]
    return "\n".join(lines).rstrip() + "\n"


def ran_on_gpu(results: dict[str, Any]) -> bool:
    """Return whether a GPU was requested and a session on it has run."""
    figures = results["sections"].get("machine", {}).get("figures", {})
    providers = figures.get("providers", [])
    return bool(results["device"] == "cuda" and providers[:1] == ["CUDAExecutionProvider"])


def _headline(results: dict[str, Any]) -> str:
    if ran_on_gpu(results):
        gpus = results["sections"]["machine"]["figures"]["gpus"]
        return f"The main job on a GPU: {gpus[0]['name'] if gpus else 'a GPU without a name'}"
    if results["device"] == "cuda":
        return "The GPU benchmark, which did not run on a GPU: CUDA was requested and did not load"
    return "The GPU benchmark, run on a CPU: no figure on this page comes from a GPU"


def _summary(results: dict[str, Any]) -> Lines:
    counts: dict[str, int] = {}
    for each in results["sections"].values():
        counts[each["status"]] = counts.get(each["status"], 0) + 1
    ended = ", ".join(f"{count} {status}" for status, count in counts.items())
    yield (
        f"Model `{results['model']}`; {results['images']['count']} images: "
        f"{results['images']['from']}. The run took {results['seconds']:.0f} s of "
        f"{results['budget_s']:g} s; sections: {ended}."
    )
    if not results["finished"]:
        yield ""
        yield "**The run was cut off**: sections that are not below were not reached."


def _reason(result: dict[str, Any]) -> str:
    text: str = result.get("reason") or result["error"]
    return text.strip().splitlines()[-1]


def _machine(figures: Figures) -> Lines:
    rows = [
        ("processor", f"{figures['processor']}, {figures['cores']} cores"),
        ("load before the run", f"{figures['load_average']:.1f}"),
        *(("GPU", ", ".join(gpu.values())) for gpu in figures["gpus"]),
        ("CUDA of ONNX Runtime", figures["onnxruntime_cuda"]),
        ("Python", figures["python"]),
        *figures["packages"].items(),
        *((k, v) for k, v in figures["nvidia_packages"].items() if "cudnn" in k or "runtime" in k),
        ("providers of the session that ran", ", ".join(figures["providers"])),
        ("device of the shipped loader", figures["shipped_device"]),
    ]
    yield from _table(("", ""), rows)


def _graph(figures: Figures) -> Lines:
    yield "Nodes that ran for one image, after ONNX Runtime has fused them, and copies among them."
    yield ""
    yield from _table(
        ("network", "nodes by provider", "copies to the GPU", "copies from it", "types on the CPU"),
        [
            (
                name,
                ", ".join(f"{count} {provider}" for provider, count in each["nodes"].items()),
                each["copies"]["MemcpyFromHost"],
                each["copies"]["MemcpyToHost"],
                ", ".join(f"{count} {kind}" for kind, count in each["on_cpu"].items()) or "-",
            )
            for name, each in figures.items()
        ],
    )


def _parity(figures: Figures) -> Lines:
    flipped = f", {figures['flipped']} of them flipped left to right" if figures["flipped"] else ""
    yield (
        f"Against the CPU, one image at a time, over {figures['images']} images{flipped}. Ten "
        "nearest: the share that is the same, all on the device, and for queries by the CPU among "
        "vectors by the device."
    )
    yield ""
    runs = [(name, each) for name, each in figures.items() if isinstance(each, dict)]
    yield from _table(
        ("run", "vector", "lowest cosine", "mean cosine", "ten nearest", "the same, CPU queries"),
        [
            (
                name,
                aspect,
                f"{row['lowest_cosine']:.8f}",
                f"{row['mean_cosine']:.8f}",
                _percent(row["equal_nearest"]),
                _percent(row["equal_nearest_of_cpu_queries"]),
            )
            for name, each in runs
            for aspect, row in each["vectors"].items()
        ],
    )
    yield ""
    yield from _table(
        ("run", "classes of", "equal predictions", "largest difference of a probability"),
        [
            (name, attribute, _percent(row["equal"]), f"{row['largest_difference']:.1e}")
            for name, each in runs
            for attribute, row in each["classes"].items()
        ],
    )


def _model(figures: Figures) -> Lines:
    yield (
        "The network alone, float32 tensors from host memory to host memory; median of the repeats "
        "after a warm-up."
    )
    yield ""
    yield from _table(
        ("batch", "images/s", "slowest to fastest", "repeats"),
        [
            (name.removeprefix("batch "), *_rate(each), each["repeats"])
            for name, each in figures.items()
            if name.startswith("batch ")
        ],
    )
    yield from _left_out(figures)


def _uint8(figures: Figures) -> Lines:
    difference = figures["largest_difference"]
    yield (
        "From 8-bit pixels to outputs: normalised by numpy on one host thread, or inside the "
        f"graph. The outputs differ by at most {difference:.1e}."
    )
    yield ""
    yield from _table(
        ("batch", "on the host, images/s", "in the graph, images/s", "ratio", "numpy alone"),
        [
            (
                name.removeprefix("batch "),
                f"{each['on_host']['per_second']:.0f}",
                f"{each['in_graph']['per_second']:.0f}",
                f"{each['in_graph']['per_second'] / each['on_host']['per_second']:.2f}",
                f"{each['normalize_only']['per_second']:.0f}",
            )
            for name, each in figures.items()
            if name.startswith("batch ")
        ],
    )
    yield from _left_out(figures)


def _start(figures: Figures) -> Lines:
    yield (
        f"In a new process: importing ONNX Runtime takes {figures['import_s']:.2f} s. Seconds, "
        "with all files in the system's memory:"
    )
    yield ""
    yield from _table(
        ("device", "libraries", "session", "first run", "second run"),
        [
            (
                name,
                *(
                    f"{each[k]:.3f}"
                    for k in ("preload_s", "session_s", "first_run_s", "second_run_s")
                ),
            )
            for name, each in figures.items()
            if name.endswith("one image")
        ],
    )
    searches = {name: each for name, each in figures.items() if name.isupper()}
    if searches:
        yield ""
        yield from _table(
            ("`cudnn_conv_algo_search`", "session, s", "first batch of 64, s",
             "first batch of 40, s", "images/s at 64", "slowest to fastest"),
            [
                (
                    name,
                    *(f"{each[k]:.3f}" for k in ("session_s", "first_run_s", "other_batch_s")),
                    *_rate(each["rate"]),
                )
                for name, each in searches.items()
            ],
        )  # fmt: skip


def _ingest(figures: Figures) -> Lines:
    yield (
        f"`ingest` of a folder into a new embedded store, batches of {figures['batch_size']}, "
        f"{figures['runners']} at once, and by turns the model alone with the same batches; "
        f"medians of {figures['rounds']}. Seconds of the parts are those of all threads and rounds "
        "together."
    )
    yield ""
    runs = {name: each for name, each in figures.items() if name in ("visual alone", "all aspects")}
    parts = list(figures["visual alone"]["seconds"])
    yield from _table(
        ("aspects", "images", "images/s", "model alone", "ratio", *(f"{p}, s" for p in parts)),
        [
            (
                name,
                each["images"],
                f"{each['per_second']:.0f}",
                f"{each['model_alone']:.0f}",
                f"{each['ratio']:.2f}",
                *(f"{each['seconds'][part]:.1f}" for part in parts),
            )
            for name, each in runs.items()
        ],
    )


def _detectors(figures: Figures) -> Lines:
    yield (
        f"Milliseconds an image over {figures['images']} images, one thread; images/s with as many "
        "threads as cores. Faces are found with the people known."
    )
    yield ""
    yield from _table(
        ("device", "finds", "first time, ms", "later, ms", "images/s"),
        [
            (
                *name.split(", "),
                f"{each['first_ms']:.1f}",
                f"{each['again_ms']:.1f}",
                f"{each['per_second']:.0f}",
            )
            for name, each in figures.items()
            if name.endswith((", people", ", faces"))
        ],
    )


def _decode(figures: Figures) -> Lines:
    ms = figures["ms"]
    yield (
        f"{figures['images']} files of {figures['mean_kilobytes']:.0f} kB on average, from memory: "
        f"decoding {ms['decode']:.1f} ms, resizing {ms['resize']:.1f} ms, thumbnail "
        f"{ms['thumbnail']:.1f} ms on one thread."
    )
    yield ""
    yield from _table(
        ("threads", "images/s", "slowest to fastest"),
        [
            (name.removeprefix("threads "), *_rate(each))
            for name, each in figures.items()
            if name.startswith("threads ")
        ],
    )


def _faiss(figures: Figures) -> Lines:
    yield (
        f"FAISS {figures['version']}, {figures['points']:,} synthetic vectors of "
        f"{figures['dimension']} numbers, {figures['threads']} threads, one query at a time. "
        "Recall of the ten nearest against exact search; every row was checked against its "
        "filter. As shipped, few passing rows are compared one by one outside the index."
    )
    yield ""
    yield from _table(
        ("device", "index", "nprobe", "filter", "filtered", "p50, ms", "recall@10", "outside"),
        [
            (
                row["device"],
                row["index"],
                row["effort"] or "-",
                row["filter"],
                "-" if row["filter"] == "none" else row["filtered"],
                *(
                    ("refused", "-", "-")
                    if "refused" in row
                    else (f"{row['p50_ms']:.2f}", f"{row['recall']:.3f}", row["outside_filter"])
                ),
            )
            for row in figures["rows"]
        ],
    )
    for reason in dict.fromkeys(row["refused"] for row in figures["rows"] if "refused" in row):
        yield ""
        yield f"Refused: {reason}"


_SECTIONS: dict[str, tuple[str, Callable[[Figures], Iterable[str]]]] = {
    "machine": ("Machine", _machine),
    "graph": ("Where the nodes run", _graph),
    "parity": ("Parity with the CPU", _parity),
    "model": ("The model alone", _model),
    "uint8": ("Normalising inside the graph", _uint8),
    "start": ("Time to start", _start),
    "ingest": ("The whole ingest", _ingest),
    "detectors": ("Faces and people", _detectors),
    "decode": ("Decoding", _decode),
    "faiss": ("FAISS", _faiss),
}


def _rate(rate: dict[str, Any]) -> tuple[str, str]:
    return f"{rate['per_second']:.0f}", f"{rate['slowest']:.0f} to {rate['fastest']:.0f}"


def _left_out(figures: Figures) -> Lines:
    if "left_out" in figures:
        yield ""
        yield f"No time was left for batches of {', '.join(map(str, figures['left_out']))}."


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Lines:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"
