"""How models are put together: nesting, sharing, several inputs and outputs, operations without a layer."""

import numpy as np

from recipe import application_class, fixture


def block(b, shape, filters, name):
    """A small Functional model with weights of several kinds."""
    inner = b.keras.Input(shape)
    tensor = b.hidden("Conv2D", inner, filters, 3, padding="same", use_bias=False)
    tensor = b.hidden("BatchNormalization", tensor)
    return b.keras.Model(inner, b.hidden("Activation", tensor, "relu"), name=name)


def stack(b, shape, filters, name):
    """The same idea as a Sequential model."""
    return b.keras.Sequential(
        [b.keras.Input(shape), b.layer("Conv2D", filters, 3, strides=2, padding="same"), b.layer("PReLU"),
         b.layer("BatchNormalization")], name=name)


@fixture(archive=(2, 3), as_written=True)
def sequential(b):
    """A Sequential classifier, its output a class distribution."""
    return b.keras.Sequential(
        [b.keras.Input((8, 8, 3), name="image"), b.layer("Conv2D", 4, 3, activation="relu"),
         b.layer("MaxPooling2D"), b.layer("Conv2D", 6, 3, padding="same"), b.layer("BatchNormalization"),
         b.layer("Activation", "relu"), b.layer("Flatten"), b.layer("Dropout", 0.5),
         b.layer("Dense", 5, activation="softmax")], name="model")


@fixture()
def sequential_without_input(b):
    """A Sequential model that was built by its first array."""
    model = b.keras.Sequential(
        [b.layer("Conv2D", 4, 3), b.layer("GlobalAveragePooling2D"), b.layer("Dense", 5)], name="model")
    model.build((None, 6, 7, 3))
    return model


@fixture()
def sequential_input_shape(b):
    """input_shape in the first layer, as older code has it."""
    return b.keras.Sequential(
        [b.layer("Conv2D", 4, 3, input_shape=(6, 7, 3)), b.layer("Flatten"), b.layer("Dense", 5)], name="model")


@fixture()
def fixed_batch(b):
    image = b.keras.Input(batch_shape=(2, 5, 5, 3), name="image")
    b.inputs.append(image)
    b("after", "Conv2D", image, 2, 3)


@fixture()
def open_size(b):
    """A network for images of any size."""
    image = b.input(None, None, 3)
    tensor = b.hidden("Conv2D", image, 4, 3, strides=2, padding="same", activation="relu")
    tensor = b.hidden("MaxPooling2D", tensor, 2, padding="same")
    b("pooled", "GlobalAveragePooling2D", tensor)
    b("classes", "Dense", b.outputs[0], 3)


@fixture()
def rank4_output(b):
    """A network for segmentation: its output is an image."""
    image = b.input(8, 8, 3)
    down = b.hidden("Conv2D", image, 6, 3, strides=2, padding="same", activation="relu")
    up = b.hidden("Conv2DTranspose", down, 4, 3, strides=2, padding="same", activation="relu")
    b("mask", "Conv2D", b.hidden("Concatenate", [up, image]), 3, 1, activation="softmax")


@fixture()
def several_inputs_outputs(b):
    """Outputs in another order than their layers, one of them used inside as well."""
    left, right = b.input(6, 6, 3, name="left"), b.input(6, 6, 2, name="right")
    vector = b.input(5, name="vector")
    a = b.hidden("Conv2D", left, 4, 3, name="from_left")
    c = b.hidden("Conv2D", right, 4, 3, name="from_right")
    joined = b.hidden("Add", [a, c], name="joined")
    pooled = b.hidden("GlobalAveragePooling2D", joined)
    classes = b.hidden("Dense", b.hidden("Concatenate", [pooled, vector]), 3, activation="softmax", name="classes")
    for tensor in (classes, joined, b.hidden("Dense", vector, 2, name="number"), a):
        b.output(tensor)


@fixture()
def inputs_in_other_order(b):
    """Inputs that the model takes in another order than they were made in."""
    second, first = b.input(4, 4, 2, name="second"), b.input(4, 4, 3, name="first")
    b.inputs.reverse()
    b("after", "Concatenate", [b.hidden("Conv2D", second, 2, 1), b.hidden("Conv2D", first, 2, 1)])


@fixture(archive=(3,), as_written=True)
def residual_network(b):
    """Many layers of one class, so that archives number them; weights of one order, layers of another."""
    image = b.input(8, 8, 3)
    tensor = b.hidden("Conv2D", image, 4, 3, padding="same", use_bias=False)
    for index in range(3):
        shortcut = b.hidden("Conv2D", tensor, 4, 1) if index else tensor
        tensor = b.hidden("BatchNormalization", tensor)
        tensor = b.hidden("Activation", tensor, "relu")
        tensor = b.hidden("Conv2D", tensor, 4, 3, padding="same")
        tensor = b.hidden("Add", [tensor, shortcut])
    tensor = b.hidden("GlobalAveragePooling2D", tensor)
    b("classes", "Dense", b.hidden("Dense", tensor, 6, activation="relu"), 5)


@fixture()
def inverted_residual(b):
    """The block of MobileNetV3 and EfficientNet: depthwise, squeeze and excitation, a sum."""
    image = b.input(6, 6, 4)
    tensor = b.hidden("Conv2D", image, 8, 1, use_bias=False)
    tensor = b.hidden("Activation", b.hidden("BatchNormalization", tensor, epsilon=1e-3), "swish")
    tensor = b.hidden("DepthwiseConv2D", tensor, 3, padding="same", use_bias=False)
    tensor = b.hidden("Activation", b.hidden("BatchNormalization", tensor), "swish")
    gate = b.hidden("Reshape", b.hidden("GlobalAveragePooling2D", tensor), (1, 1, 8))
    gate = b.hidden("Conv2D", gate, 2, 1, activation="swish")
    gate = b.hidden("Conv2D", gate, 8, 1, activation="sigmoid")
    tensor = b.hidden("Conv2D", b.hidden("Multiply", [tensor, gate]), 4, 1, use_bias=False)
    b("sum", "Add", [b.hidden("BatchNormalization", tensor), image])


# Nesting


@fixture(archive=(2, 3))
def nested_functional(b):
    """A backbone inside a classifier, as transfer learning makes it."""
    image = b.input(8, 8, 3)
    features = block(b, (8, 8, 3), 4, "backbone")(b.hidden("Rescaling", image, 0.5))
    b("classes", "Dense", b.hidden("GlobalAveragePooling2D", features), 3)


@fixture(archive=(3,))
def nested_read_and_given(b):
    """A nested model whose calls are read by layers and are outputs as well: both count them, each in its own way."""
    image = b.input(6, 6, 3)
    inner = block(b, (6, 6, 3), 3, "inner")
    once = b.output(inner(image))
    b("scaled", "Rescaling", b.output(inner(once)), 2.0)


@fixture(archive=(3,), unread=(2, 3))
def nested_frozen_and_thawed(b):
    """Fine-tuning: a frozen backbone, of which the normalisations are trained again."""
    image = b.input(6, 6, 3)
    backbone = block(b, (6, 6, 3), 4, "backbone")
    backbone.trainable = False
    for layer in backbone.layers:
        layer.trainable = "batch_normalization" in layer.name
    b("classes", "Dense", b.hidden("Flatten", backbone(image)), 3)


@fixture(archive=(3,), as_written=True)
def nested_sequential(b):
    """Two Sequential models in a Functional one, with layers of the same classes outside."""
    image = b.input(8, 8, 3)
    tensor = stack(b, (8, 8, 3), 4, "first")(image)
    tensor = b.hidden("Conv2D", tensor, 4, 1)
    tensor = stack(b, (4, 4, 4), 5, "second")(tensor)
    b("classes", "Dense", b.hidden("Flatten", tensor), 3)


@fixture()
def nested_in_sequential(b):
    """A Functional model as the first layer of a Sequential one."""
    return b.keras.Sequential(
        [b.keras.Input((6, 6, 3), name="image"), block(b, (6, 6, 3), 4, "backbone"), b.layer("Flatten"),
         b.layer("Dense", 3)], name="model")


@fixture()
def nested_model_as_input_layer(b):
    """A Functional model with no Input in front of it, as the first layer of a Sequential one."""
    return b.keras.Sequential(
        [block(b, (6, 6, 3), 4, "backbone"), b.layer("GlobalMaxPooling2D"), b.layer("Dense", 3)], name="model")


@fixture(archive=(3,))
def nested_several(b):
    """An inner model with two inputs and two outputs, taken in another order."""
    left, right = b.keras.Input((5, 5, 3)), b.keras.Input((5, 5, 2))
    a, c = b.hidden("Conv2D", left, 4, 3), b.hidden("Conv2D", right, 4, 3)
    inner = b.keras.Model([left, right], [b.hidden("Add", [a, c]), b.hidden("Subtract", [a, c])], name="inner")
    image, other = b.input(5, 5, 3), b.input(5, 5, 2, name="other")
    total, gap = inner([image, other])
    b("gap_first", "Concatenate", [gap, total])
    b("gap_only", "Conv2D", gap, 2, 1)


@fixture()
def outputs_of_one_layer(b):
    """Two outputs of an inner model, which have one name between them."""
    inner_input = b.keras.Input((5, 5, 3))
    inner = b.keras.Model(
        inner_input, [b.hidden("Conv2D", inner_input, 2, 3), b.hidden("MaxPooling2D", inner_input)], name="inner")
    for tensor in inner(b.input(5, 5, 3)):
        b.output(tensor)


# Sharing


@fixture(archive=(2, 3))
def shared_layer(b):
    """One convolution at two places, once behind itself."""
    left, right = b.input(6, 6, 3, name="left"), b.input(6, 6, 3, name="right")
    conv = b.layer("Conv2D", 3, 3, padding="same", activation="relu", name="shared")
    once = conv(left)
    b("twice", "Activation", conv(once), "linear")
    b("sum", "Add", [once, conv(right)])


@fixture(archive=(3,), as_written=True)
def shared_model(b):
    """Siamese: the same network on both inputs, and the distance of what it gives."""
    left, right = b.input(6, 6, 3, name="left"), b.input(6, 6, 3, name="right")
    twin = block(b, (6, 6, 3), 4, "twin")
    pool = b.layer("GlobalAveragePooling2D")
    b("distance", "Subtract", [pool(twin(left)), pool(twin(right))])


@fixture()
def shared_at_several_sizes(b):
    """A head for boxes: one convolution on maps of two sizes."""
    image = b.input(8, 8, 3)
    small = b.hidden("MaxPooling2D", image)
    conv = b.layer("Conv2D", 2, 3, padding="same")
    flat = b.layer("Reshape", (-1, 2))
    b("boxes", "Concatenate", [flat(conv(image)), flat(conv(small))], axis=1)


@fixture(archive=(2, 3))
def time_distributed(b):
    clips = b.input(3, 6, 6, 2, name="clips")
    conv = b.hidden("TimeDistributed", clips, b.layer("Conv2D", 4, 3, activation="relu"))
    b("norms", "TimeDistributed", conv, b.layer("BatchNormalization"))
    flat = b.hidden("TimeDistributed", conv, b.layer("Flatten"))
    b("classes", "TimeDistributed", flat, b.layer("Dense", 3))


@fixture(archive=(3,))
def time_distributed_model(b):
    clips = b.input(3, 6, 6, 3, name="clips")
    features = b.hidden("TimeDistributed", clips, block(b, (6, 6, 3), 4, "backbone"))
    pooled = b.hidden("TimeDistributed", features, b.layer("GlobalAveragePooling2D"))
    b("classes", "Dense", b.hidden("GlobalAveragePooling1D", pooled), 3)


# Classes that keras.applications bring along, and how they write what has no layer


@fixture(unread=(3,), classes=(("convnext", "LayerScale"), ("convnext", "StochasticDepth")))
def application_convnext(b):
    """The block of ConvNeXt, with stochastic depth, which does nothing once a network is trained."""
    image = b.input(8, 8, 4)
    tensor = b.hidden("Conv2D", image, 4, 7, padding="same", groups=4)
    tensor = b.hidden("LayerNormalization", tensor, epsilon=1e-6)
    tensor = b.hidden("Activation", b.hidden("Dense", tensor, 8), "gelu")
    tensor = application_class(b.keras, "convnext", "LayerScale")(0.5, 4, name="scale")(b.hidden("Dense", tensor, 4))
    tensor = application_class(b.keras, "convnext", "StochasticDepth")(0.1, name="depth")(tensor)
    b.output(image + tensor)


@fixture(classes=(("inception_resnet_v2", "CustomScaleLayer"),), archive=(3,))
def application_inception_resnet(b):
    """A branch times 0.17, added to its input."""
    image = b.input(5, 5, 3)
    scaled = application_class(b.keras, "inception_resnet_v2", "CustomScaleLayer")(0.17, name="scaled")
    b("sum", "Activation", scaled([image, b.hidden("Conv2D", image, 3, 1)]), "relu")


@fixture(unread=(3,), archive=(3,))
def application_mobilenet(b):
    """The gate of MobileNetV3: its hard sigmoid is a ReLU between operations."""
    image = b.input(5, 5, 3)
    gate = b.hidden("GlobalAveragePooling2D", image, keepdims=True)
    gate = b.hidden("ReLU", b.hidden("Conv2D", gate, 3, 1) + 3.0, 6.0) * (1.0 / 6.0)
    b("gated", "Multiply", [image, gate])


# What a model was trained for


def trained(b, activation, loss):
    image = b.input(5, 5, 3)
    b("scores", "Dense", b.hidden("Flatten", b.hidden("Conv2D", image, 2, 3)), 4, activation=activation)
    model = b.model()
    model.compile(optimizer=b.keras.optimizers.SGD(0.1), loss=loss, metrics=["accuracy"])
    return model


@fixture()
def compiled_logits(b):
    """training_config says that the numbers are logits."""
    return trained(b, None, b.keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@fixture()
def compiled_probabilities(b):
    return trained(b, "softmax", "categorical_crossentropy")


@fixture()
def compiled_sigmoid(b):
    return trained(b, "sigmoid", "binary_crossentropy")


@fixture(versions=(3,), archive=(3,))
def called_in_training(b):
    """predict() does not follow what calls say."""
    image = b.input(5, 5, 3)
    inner = b.keras.Sequential([b.keras.Input((5, 5, 3)), b.layer("BatchNormalization")], name="inner")
    norm, drop = b.layer("BatchNormalization", name="norm"), b.layer("Dropout", 0.5, name="drop")
    b.output(drop(norm(image, training=True), training=True))
    b.output(inner(image, training=True))


# Operations without a layer, Keras 3


@fixture(versions=(3,), archive=(3,), unread=(3,))
def operators(b):
    image, other = b.input(4, 5, 3), b.input(4, 5, 3, name="other")
    for tensor in (image + other, image - other, image * other, image / (other * other + 1.0), -image, image * 2,
                   1 - image, image + np.float32([1, 2, 3]), abs(image), (image * image + 0.5) ** 0.5):
        b.output(tensor)


@fixture(versions=(3,), unread=(3,))
def operations_arithmetic(b):
    ops = b.keras.ops
    image, other = b.input(4, 5, 3), b.input(4, 5, 3, name="other")
    positive = ops.add(ops.square(image), 0.5)
    for tensor in (ops.add(image, other), ops.subtract(image, 0.5), ops.multiply(image, np.float32([1, 2, 3])),
                   ops.divide(image, positive), ops.maximum(image, other), ops.minimum(image, 0.2),
                   ops.sqrt(positive), ops.rsqrt(positive), ops.exp(image), ops.log(positive), ops.abs(image),
                   ops.negative(image), ops.power(positive, 1.5), ops.clip(image, -0.5, 0.7)):
        b.output(tensor)


@fixture(versions=(3,), unread=(3,), spread=2.5)
def operations_activations(b):
    ops = b.keras.ops
    image = b.input(4, 5, 3)
    for name in ("relu", "relu6", "sigmoid", "tanh", "softplus", "silu", "hard_sigmoid", "hard_silu", "elu", "selu",
                 "gelu", "leaky_relu", "softmax"):
        b.output(getattr(ops, name)(image))
    b.output(ops.gelu(image, approximate=False))
    b.output(ops.leaky_relu(image, negative_slope=0.05))


@fixture(versions=(3,), unread=(3,))
def operations_reductions(b):
    ops = b.keras.ops
    image = b.input(4, 5, 3)
    for tensor in (ops.mean(image, axis=(1, 2)), ops.mean(image, axis=[1, 2], keepdims=True), ops.max(image, axis=-1),
                   ops.sum(image, axis=1), ops.min(image, axis=(2, 3), keepdims=True), ops.var(image, axis=(1, 2))):
        b.output(tensor)


@fixture(versions=(3,), unread=(3,))
def operations_shapes(b):
    ops = b.keras.ops
    image, other = b.input(4, 6, 3), b.input(4, 6, 3, name="other")
    for tensor in (ops.concatenate([image, other], axis=-1), ops.reshape(image, (-1, 12, 6)),
                   ops.transpose(image, (0, 3, 1, 2)), ops.expand_dims(ops.mean(image, axis=1), 1),
                   ops.squeeze(ops.mean(image, axis=1, keepdims=True), axis=1),
                   ops.pad(image, ((0, 0), (1, 0), (2, 1), (0, 0))), ops.stack([image, other], axis=1),
                   *ops.split(image, 3, axis=-1)):
        b.output(tensor)


@fixture(versions=(3,), archive=(3,), unread=(3,))
def operations_slices(b):
    image = b.input(6, 7, 4)
    for tensor in (image[:, ::2], image[:, 1:-1, 2:], image[..., :2], image[:, :, 3], image[:, ::2, 1::2, 1:3]):
        b.output(tensor)


@fixture(versions=(3,), unread=(3,))
def operations_windows(b):
    ops = b.keras.ops
    image = b.input(6, 7, 3)
    b.output(ops.max_pool(image, 2, strides=2, padding="same"))
    b.output(ops.average_pool(image, 3, strides=2, padding="valid"))
    b.output(ops.matmul(b.hidden("Reshape", image, (42, 3)), b.hidden("Reshape", image, (3, 42))))


# Operations without a layer, Keras 2


@fixture(versions=(2,))
def tf_operators(b):
    image, other = b.input(4, 5, 3), b.input(4, 5, 3, name="other")
    for tensor in (image + other, image - other, image * other, image / (other * other + 1.0), -image, image * 2.0,
                   1.0 - image, image + [1.0, 2.0, 3.0], image * np.float32([1, 2, 3]), abs(image),
                   (image * image + 0.5) ** 0.5):
        b.output(tensor)


@fixture(versions=(2,))
def tf_functions(b):
    import tensorflow as tf

    image, other = b.input(4, 5, 3), b.input(4, 5, 3, name="other")
    positive = tf.square(image) + 0.5
    for tensor in (tf.math.add(image, other), tf.subtract(image, 0.5), tf.math.multiply(image, other),
                   tf.divide(image, positive), tf.maximum(image, other), tf.math.minimum(image, 0.2),
                   tf.sqrt(positive), tf.math.rsqrt(positive), tf.exp(image), tf.math.log(positive), tf.abs(image),
                   tf.negative(image), tf.pow(positive, 1.5), tf.clip_by_value(image, -0.5, 0.7)):
        b.output(tensor)


@fixture(versions=(2,), spread=2.5)
def tf_activations(b):
    import tensorflow as tf

    image = b.input(4, 5, 3)
    for name in ("relu", "relu6", "sigmoid", "tanh", "softplus", "silu", "elu", "selu", "gelu", "leaky_relu",
                 "softmax"):
        b.output(getattr(tf.nn, name)(image))
    b.output(b.keras.activations.hard_sigmoid(image))


@fixture(versions=(2,))
def tf_reductions(b):
    import tensorflow as tf

    image = b.input(4, 5, 3)
    for tensor in (tf.reduce_mean(image, axis=[1, 2]), tf.reduce_mean(image, [1, 2], keepdims=True),
                   tf.reduce_max(image, axis=-1), tf.reduce_sum(image, 1), tf.reduce_min(image, (2, 3), True)):
        b.output(tensor)


@fixture(versions=(2,))
def tf_shapes(b):
    import tensorflow as tf

    image, other = b.input(4, 6, 3), b.input(4, 6, 3, name="other")
    for tensor in (tf.concat([image, other], axis=-1), tf.reshape(image, (-1, 12, 6)),
                   tf.transpose(image, (0, 3, 1, 2)), tf.expand_dims(tf.reduce_mean(image, 1), 1),
                   tf.squeeze(tf.reduce_mean(image, 1, keepdims=True), axis=[1]),
                   tf.pad(image, ((0, 0), (1, 0), (2, 1), (0, 0))), tf.stack([image, other], axis=1),
                   *tf.split(image, 3, axis=-1), tf.cast(image, tf.float32), tf.identity(other)):
        b.output(tensor)


@fixture(versions=(2,))
def tf_depth_to_space(b):
    import tensorflow as tf

    b.output(tf.nn.depth_to_space(b("conv", "Conv2D", b.input(3, 4, 2), 8, 1), 2))


@fixture(versions=(2,))
def tf_slices(b):
    image = b.input(6, 7, 4)
    for tensor in (image[:, ::2], image[:, 1:-1, 2:], image[..., :2], image[:, :, 3], image[:, ::2, 1::2, 1:3]):
        b.output(tensor)
