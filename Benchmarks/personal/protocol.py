"""Who is measured, and on which pictures.

DATA holds `train/CLASS/*.png` and `test/CLASS/*.png` of CIFAR-100, and `personas.json` with superclasses and groups of
superclasses. Pictures of a class stand in the order of the SHA-256 of their file names. The first 400 training pictures
are *global*: the sample model has seen them. The other 100 are the *pool* that people's pictures are drawn from; those of
people without labels from its second half, as the first is what the sample bundle calls ordinary. Test
pictures are only ever tested on.
"""

import dataclasses
import hashlib
import json
import random

from shifts import SHIFTS

POOL = 100
# The first of these tell the sample bundle what ordinary pictures look like (SampleModels/cifar100/ordinary.py): whoever has no
# labels, and is held against that, has the others.
ORDINARY = 50

# A mean share of the time to aim at: what a person of the kind should be able to save.
AFFORDABLE = {"superclass": 0.13, "group": 0.65, "shifted": 0.70}
KINDS = list(AFFORDABLE)


@dataclasses.dataclass(frozen=True)
class Person:
    kind: str
    name: str
    classes: tuple
    shift: str | None = None


def by_digest(folder):
    """A class's pictures in an order that says nothing about what they show."""
    return sorted(folder.iterdir(), key=lambda path: hashlib.sha256(path.name.encode()).hexdigest())


def pool(data, name):
    """A class's pictures that the sample model has never seen."""
    return by_digest(data / "train" / name)[-POOL:]


def held_out(data, name):
    """A class's pictures for testing."""
    return by_digest(data / "test" / name)


def draw(data, name, samples, seed):
    """So many of a class's pool; a small draw is the beginning of a larger one of the same seed."""
    return drawn(pool(data, name), name, samples, seed)


def draw_unmet(data, name, samples, seed):
    """The same of pictures of which the sample bundle knows nothing at all."""
    return drawn(pool(data, name)[ORDINARY:], name, samples, seed)


def drawn(pictures, name, samples, seed):
    random.Random(f"{seed} {name}").shuffle(pictures)
    return pictures[:samples]


def fifth(samples):
    """How many of a class's pictures have labels when a fifth of them does."""
    return max(samples // 5, 1)


def seeds(samples, count):
    """The draws that differ: who draws the whole pool draws it once."""
    return range(1 if samples >= POOL else count)


def people(data, kind):
    """Everybody of a kind. Of shifted people the first twenty have every superclass once and every shift five times."""
    personas = json.loads((data / "personas.json").read_text())
    superclasses = personas["superclasses"]
    if kind == "superclass":
        return [Person(kind, name, tuple(classes)) for name, classes in superclasses.items()]
    if kind == "group":
        return [
            Person(kind, name, tuple(each for part in parts for each in superclasses[part]))
            for name, parts in personas["personas"].items()
        ]
    shifts = list(SHIFTS)
    return [
        Person(kind, f"{name}, {shift}", tuple(classes), shift)
        for turn in range(len(shifts))
        for position, (name, classes) in enumerate(superclasses.items())
        for shift in [shifts[(position + turn) % len(shifts)]]
    ]
