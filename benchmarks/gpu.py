"""What a GPU does for the main job: one run of at most eight minutes on a machine with one GPU.

    python benchmarks/gpu.py                  # on one NVIDIA GPU
    python benchmarks/gpu.py --device cpu     # the same on a CPU, to rehearse or to compare
    python benchmarks/gpu.py --page           # writes docs/benchmarks/gpu.md from the results

Each section runs in a process of its own with a share of the time, and does what fits into it. The
results are written after every section to benchmarks/results/gpu-DEVICE.json. A section that fails,
crashes or overruns leaves the others alone, and the exit status is then 1.

Images: --images DIR, else the paintings of $ARTEXTRACT_SHARED/data, else the atelier's.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

# A checkout that is not installed runs too.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from artextract.files import atomic_write
from artextract.models.registry import DEFAULT_MODEL
from benchmarks.gpu_sections.bench import Bench, count_cores, find_images
from benchmarks.gpu_sections.page import make_page
from benchmarks.gpu_sections.runner import run_sections
from benchmarks.gpu_sections.sections import SECTIONS

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks" / "gpu.md"


def main() -> int:
    """Run the sections, or write the page; return the exit status."""
    options = parse_options()
    if options.page:
        source = options.out or find_results()
        results = json.loads(source.read_text(encoding="utf-8"))
        PAGE.parent.mkdir(exist_ok=True)
        atomic_write(PAGE, make_page(results))
        print(f"{PAGE} was written from {source}.", file=sys.stderr)
        return 0
    started = time.monotonic()
    out = options.out or RESULTS / f"gpu-{options.device}.json"
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        images, images_from = find_images(options.images, scratch)
        bench = Bench(
            device=options.device,
            model=options.model,
            images=tuple(images),
            images_from=images_from,
            scratch=scratch,
            cores=count_cores(),
            started=started,
        )
        failed = run_sections(options.only or list(SECTIONS), bench, options.budget_s, out)
    print(f"Results: {out}", file=sys.stderr)
    if failed:
        print(f"Failed: {', '.join(failed)}; the reasons are in {out}.", file=sys.stderr)
    return 1 if failed else 0


def parse_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda", help="default: cuda")
    parser.add_argument(
        "--budget-s", type=float, default=480, metavar="S", help="seconds of all (default: 480)"
    )
    parser.add_argument(
        "--only", action="append", choices=list(SECTIONS), help="run this section; repeatable"
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="a folder of images")
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, help="the embedder (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="the JSON file of the results")
    parser.add_argument(
        "--page", action="store_true", help="write the page from --out, or from the last results"
    )
    options = parser.parse_args()
    if options.only and options.out is None and not options.page:
        parser.error("--only needs --out, so that a part does not replace a whole run's results")
    return options


def find_results() -> Path:
    """Return the results that the page shows: a GPU's where there are some, else a CPU's."""
    on_gpu = RESULTS / "gpu-cuda.json"
    return on_gpu if on_gpu.is_file() else RESULTS / "gpu-cpu.json"


if __name__ == "__main__":
    sys.exit(main())
