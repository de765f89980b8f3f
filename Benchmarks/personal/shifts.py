"""How all pictures of a shifted person differ from what the model was trained on."""

from PIL import Image, ImageFilter, ImageOps

# What the dusk leaves of red, green and blue.
DUSK = (0.35, 0.25, 0.15)
BLUR_PIXELS = 0.8


def rotated(picture):
    return picture.transpose(Image.Transpose.ROTATE_90)


def dark(picture):
    """Darkened, and tinted by darkening the channels unequally."""
    levels = [round(level * share) for share in DUSK for level in range(256)]
    return picture.point(levels)


def blurred(picture):
    return picture.filter(ImageFilter.GaussianBlur(BLUR_PIXELS))


SHIFTS = {"rotated": rotated, "dark": dark, "blurred": blurred, "inverted": ImageOps.invert}


def write(shift, source, target):
    """A picture as a shifted person takes it; PNG loses nothing of it."""
    with Image.open(source) as picture:
        SHIFTS[shift](picture.convert("RGB")).save(target)
