"""Weights without a model, as four versions of save_weights write them, and the architecture as to_json writes it."""

import keras
import tf_keras
from keras.src.legacy.saving import legacy_h5_format

from recipe import Builder, CompactFile, check_same, compact_groups, generator, names, random_inputs, randomise, run
from recipe import save_arrays, shapes
from structure_fixtures import block


def built(module):
    b = Builder(module)
    image = b.input(8, 8, 3)
    features = block(b, (8, 8, 3), 4, "backbone")(image)
    tensor = b.hidden("MaxPooling2D", b.hidden("Conv2D", features, 4, 3, strides=2, padding="same"))
    b("classes", "Dense", b.hidden("Flatten", tensor), 3, activation="softmax")
    return b.model()


def write_all(folder, told):
    random = generator("weights only")
    model = built(keras)
    randomise(model, random)
    arrays = random_inputs(shapes(model), random)
    expected = run(model, arrays)
    save_arrays(folder, "weights", arrays, expected)
    told["weights"] = names(model)
    older = built(tf_keras)
    older.set_weights(model.get_weights())
    check_same("tf_keras", run(older, arrays), expected)
    (folder / "architecture.keras2.json").write_text(older.to_json())
    (folder / "architecture.keras3.json").write_text(model.to_json())
    with compact_groups():
        older.save_weights(folder / "keras2.h5")
        older.save_weights(folder / "keras2.weights.h5")
        model.save_weights(folder / "keras3.weights.h5")
        with CompactFile(folder / "keras3.h5", "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)
    for module, suffix in ((tf_keras, "keras2"), (keras, "keras3")):
        for name in (f"{suffix}.h5", f"{suffix}.weights.h5"):
            loaded = module.models.model_from_json((folder / f"architecture.{suffix}.json").read_text())
            loaded.load_weights(folder / name)
            check_same(name, run(loaded, arrays), expected)
