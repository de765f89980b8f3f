"""python ordinary.py DATA OUT: pictures that the sample network never saw, for `pexconvert --calibrate OUT`.

DATA holds `train/CLASS/*.png` of CIFAR-100. Of each class OUT gets links to the 50 that follow the 400 that trained the
network, in the order of the SHA-256 of their file names.
"""

import hashlib
import pathlib
import sys

data, out = map(pathlib.Path, sys.argv[1:])
for folder in sorted((data / "train").iterdir()):
    pictures = sorted(folder.iterdir(), key=lambda path: hashlib.sha256(path.name.encode()).hexdigest())
    (out / folder.name).mkdir(parents=True)
    for picture in pictures[400:450]:
        (out / folder.name / picture.name).symlink_to(picture.resolve())
