#!/usr/bin/env python3
"""Make the pictures and arrays in this folder, and what a decoder should get from them (*.npy, u8 [H,W,3]).

usage: make.py        writes next to itself; needs numpy and pillow (made with numpy 2.4.6, Pillow 13.0.0)
"""
import os
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

os.chdir(os.path.dirname(os.path.abspath(__file__)))
generator = np.random.RandomState(7)


def smooth(height, width, channels):
    """Blurred noise: gradients and edges, and every level from dark to bright."""
    noise = generator.randint(0, 256, (height // 4 + 2, width // 4 + 2, channels)).astype(np.uint8)
    planes = [Image.fromarray(noise[..., c]).resize((width, height), Image.BICUBIC) for c in range(channels)]
    return np.stack([np.asarray(p) for p in planes], -1)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, array, depth, color, extra=b"", interlaced=False):
    """Writes [H,W,C] as it is: colour types, depths and interlacing that Pillow does not write."""
    height, width, channels = array.shape

    def packed(part):
        rows = []
        for row in part:
            if depth == 16:
                rows.append(row.astype(">u2").tobytes())
            elif depth == 8:
                rows.append(row.astype("u1").tobytes())
            else:
                bits = "".join(f"{v:0{depth}b}" for v in row.ravel())
                bits += "0" * (-len(bits) % 8)
                rows.append(bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)))
        return b"".join(b"\0" + row for row in rows if row)

    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [array[y::dy, x::dx] for y, x, dy, dx in passes] if interlaced else [array]
    data = zlib.compress(b"".join(packed(p) for p in parts if p.size), 9)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    with open(name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b""))


def over_white(rgb, alpha):
    rgb, alpha = rgb.astype(int), alpha.astype(int)
    return ((rgb * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def gray(levels):
    return np.repeat(levels.astype(np.uint8), 3, -1)


def pngs():
    rgb, one, alpha = smooth(9, 11, 3), smooth(9, 11, 1), smooth(9, 11, 1)
    wide = generator.randint(0, 65536, (9, 11, 3))
    narrow = np.round(wide / 257).astype(np.uint8)
    cases = {
        "rgb8": (rgb, 8, 2, b"", False, rgb),
        "rgb8-interlaced": (rgb, 8, 2, b"", True, rgb),
        "rgb16": (wide, 16, 2, b"", False, narrow),
        "gray16": (wide[..., :1], 16, 0, b"", False, gray(narrow[..., :1])),
        "gray8": (one, 8, 0, b"", False, gray(one)),
        "gray1": (one > 127, 1, 0, b"", False, gray((one > 127) * 255)),
        "gray2-interlaced": (one >> 6, 2, 0, b"", True, gray((one >> 6) * 85)),
        "gray8-alpha": (np.concatenate([one, alpha], -1), 8, 4, b"", False, over_white(gray(one), alpha)),
        "rgb8-alpha": (np.concatenate([rgb, alpha], -1), 8, 6, b"", False, over_white(rgb, alpha)),
    }
    key = one[4, 4, 0]
    shown = gray(one)
    shown[one[..., 0] == key] = 255
    cases["gray8-key"] = (one, 8, 0, chunk(b"tRNS", struct.pack(">H", key)), False, shown)
    palette, entries = generator.randint(0, 256, (16, 3)).astype(np.uint8), one >> 4
    table = chunk(b"PLTE", palette.tobytes())
    cases["palette4"] = (entries, 4, 3, table, False, palette[entries[..., 0]])
    cover = np.full(16, 255)
    cover[:8] = np.arange(8) * 30
    cases["palette8-alpha"] = (
        entries, 8, 3, table + chunk(b"tRNS", cover[:8].astype(np.uint8).tobytes()), False,
        over_white(palette[entries[..., 0]], cover[entries]),
    )
    for name, (array, depth, color, extra, interlaced, expected) in cases.items():
        png(f"{name}.png", array, depth, color, extra, interlaced)
        np.save(f"{name}.npy", expected)
    return rgb


def jpegs():
    picture = Image.fromarray(smooth(24, 36, 3))
    for name, image, options in [
        ("ycc420", picture, {"subsampling": "4:2:0"}),
        ("ycc444-progressive", picture, {"subsampling": "4:4:4", "progressive": True}),
        ("gray", picture.convert("L"), {}),
    ]:
        image.save(f"{name}.jpg", quality=90, **options)
        np.save(f"{name}.npy", np.asarray(Image.open(f"{name}.jpg").convert("RGB")))


def orientations():
    """Six flat tiles, three across and two down, stored so that each orientation shows the same upright picture."""
    colors = np.array([[[220, 30, 30], [30, 200, 30], [30, 30, 220]], [[230, 230, 30], [20, 20, 20], [240, 240, 240]]])
    upright = Image.fromarray(colors.repeat(16, 0).repeat(16, 1).astype(np.uint8))
    np.save("upright.npy", np.asarray(upright))
    turn = Image.Transpose
    undo = [None, turn.FLIP_LEFT_RIGHT, turn.ROTATE_180, turn.FLIP_TOP_BOTTOM, turn.TRANSPOSE, turn.ROTATE_90,
            turn.TRANSVERSE, turn.ROTATE_270]
    for number, operation in enumerate(undo, 1):
        exif = Image.Exif()
        exif[0x0112] = number
        stored = upright if operation is None else upright.transpose(operation)
        stored.save(f"orientation{number}.jpg", quality=95, subsampling="4:4:4", exif=exif)
    upright.transpose(turn.ROTATE_90).save("orientation6.png", exif=bytes(exif_of(6)))


def exif_of(number):
    """The big-endian form; Pillow writes the other."""
    return b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, number, 0, 0)


def sizes():
    picture = Image.fromarray(smooth(23, 37, 3))
    picture.save("resize.png")
    for width, height in [(16, 16), (74, 46), (37, 10), (50, 23), (5, 40), (1, 1), (36, 22)]:
        np.save(f"resize-{width}x{height}.npy", np.asarray(picture.resize((width, height), Image.BILINEAR)))
    for name, kind in [("nearest", Image.NEAREST), ("bicubic", Image.BICUBIC), ("lanczos", Image.LANCZOS)]:
        for width, height in [(16, 16), (74, 46), (5, 40)]:
            np.save(f"resize-{name}-{width}x{height}.npy", np.asarray(picture.resize((width, height), kind)))
    for width, height in [(16, 16), (74, 46), (5, 40)]:
        np.save(f"resize-bilinear-{width}x{height}.npy", np.rint(between(np.asarray(picture), width, height)).astype(np.uint8))
    np.save("luma.npy", np.asarray(picture.convert("L")))


def between(array, width, height):
    """As TensorFlow's tf.image.resize and OpenCV's INTER_LINEAR define it: the four nearest pixels, whatever the size."""

    def axis(array, new):
        old = array.shape[0]
        centre = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        first = np.floor(centre).astype(int)
        share = (centre - first).reshape(-1, 1, 1)
        return array[first] * (1 - share) + array[np.minimum(first + 1, old - 1)] * share

    return axis(axis(array.astype(np.float64), height).transpose(1, 0, 2), width).transpose(1, 0, 2)


def archives():
    x = np.arange(2 * 3 * 2 * 2, dtype=np.float32).reshape(2, 3, 2, 2) / 4
    np.savez("stored.npz", x=x, y=np.array([1, 0]), note=np.array(["no", "numbers"]))
    np.savez_compressed("deflated.npz", x=np.zeros((4, 3, 2, 2), np.float16), y=np.array([0, 1, 2, 1], np.uint8))
    np.savez("levels.npz", x=np.arange(24, dtype=np.uint8).reshape(2, 3, 2, 2))
    broken = x.copy()
    broken[1, 2, 0, 0] = np.nan
    np.savez_compressed("nan.npz", x=broken)
    np.savez_compressed("labels-beyond.npz", x=x, y=np.array([1, 5]))
    y = np.array([2, 0])
    kinds = {"big-endian": y.astype(">i8"), "whole-floats": y.astype("<f4"), "column": y[:, None].astype("<i4"),
             "text": np.array(["cat", "dog"]), "fractions": np.array([0.5, 1]), "one-hot": np.eye(3)[y]}
    for name, labels in kinds.items():
        np.savez_compressed(f"labels-{name}.npz", x=x, y=labels)
    for name, kind in [("int64", "<i8"), ("uint16", "<u2")]:
        np.savez_compressed(f"pixels-{name}.npz", x=(x * 4).astype(kind), y=y)
    np.save("fortran.npy", np.asfortranarray(np.arange(24, dtype=np.int16).reshape(2, 3, 4)))


def zip64():
    """One stored array whose sizes and place stand in 64-bit fields, as in archives beyond 4 GiB."""
    with zipfile.ZipFile("stored.npz") as archive:
        data = archive.read("x.npy")
    name, full = b"x.npy", 0xFFFFFFFF
    sizes = struct.pack("<QQ", len(data), len(data))
    local = struct.pack("<HH", 1, 16) + sizes
    central = struct.pack("<HH", 1, 24) + sizes + struct.pack("<Q", 0)
    fields = struct.pack("<HHHHHIII", 45, 0, 0, 0, 33, zlib.crc32(data), full, full)
    entry = b"PK\3\4" + fields + struct.pack("<HH", len(name), len(local)) + name + local + data
    place = struct.pack("<HHHHHII", len(name), len(central), 0, 0, 0, 0, full)
    directory = b"PK\1\2" + struct.pack("<H", 45) + fields + place + name + central
    counts = struct.pack("<QQQQ", 1, 1, len(directory), len(entry))
    end64 = b"PK\6\6" + struct.pack("<QHHII", 44, 45, 45, 0, 0) + counts
    locator = b"PK\6\7" + struct.pack("<IQI", 0, len(entry) + len(directory), 1)
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, full, full, 0)
    with open("zip64.npz", "wb") as file:
        file.write(entry + directory + end64 + locator + end)


def parts():
    """Pictures of more than a few blocks, of which parts are decoded."""
    array = np.random.RandomState(8).randint(0, 256, (32, 24, 3)).astype(np.uint8)
    picture = Image.fromarray(array).resize((101, 134), Image.BICUBIC)
    for name, sampling in [("420", 2), ("422", 1), ("444", 0)]:
        picture.save(f"part{name}.jpg", quality=80, subsampling=sampling)
    picture.save("part420-progressive.jpg", quality=80, subsampling=2, progressive=True)
    picture.convert("L").save("part-gray.jpg", quality=80)


pngs()
jpegs()
orientations()
sizes()
archives()
zip64()
parts()
