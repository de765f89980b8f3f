"""What a fixture is: a small Keras model with random weights, arrays that go in, and what Keras makes of them."""

import contextlib
import dataclasses
import importlib
import itertools
import json
import pathlib
import shutil
import tempfile
import zlib

import h5py
import numpy as np

#: Fixtures by name, in the order in which they were declared.
FIXTURES = {}
#: Samples in every array.
BATCH = 2


@dataclasses.dataclass(frozen=True)
class Fixture:
    """One model, and how it is written and checked."""

    build: object
    #: Keras versions that have its layers.
    versions: tuple = (2, 3)
    #: Versions that write it as a .keras archive as well.
    archive: tuple = ()
    #: Versions that write .h5; what one cannot write is an archive alone.
    whole: tuple = (2, 3)
    #: Versions whose own reader of .h5 forgets what the file says or does not know it; archives are loaded instead.
    unread: tuple = ()
    #: Classes that networks of keras.applications bring along, which its reader of .h5 has to be told of.
    classes: tuple = ()
    #: With groups as Keras writes them, not compact.
    as_written: bool = False
    #: What is changed in the .h5 once it is written; a function of the open file.
    edit: object = None
    #: Weights that f16 can tell exactly.
    half: bool = False
    #: How far the arrays spread.
    spread: float = 1.0
    #: Channels first: a copy of the model with channels last computes the outputs.
    twin: bool = False

    @property
    def name(self):
        return self.build.__name__


def fixture(**options):
    """Declares a function of a Builder as a fixture."""

    def declare(build):
        FIXTURES[build.__name__] = Fixture(build, **options)
        return build

    return declare


def application_class(keras, network, name):
    """A class that a network of keras.applications defines for itself."""
    return getattr(importlib.import_module(f"{keras.__name__}.src.applications.{network}"), name)


class Builder:
    """Puts layers together by name, so that the same lines build a model in Keras 2 and in Keras 3."""

    def __init__(self, keras, data_format="channels_last"):
        keras.backend.clear_session()
        self.keras = keras
        self.version = int(keras.__version__.split(".")[0])
        self.data_format = data_format
        self.inputs = []
        self.outputs = []

    @property
    def channels(self):
        """The axis of the channels, the batch counted."""
        return 1 if self.data_format == "channels_first" else -1

    def input(self, *shape, name="image", **options):
        """An input of this shape, given with the channels last."""
        if self.data_format == "channels_first" and len(shape) > 1:
            shape = (shape[-1], *shape[:-1])
        self.inputs.append(self.keras.Input(shape, name=name, **options))
        return self.inputs[-1]

    def layer(self, kind, *arguments, **options):
        return getattr(self.keras.layers, kind)(*arguments, **options)

    def hidden(self, kind, tensor, *arguments, **options):
        """A layer that is no output."""
        return self.layer(kind, *arguments, **options)(tensor)

    def __call__(self, name, kind, tensor, *arguments, **options):
        """A layer that is an output, and named."""
        return self.output(self.hidden(kind, tensor, *arguments, name=name, **options))

    def output(self, tensor):
        self.outputs.append(tensor)
        return tensor

    def model(self):
        single = len(self.inputs) == 1 and len(self.outputs) == 1
        inputs, outputs = (self.inputs[0], self.outputs[0]) if single else (self.inputs, self.outputs)
        return self.keras.Model(inputs, outputs, name="model")


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def randomise(model, random, half=False):
    """Gives every weight a random value of the usual size; statistics that a layer has adapted to stay."""
    adapted = [weight for layer in every_layer(model) if type(layer).__name__ == "Normalization"
               for weight in layer.weights]
    for weight in model.weights:
        if any(weight is other for other in adapted) or "float" not in str(weight.dtype):
            continue
        values = random_weight(weight.name.split("/")[-1].split(":")[0], tuple(weight.shape), random)
        weight.assign(values.astype("f2").astype("f4") if half else values)


def every_layer(model):
    """Layers, those of inner models and wrappers too."""
    for layer in getattr(model, "layers", []):
        yield layer
        yield from every_layer(layer)


def random_weight(name, shape, random):
    if name.endswith("variance"):
        return random.uniform(0.3, 2, shape).astype("f4")
    if name.endswith(("gamma", "scale")):
        return random.uniform(0.5, 1.5, shape).astype("f4")
    if name.endswith("alpha"):
        return random.uniform(-0.3, 0.7, shape).astype("f4")
    size = 0.3 if len(shape) < 2 else np.prod(shape[:-1]) ** -0.5
    return (size * random.standard_normal(shape)).astype("f4")


def random_inputs(shapes, random, spread=1.0, extents=7):
    """Arrays for input shapes; open extents become 7, 8, 9 …"""
    arrays = []
    for shape in shapes:
        known = [BATCH] + [extents + i if e is None else e for i, e in enumerate(shape[1:])]
        arrays.append((spread * random.standard_normal(known)).astype("f4"))
    return arrays


def run(model, arrays):
    outputs = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return [np.asarray(output) for output in outputs]


def shapes(model):
    return [tuple(tensor.shape) for tensor in model.inputs]


def names(model):
    """What the model's user calls its inputs and outputs; Keras 2 numbers outputs of one layer, Keras 3 does not."""

    def layer_names(tensors):
        return [(getattr(t._keras_history, "operation", None) or t._keras_history.layer).name for t in tensors]

    outputs = []
    for name in layer_names(model.outputs):
        others = (f"{name}_{number}" for number in itertools.count(1))
        outputs.append(next(other for other in itertools.chain([name], others) if other not in outputs))
    return {"inputs": layer_names(model.inputs), "outputs": outputs}


def last(array):
    """Channels first to last, and the other way round below."""
    return np.moveaxis(array, 1, -1) if array.ndim > 2 else array


def first(array):
    return np.moveaxis(array, -1, 1) if array.ndim > 2 else array


def twin_outputs(made, keras, model, arrays):
    """The outputs of a channels_first model from its channels_last copy, as a CPU does not run every layer itself."""
    weights = model.get_weights()
    builder = Builder(keras)
    made.build(builder)
    twin = builder.model()
    twin.set_weights([weight.reshape(own.shape) for weight, own in zip(weights, twin.get_weights(), strict=True)])
    return [first(output) for output in run(twin, [last(array) for array in arrays])]


def save_arrays(folder, name, inputs, outputs):
    for kind, arrays in (("in", inputs), ("out", outputs)):
        for index, array in enumerate(arrays):
            if not np.isfinite(array).all():
                raise SystemExit(f"{name}: {kind}{index} is not finite")
            np.save(folder / f"{name}.{kind}{index}.npy", array.astype("f4"))


def check_same(name, found, expected, tolerance=1e-5):
    """A file that gives other numbers than the model it was made of would prove nothing."""
    for index, (a, b) in enumerate(zip(found, expected, strict=True)):
        gap = np.abs(a - b).max() / max(np.abs(b).max(), 1e-30) if a.shape == b.shape else np.inf
        if not gap <= tolerance:
            raise SystemExit(f"{name}: output {index} of the loaded file is {gap} off")


def make(made, keras, folder, archive):
    """Writes one fixture: the model, its archive, the arrays; returns the names of inputs and outputs."""
    random = generator(made.name)
    keras.utils.set_random_seed(7)
    builder = Builder(keras, "channels_first" if made.twin else "channels_last")
    model = made.build(builder) or builder.model()
    randomise(model, random, made.half)
    arrays = random_inputs(shapes(model), random, made.spread)
    written = save(made, model, builder.version, folder, archive)
    told = names(model)
    if made.twin:
        expected = twin_outputs(made, keras, model, arrays)
    else:
        expected = run(model, arrays)
        loaded = check_loaded(made, model, builder, written, arrays, expected)
        told = names(loaded) if made.edit and builder.version not in made.unread else told
    save_arrays(folder, made.name, arrays, expected)
    return told


def save(made, model, version, folder, archive):
    """Writes what this version writes of a fixture, and returns the paths."""
    paths = [folder / f"{made.name}.h5"] if version in made.whole else []
    if version in made.archive:
        paths.append(archive / f"{made.name}.keras")
    with contextlib.nullcontext() if made.as_written else compact_groups():
        for path in paths:
            model.save(path)
            if made.edit and path.suffix == ".h5":
                with h5py.File(path, "r+") as file:
                    made.edit(file)
    return paths


def check_loaded(made, model, builder, paths, arrays, expected):
    """Loads the files again and compares; in place of a .h5 that Keras does not read itself, an archive.

    Returns what was loaded last: where a file was changed, names are as the file has them.
    """
    with tempfile.TemporaryDirectory() as temporary:
        unread = builder.version in made.unread
        checked = [path for path in paths if not (unread and path.suffix == ".h5")]
        if not checked:
            checked = [pathlib.Path(temporary) / "model.keras"]
            model.save(checked[0])
        for path in checked:
            builder.keras.backend.clear_session()
            classes = {name: application_class(builder.keras, network, name) for network, name in made.classes}
            loaded = builder.keras.models.load_model(path, custom_objects=classes, compile=False)
            check_same(path.name, run(loaded, arrays), expected)
    return loaded


class CompactFile(h5py.File):
    """A file with the groups of HDF5 1.8, which take a tenth of the room."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options, libver=("v108", "v110"), meta_block_size=256)


@contextlib.contextmanager
def compact_groups():
    """Keras writes old groups; both kinds are read everywhere, and the small one keeps the repository small."""
    usual = h5py.File
    h5py.File = CompactFile
    yield
    h5py.File = usual


def empty(folder):
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


@contextlib.contextmanager
def listing(folder):
    """fixtures.json: the names of inputs and outputs by file name."""
    entries = {}
    yield entries
    lines = [f"  {json.dumps(name)}: {json.dumps(entries[name])}" for name in sorted(entries)]
    (folder / "fixtures.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
