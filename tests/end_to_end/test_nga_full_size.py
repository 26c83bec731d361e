"""The tables at the size of the whole gallery are joined within 1 GiB."""

import json
import subprocess
import sys
from pathlib import Path

from nga_generator import ALL_OBJECTS, write_tables

READ = """
import json, sys
from pathlib import Path
from ingest.sources.nga_record import Constituents, make_artwork
from ingest.sources.nga_tables import Selection, Tables, select

everything = Selection(classification=(), all_rights=True, all_images=True)
works = select(Tables(Path(sys.argv[1])), everything)
known = Constituents(works.constituents.iter_rows(named=True))
artworks = sum(make_artwork(row, known, 640).id.startswith("nga:") for row in works)
# Not ru_maxrss, which a new process takes over from the one that started it.
status = Path("/proc/self/status").read_text()
peak = next(int(line.split()[1]) for line in status.splitlines() if line[:6] == "VmHWM:") / 1024
found = {"artworks": artworks, "images": works.count, "mib": peak, "funnel": works.funnel}
print(json.dumps(found))
"""


def test_all_objects_and_images_within_1_gib(tmp_path: Path) -> None:
    rows = write_tables(tmp_path)
    assert rows["objects"] == ALL_OBJECTS == 144_192
    assert rows["published_images"] == 120_000
    ran = subprocess.run(
        [sys.executable, "-c", READ, tmp_path], check=True, capture_output=True, text=True
    )
    found = json.loads(ran.stdout)
    assert found["artworks"] == found["images"] > 100_000
    assert found["funnel"][0] == ["in the tables", 144_192]
    assert found["mib"] < 1024
    print(f"peak {found['mib']:.0f} MiB for {found['images']:,} images")
