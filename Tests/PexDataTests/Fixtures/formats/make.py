#!/usr/bin/env python3
"""Make the pictures in this folder, and what a decoder should get from them (NAME.npy beside NAME, u8 [H,W,3]).

usage: make.py        writes next to itself; needs numpy, pillow and pillow_heif (made with numpy 2.4, Pillow 13.0.0,
                      pillow_heif 1.8.1)
"""
import io
import os
import struct
import zlib

import numpy as np
import pillow_heif
from PIL import Image, ImageOps

pillow_heif.register_heif_opener()
os.chdir(os.path.dirname(os.path.abspath(__file__)))
generator = np.random.RandomState(11)
HEIGHT, WIDTH = 10, 13


def smooth(channels):
    noise = generator.randint(0, 256, (4, 5, channels)).astype(np.uint8)
    planes = [Image.fromarray(noise[..., c]).resize((WIDTH, HEIGHT), Image.BICUBIC) for c in range(channels)]
    return np.stack([np.asarray(p) for p in planes], -1)


def over_white(image):
    """Pillow's pixels, with what is transparent over white."""
    transparent = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
    array = np.asarray(image.convert("RGBA" if transparent else "RGB")).astype(int)
    if transparent:
        array = (array[..., :3] * array[..., 3:] + 255 * (255 - array[..., 3:]) + 127) // 255
    return array.astype(np.uint8)


def expect(name, array=None):
    np.save(f"{name}.npy", over_white(Image.open(name)) if array is None else array)


def save(image, name, **options):
    image.save(name, **options)
    expect(name)


def write(name, data, array=None):
    with open(name, "wb") as file:
        file.write(data)
    expect(name, array)


rgb, rgba, la = (Image.fromarray(smooth(c), m) for c, m in ((3, "RGB"), (4, "RGBA"), (2, "LA")))
gray = rgb.convert("L")
black = gray.convert("1")
many, few = rgb.quantize(200), rgb.quantize(16)
clear = rgba.quantize(100)
cmyk = Image.fromarray(smooth(4), "CMYK")


def webps():
    save(rgb, "lossless.webp", lossless=True)
    save(rgba, "lossless-alpha.webp", lossless=True, exact=True)
    save(rgb, "lossy.webp", quality=80)
    save(rgba, "lossy-alpha.webp", quality=80)
    save(rgb, "animated.webp", save_all=True, append_images=[rgb.rotate(180)], lossless=True)
    # A frame that covers a part of the canvas only: the pictures' own chunk, laid at (4, 2) by hand.
    with io.BytesIO() as file:
        rgb.crop((0, 0, 6, 5)).save(file, "WEBP", lossless=True)
        chunk = file.getvalue()[12:]
    u24 = lambda number: struct.pack("<I", number)[:3]
    frame = u24(2) + u24(1) + u24(5) + u24(4) + u24(100) + b"\0" + chunk
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + b"\x12\0\0\0" + u24(WIDTH - 1) + u24(HEIGHT - 1)
    body += b"ANIM" + struct.pack("<IIH", 6, 0, 0) + b"ANMF" + struct.pack("<I", len(frame)) + frame + b"\0" * (len(frame) % 2)
    write("animated-part.webp", b"RIFF" + struct.pack("<I", len(body)) + body)


def bmp(name, bits, rows, method=0, extra=b"", palette=b"", height=HEIGHT, core=False, data=None, size=None):
    data = data if data is not None else b"".join(row + b"\0" * (-len(row) % 4) for row in rows)
    if core:
        head = struct.pack("<IHHHH", 12, WIDTH, height, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", size or 40, WIDTH, height, 1, bits, method, len(data), 0, 0, len(palette) // 4, 0)
    start = 14 + len(head) + len(extra) + len(palette)
    write(name, b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + extra + palette + data)


def bmps():
    for name, image in [("rgb24", rgb), ("gray8", gray), ("palette8", many), ("palette4", few), ("bits1", black), ("alpha32", rgba)]:
        save(image, f"{name}.bmp")
    pixels = np.asarray(rgb)
    blue_first = pixels[..., ::-1]
    bmp("top-down.bmp", 24, [row.tobytes() for row in blue_first], height=-HEIGHT)
    bmp("core24.bmp", 24, [row.tobytes() for row in blue_first[::-1]], core=True)
    words = pixels.astype(np.uint16)
    bits555 = (words[..., 0] >> 3) << 10 | (words[..., 1] >> 3) << 5 | words[..., 2] >> 3
    bits565 = (words[..., 0] >> 3) << 11 | (words[..., 1] >> 2) << 5 | words[..., 2] >> 3
    bmp("bits555.bmp", 16, [row.astype("<u2").tobytes() for row in bits555[::-1]])
    bmp("bits565.bmp", 16, [row.astype("<u2").tobytes() for row in bits565[::-1]], 3, struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    wide = np.concatenate([blue_first, np.full((HEIGHT, WIDTH, 1), 77, np.uint8)], -1)
    bmp("unused32.bmp", 32, [row.tobytes() for row in wide[::-1]])
    entries = np.asarray(few)
    palette = b"".join(bytes(c[::-1]) + b"\0" for c in np.array(few.getpalette()[:48], np.uint8).reshape(-1, 3))
    palette += b"\0" * (64 - len(palette))
    # Runs, stretches of single pixels, and a jump over three pixels of the second line.
    lines8, lines4 = [], []
    for number, row in enumerate(entries[::-1]):
        row = row.copy()
        if number == 1:
            lines8.append(bytes([0, 2, 3, 0]) + bytes([0, 10]) + row[3:].tobytes())
            row[:3] = 0
        elif number % 2:
            lines8.append(bytes([0, 13]) + row.tobytes() + b"\0")
        else:
            lines8.append(b"".join(bytes([1, value]) for value in row[:-4]) + bytes([4, row[-4]]))
            row[-4:] = row[-4]
        pairs = [*row, 0]
        packed = bytes(pairs[i] << 4 | pairs[i + 1] for i in range(0, 14, 2))
        lines4.append(bytes([0, 13]) + packed + b"\0" if number % 2 else b"".join(bytes([1, v << 4]) for v in row))
    end = bytes([0, 1])
    table = np.frombuffer(palette, np.uint8).reshape(-1, 4)[:, 2::-1]
    shown = entries.copy()
    shown[HEIGHT - 2, :3] = 0
    for number in range(0, HEIGHT, 2):
        shown[HEIGHT - 1 - number, -4:] = shown[HEIGHT - 1 - number, -4]
    for name, lines, bits, method in [("runs8.bmp", lines8, 8, 1), ("runs4.bmp", lines4, 4, 2)]:
        bmp(name, bits, None, method, palette=palette, data=b"\0\0".join(lines) + end)
        assert np.array_equal(np.load(f"{name}.npy"), table[shown]), name


def gifs():
    save(many, "still.gif", interlace=0)
    save(many, "interlaced.gif", interlace=1)
    save(gray, "gray.gif")
    save(clear, "transparent.gif")
    save(many, "animated.gif", save_all=True, append_images=[many.rotate(180)])
    # A frame smaller than its screen, with and without a transparent colour.
    with io.BytesIO() as file:
        few.crop((0, 0, 6, 5)).save(file, "GIF", interlace=0)
        data = bytearray(file.getvalue())
    data[6:10] = struct.pack("<HH", WIDTH, HEIGHT)
    place = 13 + (3 << (data[10] & 7) + 1)
    while data[place] != 0x2C:
        place += 8
    data[place + 1 : place + 5] = struct.pack("<HH", 4, 2)
    write("part.gif", bytes(data))
    control = bytes([0x21, 0xF9, 4, 1, 0, 0, 3, 0])
    write("part-transparent.gif", bytes(data[:place]) + control + bytes(data[place:]))


def tiffs():
    images = {"rgb": rgb, "gray": gray, "palette": many, "bits1": black, "alpha": rgba, "gray-alpha": la}
    for name, image in images.items():
        save(image, f"{name}.tif")
    for method in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
        save(rgb, f"{method.split('_')[-1]}.tif", compression=method)
    save(black, "group4.tif", compression="group4")
    save(rgb, "jpeg.tif", compression="jpeg", quality=95)
    save(cmyk, "cmyk.tif")
    save(rgb, "pages.tif", save_all=True, append_images=[rgb.rotate(180)])
    wide = generator.randint(0, 65536, (HEIGHT, WIDTH, 3))
    entries = [(256, 3, WIDTH), (257, 3, HEIGHT), (258, 3, 16), (262, 3, 1), (277, 3, 1), (278, 3, HEIGHT)]
    data = wide[..., :1].astype(">u2").tobytes()
    expected = np.repeat(np.round(wide[..., :1] / 257).astype(np.uint8), 3, -1)
    write("gray16.tif", tiff(entries + [(273, 4, 8), (279, 4, len(data))], data), expected)
    # Tiles of 16x16 pixels, of which the picture is the upper left part.
    tile = np.zeros((16, 16), np.uint8)
    tile[:HEIGHT, :WIDTH] = np.asarray(gray)
    entries = [(256, 3, WIDTH), (257, 3, HEIGHT), (258, 3, 8), (262, 3, 1), (277, 3, 1), (322, 3, 16), (323, 3, 16)]
    write("tiles.tif", tiff(entries + [(324, 4, 8), (325, 4, 256)], tile.tobytes()), np.repeat(np.asarray(gray)[..., None], 3, -1))


def tiff(entries, data):
    """A big-endian file: header, data, one directory."""
    directory = struct.pack(">H", len(entries))
    for tag, kind, value in sorted(entries):
        directory += struct.pack(">HHI", tag, kind, 1) + (struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value))
    return b"MM\0*" + struct.pack(">I", 8 + len(data)) + data + directory + b"\0\0\0\0"


def heifs():
    big = Image.fromarray(np.asarray(rgb)).resize((40, 30), Image.BICUBIC)
    shade = Image.fromarray(smooth(1)[..., 0]).resize((40, 30), Image.BICUBIC)
    big_alpha = big.copy()
    big_alpha.putalpha(shade)
    save(big, "photo.heic", quality=95)
    save(big_alpha, "alpha.heic", quality=95)
    for orientation in (3, 6, 7):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(big, f"turned{orientation}.heic", quality=95, exif=exif)
    save(big, "photo.avif", quality=95, subsampling="4:4:4")
    save(big_alpha, "alpha.avif", quality=95, subsampling="4:4:4")
    exif = Image.Exif()
    exif[0x0112] = 6
    # Pillow leaves turning to its user here.
    big.save("turned6.avif", quality=95, subsampling="4:4:4", exif=exif)
    expect("turned6.avif", over_white(ImageOps.exif_transpose(Image.open("turned6.avif"))))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def exif_block(number, order=">", kind=3):
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *((number, 0) if kind == 3 else (number,)))
    return (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "IHHHI", 8, 1, 0x0112, kind, 1) + value + b"\0\0\0\0"


def xmp(number, form):
    inner = {
        "attribute": f'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{number}"/>',
        "element": f"<rdf:Description><tiff:Orientation>{number}</tiff:Orientation></rdf:Description>",
    }[form]
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>{inner}</rdf:RDF></x:xmpmeta>'.encode()


def orientations():
    """The same upright tiles as ../upright.npy, stored turned, with everything that says so."""
    upright = Image.fromarray(np.load("../upright.npy"))
    stored = upright.transpose(Image.Transpose.ROTATE_90)  # 6
    with io.BytesIO() as file:
        stored.save(file, "PNG")
        png = file.getvalue()
    head, data, end = png[:33], png[33:-12], png[-12:]
    itxt = lambda form: chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(6, form))
    pngs = {
        "exif-before": (chunk(b"eXIf", exif_block(6)), b""), "exif-after": (b"", chunk(b"eXIf", exif_block(6, "<", 4))),
        "xmp-attribute": (itxt("attribute"), b""), "xmp-element": (b"", itxt("element")),
        "exif-wins": (itxt("attribute").replace(b'"6"', b'"3"'), chunk(b"eXIf", exif_block(6))),
    }
    for name, (before, after) in pngs.items():
        with open(f"orientation-{name}.png", "wb") as file:
            file.write(head + before + data + after + end)
    for order in "<>":
        for kind in (3, 4):
            stored.save(f"orientation-{'short' if kind == 3 else 'long'}{'LB'[order == '>']}.jpg", quality=95, subsampling="4:4:4",
                        exif=b"Exif\0\0" + exif_block(6, order, kind))
    for form in ("attribute", "element"):
        stored.save(f"orientation-xmp-{form}.jpg", quality=95, subsampling="4:4:4", xmp=xmp(6, form))
        stored.save(f"orientation-xmp-{form}.webp", lossless=True, xmp=xmp(6, form))
    stored.save("orientation-exif.webp", lossless=True, exif=exif_block(6))
    stored.save("orientation-exif-named.webp", lossless=True, exif=b"Exif\0\0" + exif_block(6, "<", 4))
    for number, operation in [(6, "ROTATE_90"), (3, "ROTATE_180"), (4, "FLIP_TOP_BOTTOM"), (5, "TRANSPOSE"), (2, "FLIP_LEFT_RIGHT")]:
        turned = upright.transpose(getattr(Image.Transpose, operation))
        turned.save(f"orientation{number}.tif", tiffinfo={274: number})


def bombs():
    """Text that inflates to 47 MB, in front of a picture of one pixel."""
    text = zlib.compress(b"A" * 7_900_000, 9)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    texts = b"".join(chunk(b"zTXt", b"key%d\0\0" % number + text) for number in range(3))
    texts += b"".join(chunk(b"iTXt", b"key%d\0\1\0\0\0" % number + text) for number in range(3))
    data = chunk(b"IDAT", zlib.compress(b"\0\x50")) + chunk(b"IEND", b"")
    write("text-bomb.png", b"\x89PNG\r\n\x1a\n" + head + texts + data, np.full((1, 1, 3), 0x50, np.uint8))
    # A picture of 4 megapixels that says that it has 16x16.
    Image.new("RGB", (2048, 2048)).save("larger-than-told.heic", quality=10)
    with open("larger-than-told.heic", "rb") as file:
        data = file.read().replace(b"ispe\0\0\0\0" + struct.pack(">II", 2048, 2048), b"ispe\0\0\0\0" + struct.pack(">II", 16, 16))
    with open("larger-than-told.heic", "wb") as file:
        file.write(data)


webps()
bmps()
gifs()
tiffs()
heifs()
orientations()
bombs()
save(cmyk, "cmyk.jpg", quality=95)
