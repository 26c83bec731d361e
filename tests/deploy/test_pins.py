"""What pip would install for each combination of extras, resolved against a real package index."""

import json
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pip(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A command that runs a new pip: old ones download each wheel even in a dry run."""
    folder = tmp_path_factory.mktemp("pip")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--retries", "1", "--no-deps",
         "--dest", str(folder), "pip>=26"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"no package index can be reached: {done.stderr.strip().splitlines()[-1]}")
    (wheel,) = folder.glob("pip-*.whl")
    return [sys.executable, str(wheel / "pip")]


def resolve(pip: list[str], extras: str, folder: Path) -> dict[str, str]:
    """Return {name: address} of the wheels that ``pip install '.[extras]'`` chooses."""
    report = folder / "report.json"
    # fast-deps reads metadata alone, also from an index that does not offer it separately.
    done = subprocess.run(
        [*pip, "install", "--quiet", "--dry-run", "--ignore-installed", "--use-feature=fast-deps",
         "--report", str(report), f".[{extras}]"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {
        wheel["metadata"]["name"].lower(): wheel["download_info"]["url"]
        for wheel in json.loads(report.read_text())["install"]
    }


class RemoteFile(RawIOBase):
    """A file behind an address, read in ranges."""

    def __init__(self, url: str, client: httpx.Client) -> None:
        self._url, self._client, self._at = url, client, 0
        self._size = int(client.head(url).raise_for_status().headers["content-length"])

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def read(self, count: int = -1) -> bytes:
        end = self._size if count < 0 else min(self._size, self._at + count)
        if end <= self._at:
            return b""
        headers = {"Range": f"bytes={self._at}-{end - 1}"}
        answer = self._client.get(self._url, headers=headers).raise_for_status()
        assert answer.status_code == 206, "this index does not serve ranges of a file"
        self._at = end
        return answer.content


def files_of(url: str, client: httpx.Client) -> Iterator[str]:
    with zipfile.ZipFile(RemoteFile(url, client)) as wheel:
        yield from (name for name in wheel.namelist() if ".dist-info/" not in name)


@pytest.mark.network
def test_the_gpu_extras_install_one_cudnn_and_no_file_twice(pip: list[str], tmp_path: Path) -> None:
    wheels = resolve(pip, "gpu,train,bench-gpu", tmp_path)
    assert {"torch", "onnxruntime-gpu", "faiss-gpu"} <= wheels.keys()
    assert not {"onnxruntime", "faiss-cpu"} & wheels.keys()
    assert len([name for name in wheels if name.startswith("nvidia-cudnn")]) == 1, sorted(wheels)
    owners: dict[str, list[str]] = defaultdict(list)
    with httpx.Client(follow_redirects=True, timeout=60) as client:
        for name, url in wheels.items():
            if name.startswith("nvidia-"):
                for file in files_of(url, client):
                    owners[file].append(name)
    assert len(owners) > 100
    assert {file: names for file, names in owners.items() if len(names) > 1} == {}


@pytest.mark.network
def test_the_cpu_extras_install_no_gpu_wheel(pip: list[str], tmp_path: Path) -> None:
    wheels = resolve(pip, "cpu,train,bench", tmp_path)
    assert {"torch", "onnxruntime", "faiss-cpu"} <= wheels.keys()
    assert not {"onnxruntime-gpu", "faiss-gpu"} & wheels.keys()
