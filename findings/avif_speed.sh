#!/usr/bin/env bash
# One step of AVIF's speed setting more than doubles the file of a line drawing, at the same
#   quality.
#
# Expected: speed trades a few percent of size for time, step by step; at one quality AVIF is
#   smaller than WebP, and lossy is smaller than lossless.
# Happens: for thin coloured lines on black, speeds 6, 7 and 8 give about the same size at quality
#   80; speeds 9 and 10 more than double it: larger than quality 80 WebP, and than the PNG, which is
#   exact. Lossless WebP is the smallest of all. With a smooth picture the step from 8 to 9 is
#   nothing.
# Seen on: pillow 13.0.0 with libavif 1.4.2, aom 3.14.1 and libwebp 1.6.0.
# For us: scans are line drawings. Never choose a speed above 8 for them, whatever it did for
#   photographs, and try lossless WebP first for diagrams.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 numpy==2.4.6

"$folder/venv/bin/python" - <<'PY'
import io

import numpy as np
import PIL
from PIL import Image, ImageDraw, _avif, features

print("pillow", PIL.__version__, *(f"{name} {features.version(name)}" for name in ("avif", "webp")))
print(_avif.codec_versions())
random = np.random.default_rng(0)


def lines(side=512, count=300):
    picture = Image.new("RGB", (side, side))
    draw = ImageDraw.Draw(picture)
    for _ in range(count):
        ends = [int(value) for value in random.integers(0, side, 4)]
        draw.line(ends, fill=tuple(int(value) for value in random.integers(60, 256, 3)))
    return picture


def smooth(side=512):
    noise = random.random((side // 16, side // 16, 3)) * 255
    return Image.fromarray(noise.astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)


def size(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return len(file.getvalue())


for name, picture in (("lines", lines()), ("smooth", smooth())):
    avif = {speed: size(picture, "AVIF", quality=80, speed=speed) for speed in (6, 7, 8, 9, 10)}
    others = {
        "WebP 80": size(picture, "WEBP", quality=80),
        "WebP lossless": size(picture, "WEBP", lossless=True),
        "PNG": size(picture, "PNG"),
    }
    print(f"{name}: bytes of AVIF at quality 80 by speed {avif}, {others}")
    if name == "lines":
        assert max(avif[6], avif[7], avif[8]) < 1.1 * min(avif[6], avif[7], avif[8]), "has changed below 9"
        assert avif[9] > 2 * avif[8] and avif[10] > 2 * avif[8], "behaviour has changed: speed 9 is small"
        assert avif[9] > others["PNG"] and avif[9] > others["WebP 80"], "has changed: speed 9 against the others"
        assert others["WebP lossless"] < min(*avif.values(), others["WebP 80"]), "has changed: lossless WebP"
    else:
        assert avif[9] < 1.1 * avif[8], "behaviour has changed: speed 9 of a smooth picture"
        assert others["WebP lossless"] > 2 * avif[9], "has changed: lossless WebP of a smooth picture"
print("as seen: speed 9 doubles the file of a line drawing")
PY
