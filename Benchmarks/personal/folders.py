"""A person's pictures, laid out as the programs read them."""

import random

import protocol
import shifts


class Folders:
    """Made as they are asked for, below a root that the caller removes."""

    def __init__(self, data, person, root):
        self.data = data
        self.person = person
        self.root = root

    def test(self):
        return self._labelled("test", {name: protocol.held_out(self.data, name) for name in self.person.classes})

    def pool(self):
        return self._labelled("pool", {name: protocol.pool(self.data, name) for name in self.person.classes})

    def labelled(self, samples, seed):
        return self._labelled(f"labelled-{samples}-{seed}", self._drawn(samples, seed))

    def unlabelled(self, samples, seed):
        drawn = {name: protocol.draw_unmet(self.data, name, samples, seed) for name in self.person.classes}
        return self._unlabelled(f"unlabelled-{samples}-{seed}", drawn)

    def fifth(self, samples, seed):
        """The folder of those with labels, and that of the others."""
        known = protocol.fifth(samples)
        drawn = self._drawn(samples, seed)
        return (
            self._labelled(f"known-{samples}-{seed}", {name: pictures[:known] for name, pictures in drawn.items()}),
            self._unlabelled(f"others-{samples}-{seed}", {name: pictures[known:] for name, pictures in drawn.items()}),
        )

    def _drawn(self, samples, seed):
        return {name: protocol.draw(self.data, name, samples, seed) for name in self.person.classes}

    def _labelled(self, folder, pictures):
        for name, paths in pictures.items():
            for path in paths:
                self._place(path, self.root / folder / name / path.name)
        return self.root / folder

    def _unlabelled(self, folder, pictures):
        """Neither names nor their order tell anything about the classes."""
        paths = [path for paths in pictures.values() for path in paths]
        random.Random(folder).shuffle(paths)
        for number, path in enumerate(paths):
            self._place(path, self.root / folder / f"{number:05}.png")
        return self.root / folder

    def _place(self, source, target):
        if target.is_symlink() or target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(self._as_taken(source))

    def _as_taken(self, source):
        """The picture itself, or the shifted person's."""
        if self.person.shift is None:
            return source.resolve()
        taken = self.root / "taken" / source.parent.parent.name / source.parent.name / source.name
        if not taken.exists():
            taken.parent.mkdir(parents=True, exist_ok=True)
            shifts.write(self.person.shift, source, taken)
        return taken.resolve()
