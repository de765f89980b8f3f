"""A fixture a kind of layer; its variants, where they change the mathematics, are outputs of one model."""

import numpy as np

from recipe import fixture

SMOOTH = ["elu", "exponential", "gelu", "mish", "selu", "sigmoid", "silu", "swish", "softplus", "softsign", "tanh"]
PIECEWISE = ["hard_sigmoid", "leaky_relu", "linear", "relu", "relu6"]
NORMALISED = ["log_softmax", "softmax"]
KERAS3_SMOOTH = ["celu", "log_sigmoid", "squareplus", "tanh_shrink"]
KERAS3_PIECEWISE = ["hard_shrink", "hard_silu", "hard_swish", "hard_tanh", "soft_shrink", "sparse_plus",
                    "sparse_sigmoid"]


# Convolutions


@fixture()
def conv1d(b):
    series = b.input(11, 3, name="series")
    b("valid", "Conv1D", series, 4, 3)
    b("same_stride2", "Conv1D", series, 4, 3, strides=2, padding="same")
    b("same_even_kernel", "Conv1D", series, 2, 4, padding="same", use_bias=False)
    b("dilated", "Conv1D", series, 2, 3, dilation_rate=2)
    b("causal", "Conv1D", series, 4, 3, padding="causal", activation="relu")
    b("causal_dilated", "Conv1D", series, 2, 3, padding="causal", dilation_rate=2)
    b("causal_stride2", "Conv1D", series, 2, 3, padding="causal", strides=2)


@fixture()
def conv1d_groups(b):
    series = b.input(10, 4, name="series")
    b("groups", "Conv1D", series, 6, 3, groups=2, strides=2, padding="same")


@fixture(as_written=True)
def conv2d(b):
    image = b.input(7, 9, 3)
    b("valid", "Conv2D", image, 4, 3)
    b("valid_stride2", "Conv2D", image, 4, (3, 2), strides=2)
    b("same", "Conv2D", image, 4, (3, 5), padding="same", use_bias=False)
    b("same_stride23", "Conv2D", image, 4, 3, strides=(2, 3), padding="same")
    b("same_dilated", "Conv2D", image, 2, 3, dilation_rate=2, padding="same")
    b("valid_dilated", "Conv2D", image, 2, 3, dilation_rate=(1, 3))
    b("pointwise", "Conv2D", image, 5, 1, activation="tanh")


@fixture()
def conv2d_groups(b):
    image = b.input(6, 7, 4)
    b("two", "Conv2D", image, 6, 3, groups=2)
    b("each", "Conv2D", image, 8, 3, groups=4, padding="same", strides=2, use_bias=False)


@fixture()
def conv3d(b):
    volume = b.input(5, 6, 7, 2, name="volume")
    b("valid", "Conv3D", volume, 3, 2)
    b("same_stride2", "Conv3D", volume, 3, 3, strides=2, padding="same", use_bias=False)
    b("same_dilated", "Conv3D", volume, 2, 2, dilation_rate=2, padding="same")


@fixture()
def depthwise_conv1d(b):
    series = b.input(10, 3, name="series")
    b("valid", "DepthwiseConv1D", series, 3)
    b("same_stride2", "DepthwiseConv1D", series, 3, strides=2, padding="same", depth_multiplier=2, use_bias=False)
    b("dilated", "DepthwiseConv1D", series, 3, dilation_rate=2)


@fixture()
def depthwise_conv2d(b):
    image = b.input(7, 8, 3)
    b("valid", "DepthwiseConv2D", image, 3, activation="relu")
    b("same_stride2", "DepthwiseConv2D", image, (3, 5), strides=2, padding="same", use_bias=False)
    b("multiplier2", "DepthwiseConv2D", image, 3, padding="same", depth_multiplier=2)
    b("dilated", "DepthwiseConv2D", image, 3, dilation_rate=2)


@fixture()
def separable_conv1d(b):
    series = b.input(10, 3, name="series")
    b("valid", "SeparableConv1D", series, 4, 3)
    b("same_stride2", "SeparableConv1D", series, 4, 3, strides=2, padding="same", depth_multiplier=2, use_bias=False)
    if b.version == 2:
        b("causal", "SeparableConv1D", series, 4, 3, padding="causal")


@fixture(archive=(3,))
def separable_conv2d(b):
    image = b.input(7, 8, 3)
    b("valid", "SeparableConv2D", image, 4, 3, activation="relu")
    b("same_stride2", "SeparableConv2D", image, 4, 3, strides=2, padding="same", use_bias=False)
    b("multiplier2", "SeparableConv2D", image, 5, 3, padding="same", depth_multiplier=2)
    b("dilated", "SeparableConv2D", image, 2, 3, dilation_rate=2)


@fixture()
def conv2d_transpose(b):
    image = b.input(4, 5, 3)
    b("valid", "Conv2DTranspose", image, 2, 3)
    b("valid_stride2", "Conv2DTranspose", image, 2, 3, strides=2, activation="relu")
    b("valid_short_kernel", "Conv2DTranspose", image, 2, 2, strides=3)
    b("same", "Conv2DTranspose", image, 2, 3, padding="same", use_bias=False)
    b("same_stride2", "Conv2DTranspose", image, 2, 3, strides=2, padding="same")
    b("same_stride2_even", "Conv2DTranspose", image, 2, 4, strides=2, padding="same")
    b("same_stride32", "Conv2DTranspose", image, 2, (4, 5), strides=(3, 2), padding="same")
    b("same_output_padding", "Conv2DTranspose", image, 2, 3, strides=2, padding="same", output_padding=0)
    b("valid_output_padding", "Conv2DTranspose", image, 2, 3, strides=2, padding="valid", output_padding=1)


@fixture()
def conv1d_transpose(b):
    series = b.input(5, 3, name="series")
    b("valid_stride2", "Conv1DTranspose", series, 2, 3, strides=2)
    b("same_stride2", "Conv1DTranspose", series, 2, 3, strides=2, padding="same", use_bias=False)
    b("same_stride2_even", "Conv1DTranspose", series, 2, 4, strides=2, padding="same")


@fixture()
def conv3d_transpose(b):
    volume = b.input(3, 2, 4, 2, name="volume")
    b("valid_stride2", "Conv3DTranspose", volume, 2, 2, strides=2)
    b("same_stride2", "Conv3DTranspose", volume, 2, 3, strides=2, padding="same")


@fixture(as_written=True)
def dense(b):
    vector, rows, image = b.input(6, name="vector"), b.input(4, 6, name="rows"), b.input(2, 3, 6)
    b("rank2", "Dense", vector, 5, activation="relu")
    b("rank2_no_bias", "Dense", vector, 3, use_bias=False)
    b("rank3", "Dense", rows, 5)
    b("rank4", "Dense", image, 4, activation="sigmoid")


# Normalisations


@fixture(archive=(2, 3))
def batch_normalization(b):
    image, vector = b.input(4, 5, 3), b.input(6, name="vector")
    b("usual", "BatchNormalization", image)
    b("no_scale", "BatchNormalization", image, scale=False, epsilon=0.01)
    b("no_center", "BatchNormalization", image, center=False)
    b("neither", "BatchNormalization", image, center=False, scale=False)
    b("rows", "BatchNormalization", image, axis=1)
    b("columns", "BatchNormalization", image, axis=2)
    b("rank2", "BatchNormalization", vector)


@fixture()
def batch_normalization_ranks(b):
    b("series_norm", "BatchNormalization", b.input(5, 3, name="series"))
    b("volume_norm", "BatchNormalization", b.input(2, 3, 4, 2, name="volume"))


@fixture()
def batch_normalization_folded(b):
    """As networks have it: behind a convolution, with an activation behind; and in front of one that pads."""
    image = b.input(6, 6, 3)
    behind = b.hidden("BatchNormalization", b.hidden("Conv2D", image, 4, 3, use_bias=False))
    b("behind", "Activation", behind, "relu")
    before = b.hidden("Activation", b.hidden("BatchNormalization", image), "relu")
    b("before", "Conv2D", before, 4, 3, padding="same")
    b("depthwise", "BatchNormalization", b.hidden("DepthwiseConv2D", image, 3, padding="same", depth_multiplier=2))
    b("padded", "Conv2D", b.hidden("BatchNormalization", image), 4, 3, padding="same")


@fixture(versions=(2,))
def layer_normalization_other_order(b):
    b("swapped", "LayerNormalization", b.input(4, 5, 6), axis=[3, 1])


@fixture(unread=(3,))
def layer_normalization(b):
    image, vector = b.input(4, 5, 6), b.input(8, name="vector")
    b("usual", "LayerNormalization", image)
    b("epsilon", "LayerNormalization", image, epsilon=0.1)
    b("no_scale", "LayerNormalization", image, scale=False)
    b("no_center", "LayerNormalization", image, center=False)
    b("everything", "LayerNormalization", image, axis=[1, 2, 3])
    b("rows_columns", "LayerNormalization", image, axis=[1, 2])
    b("rank2", "LayerNormalization", vector)


@fixture()
def group_normalization(b):
    image = b.input(4, 5, 6)
    b("groups2", "GroupNormalization", image, groups=2)
    b("groups3", "GroupNormalization", image, groups=3, epsilon=0.1, scale=False)
    b("instance", "GroupNormalization", image, groups=-1, center=False)
    b("layer", "GroupNormalization", image, groups=1)


@fixture(unread=(3,))
def unit_normalization(b):
    image = b.input(4, 5, 3)
    b("channels", "UnitNormalization", image)
    b("rows_columns", "UnitNormalization", image, axis=[1, 2])


@fixture(versions=(3,))
def rms_normalization(b):
    b("usual", "RMSNormalization", b.input(4, 5, 6))


# Activations


def activations(b, names):
    """Each by an Activation layer and by the name that a convolution has."""
    image = b.input(4, 5, 3)
    for name in names:
        b(f"layer_{name}", "Activation", image, name)
        b(f"conv_{name}", "Conv2D", image, 2, 1, activation=name)


@fixture(spread=2.5)
def activations_smooth(b):
    activations(b, SMOOTH)


@fixture(spread=2.5)
def activations_piecewise(b):
    activations(b, PIECEWISE)


@fixture(spread=2.5)
def activations_normalised(b):
    activations(b, NORMALISED)


@fixture(versions=(3,), spread=2.5)
def activations_keras3_smooth(b):
    activations(b, KERAS3_SMOOTH)


@fixture(versions=(3,), spread=2.5)
def activations_keras3_piecewise(b):
    activations(b, KERAS3_PIECEWISE)


@fixture(versions=(3,), spread=2.5)
def activation_sparsemax(b):
    activations(b, ["sparsemax"])


@fixture(versions=(3,), spread=2.5)
def activation_glu(b):
    b("conv_glu", "Conv2D", b.input(4, 5, 3), 4, 1, activation="glu")


@fixture(spread=2.5)
def activation_layer_inside(b):
    """A layer in the place of an activation's name."""
    image = b.input(4, 5, 3)
    b("leaky", "Conv2D", image, 4, 3, activation=b.layer("LeakyReLU", 0.1))
    b("capped", "Dense", image, 4, activation=b.layer("ReLU", 6.0))


@fixture(spread=4.0)
def relu_layer(b):
    image = b.input(4, 5, 3)
    b("usual", "ReLU", image)
    b("capped", "ReLU", image, max_value=6.0)
    b("sloped", "ReLU", image, negative_slope=0.2)
    b("above", "ReLU", image, threshold=0.5)
    b("everything", "ReLU", image, max_value=4.0, negative_slope=0.1, threshold=0.7)


@fixture()
def prelu_two_orders(b):
    """One layer on a map and on an array whose last axis is none of channels."""
    image = b.input(3, 3, 3)
    shared = b.layer("PReLU")
    b.output(shared(b.hidden("Conv2D", image, 3, 1)))
    b.output(shared(b.hidden("Permute", b.hidden("Conv2D", image, 3, 1), (3, 1, 2))))


@fixture(spread=2.0)
def leaky_relu_layer(b):
    image = b.input(4, 5, 3)
    b("usual", "LeakyReLU", image)
    b("slope", "LeakyReLU", image, 0.01)


@fixture(archive=(3,))
def prelu_layer(b):
    image, vector = b.input(4, 5, 3), b.input(6, name="vector")
    b("channels", "PReLU", image, shared_axes=[1, 2])
    b("own", "PReLU", image)
    b("columns", "PReLU", image, shared_axes=[1])
    b("rank2", "PReLU", vector)


@fixture(spread=2.0)
def elu_layer(b):
    image = b.input(4, 5, 3)
    b("usual", "ELU", image)
    b("alpha", "ELU", image, alpha=0.3)


@fixture(spread=2.0)
def softmax_layer(b):
    image, vector = b.input(4, 5, 3), b.input(6, name="vector")
    b("channels", "Softmax", image)
    b("rows", "Softmax", image, axis=1)
    b("rank2", "Softmax", vector)


@fixture(spread=2.0, unread=(3,))
def softmax_axes(b):
    b("rows_columns", "Softmax", b.input(4, 5, 3), axis=[1, 2])


@fixture(versions=(2,), spread=2.0)
def thresholded_relu_layer(b):
    b("usual", "ThresholdedReLU", b.input(4, 5, 3), theta=0.8)


# Pooling


def pooling(b, kind, rank):
    extents = {1: (9,), 2: (7, 8), 3: (5, 6, 7)}[rank]
    tensor = b.input(*extents, 2)
    name = f"{kind}Pooling{rank}D"
    b("usual", name, tensor, 2)
    b("valid", name, tensor, 3, strides=2)
    b("same", name, tensor, 3, strides=2, padding="same")
    b("same_stride1", name, tensor, 2, strides=1, padding="same")
    if rank == 2:
        b("uneven", name, tensor, (3, 2), strides=(3, 1), padding="same")


@fixture()
def max_pooling1d(b):
    pooling(b, "Max", 1)


@fixture()
def max_pooling2d(b):
    pooling(b, "Max", 2)


@fixture()
def max_pooling3d(b):
    pooling(b, "Max", 3)


@fixture()
def average_pooling1d(b):
    pooling(b, "Average", 1)


@fixture()
def average_pooling2d(b):
    pooling(b, "Average", 2)


@fixture()
def average_pooling3d(b):
    pooling(b, "Average", 3)


@fixture()
def global_pooling(b):
    for rank, extents in ((1, (7,)), (2, (4, 5)), (3, (3, 4, 5))):
        tensor = b.input(*extents, 3, name=f"rank{rank}")
        for kind in ("Max", "Average"):
            b(f"{kind.lower()}{rank}", f"Global{kind}Pooling{rank}D", tensor)
            b(f"{kind.lower()}{rank}_kept", f"Global{kind}Pooling{rank}D", tensor, keepdims=True)


# Extents


@fixture()
def zero_padding(b):
    series, image, volume = b.input(4, 2, name="series"), b.input(3, 4, 2), b.input(2, 3, 2, 2, name="volume")
    b("one1", "ZeroPadding1D", series)
    b("two1", "ZeroPadding1D", series, (1, 2))
    b("one2", "ZeroPadding2D", image, 2)
    b("two2", "ZeroPadding2D", image, (1, 2))
    b("four2", "ZeroPadding2D", image, ((1, 0), (2, 3)))
    b("one3", "ZeroPadding3D", volume)
    b("six3", "ZeroPadding3D", volume, ((1, 0), (0, 2), (1, 1)))


@fixture()
def zero_padding_before_windows(b):
    """As the applications have it: a padding layer, then a window that is valid."""
    image = b.input(8, 8, 3)
    b("conv", "Conv2D", b.hidden("ZeroPadding2D", image, ((0, 1), (0, 1))), 4, 3, strides=2)
    b("depthwise", "DepthwiseConv2D", b.hidden("ZeroPadding2D", image, ((0, 1), (0, 1))), 3, strides=2)
    negative = b.hidden("Rescaling", image, 1.0, offset=-9.0)
    b("maximum", "MaxPooling2D", b.hidden("ZeroPadding2D", negative, 1), 3, strides=2)
    b("average", "AveragePooling2D", b.hidden("ZeroPadding2D", negative, 1), 3, strides=2)


@fixture()
def cropping(b):
    series, image, volume = b.input(6, 2, name="series"), b.input(6, 7, 2), b.input(4, 5, 4, 2, name="volume")
    b("one1", "Cropping1D", series, 1)
    b("two1", "Cropping1D", series, (0, 2))
    b("two2", "Cropping2D", image, (1, 2))
    b("four2", "Cropping2D", image, ((1, 0), (2, 3)))
    b("six3", "Cropping3D", volume, ((1, 0), (0, 2), (1, 1)))


@fixture()
def up_sampling(b):
    series, image, volume = b.input(3, 2, name="series"), b.input(3, 4, 2), b.input(2, 3, 2, 1, name="volume")
    b("series3", "UpSampling1D", series, 3)
    b("usual", "UpSampling2D", image)
    b("uneven", "UpSampling2D", image, (2, 3))
    b("bilinear", "UpSampling2D", image, 2, interpolation="bilinear")
    b("bilinear_uneven", "UpSampling2D", image, (3, 2), interpolation="bilinear")
    b("volume2", "UpSampling3D", volume, (2, 1, 3))


@fixture()
def up_sampling_bicubic(b):
    b("bicubic", "UpSampling2D", b.input(4, 5, 2), 2, interpolation="bicubic")


@fixture()
def resizing(b):
    image = b.input(6, 9, 2)
    b("bilinear_up", "Resizing", image, 8, 13)
    b("bilinear_down", "Resizing", image, 4, 5)
    b("nearest_up", "Resizing", image, 7, 12, interpolation="nearest")
    b("nearest_down", "Resizing", image, 4, 5, interpolation="nearest")
    b("mixed", "Resizing", image, 12, 3)
    b("cropped", "Resizing", image, 4, 4, crop_to_aspect_ratio=True)
    b("cropped_tall", "Resizing", image, 8, 3, crop_to_aspect_ratio=True)


@fixture(versions=(3,))
def resizing_antialiased(b):
    image = b.input(9, 8, 2)
    b("down", "Resizing", image, 4, 3, antialias=True)
    b("up", "Resizing", image, 12, 16, antialias=True)


@fixture()
def resizing_bicubic(b):
    # TensorFlow rounds places between pixels to 1/1024: these sizes have none that it would round.
    b("bicubic", "Resizing", b.input(6, 5, 2), 12, 20, interpolation="bicubic")


@fixture(versions=(3,))
def resizing_padded(b):
    b("padded", "Resizing", b.input(6, 9, 2), 8, 8, pad_to_aspect_ratio=True)


@fixture()
def center_crop(b):
    image = b.input(7, 8, 2)
    b("even_odd", "CenterCrop", image, 4, 5)
    b("same_width", "CenterCrop", image, 3, 8)
    b("larger", "CenterCrop", image, 9, 6)


# Preprocessing


@fixture(spread=60.0)
def rescaling(b):
    image = b.input(4, 5, 3)
    b("scalar", "Rescaling", image, 1 / 127.5, offset=-1.0)
    b("vectors", "Rescaling", image, [0.01, 0.02, 0.03], offset=[-0.4, 0.1, 0.7])


@fixture(archive=(3,), unread=(3,))
def normalization(b):
    image, vector = b.input(4, 5, 3), b.input(6, name="vector")
    data = np.random.default_rng(5).normal([3, -1, 0.2], [0.2, 5, 1], (30, 4, 5, 3)).astype("f4")
    rows = np.random.default_rng(6).normal(2, 3, (40, 6)).astype("f4")

    def adapted(name, values, tensor, **options):
        layer = b.layer("Normalization", name=name, **options)
        layer.adapt(values)
        b.output(layer(tensor))

    adapted("adapted", data, image)
    adapted("adapted_whole", data, image, axis=None)
    adapted("adapted_rank2", rows, vector)
    b("given", "Normalization", image, mean=[0.5, 0.4, 0.3], variance=[0.2, 1.0, 3.0])
    b("given_scalars", "Normalization", image, axis=None, mean=0.5, variance=4.0)
    b("inverted", "Normalization", image, mean=[0.5, 0.4, 0.3], variance=[0.2, 1.0, 3.0], invert=True)


@fixture(archive=(3,))
def dropout_family(b):
    """Layers that do something in training alone, one behind the other, then one that shows that they did nothing."""
    image = b.input(4, 5, 3)
    tensor = image
    for kind in ("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"):
        tensor = b.hidden(kind, tensor, 0.4)
    tensor = b.hidden("ActivityRegularization", tensor, l2=0.1)
    b("after", "Conv2D", tensor, 2, 1)
    b("series_after", "Conv1D", b.hidden("SpatialDropout1D", b.input(5, 3, name="series"), 0.4), 2, 1)
    b("volume_after", "Conv3D", b.hidden("SpatialDropout3D", b.input(2, 3, 2, 3, name="volume"), 0.4), 2, 1)


@fixture(archive=(3,), spread=60.0)
def augmentation(b):
    tensor = b.input(6, 8, 3)
    tensor = b.hidden("RandomFlip", tensor, "horizontal")
    tensor = b.hidden("RandomRotation", tensor, 0.2)
    tensor = b.hidden("RandomZoom", tensor, 0.1)
    tensor = b.hidden("RandomTranslation", tensor, 0.1, 0.2)
    tensor = b.hidden("RandomContrast", tensor, 0.3)
    tensor = b.hidden("RandomCrop", tensor, 6, 8)
    b("after", "Conv2D", tensor, 2, 3)


@fixture(whole=(2,), archive=(3,), spread=60.0)
def augmentation_brightness(b):
    b("after", "Conv2D", b.hidden("RandomBrightness", b.input(6, 8, 3), 0.2), 2, 3)


@fixture(versions=(3,), spread=60.0)
def augmentation_keras3(b):
    tensor = b.input(6, 8, 3)
    for kind in ("RandomErasing", "RandomGaussianBlur", "RandomGrayscale"):
        tensor = b.hidden(kind, tensor)
    for kind in ("RandomHue", "RandomColorJitter", "RandomPerspective"):
        tensor = b.hidden(kind, tensor, 0.2)
    b("after", "Conv2D", tensor, 2, 3)


# Merging


@fixture()
def merging(b):
    left, right, third = (b.input(4, 5, 3, name=name) for name in ("left", "right", "third"))
    for kind in ("Add", "Multiply", "Average", "Maximum", "Minimum"):
        b(f"{kind.lower()}2", kind, [left, right])
        b(f"{kind.lower()}3", kind, [third, left, right])
    b("subtract", "Subtract", [right, left])


@fixture()
def merging_broadcast(b):
    """What squeeze and excitation does, and spatial attention."""
    image = b.input(4, 5, 3)
    gate = b.hidden("GlobalAveragePooling2D", image, keepdims=True)
    mask = b.hidden("Conv2D", image, 1, 1, activation="sigmoid")
    flat = b.hidden("Reshape", b.hidden("GlobalMaxPooling2D", image), (1, 1, 3))
    b("gated", "Multiply", [image, gate])
    b("masked", "Multiply", [mask, image])
    b("shifted", "Add", [image, flat])
    b("less", "Subtract", [image, flat])


@fixture()
def concatenate(b):
    left, right = b.input(4, 5, 3, name="left"), b.input(4, 5, 3, name="right")
    vector, other = b.input(6, name="vector"), b.input(2, name="other")
    b("channels", "Concatenate", [left, right])
    b("three", "Concatenate", [left, right, left])
    b("rows", "Concatenate", [left, right], axis=1)
    b("columns", "Concatenate", [right, left], axis=-2)
    b("rank2", "Concatenate", [vector, other])


@fixture()
def dot(b):
    left, right = b.input(4, 6, name="left"), b.input(5, 6, name="right")
    vector, other = b.input(6, name="vector"), b.input(6, name="other")
    b("rows", "Dot", [left, right], axes=2)
    b("mixed", "Dot", [left, b.hidden("Permute", right, (2, 1))], axes=(2, 1))
    b("vectors", "Dot", [vector, other], axes=1)
    b("cosine", "Dot", [vector, other], axes=-1, normalize=True)
    b("matrix_vector", "Dot", [left, vector], axes=(2, 1))


@fixture()
def dot_of_features(b):
    """Bilinear pooling: the product of two feature maps over their places."""
    image = b.input(4, 5, 3)
    left = b.hidden("Reshape", b.hidden("Conv2D", image, 4, 1), (20, 4))
    right = b.hidden("Reshape", b.hidden("Conv2D", image, 2, 1), (20, 2))
    b("bilinear", "Dot", [left, right], axes=1)
    b("classes", "Dense", b.hidden("Flatten", b.hidden("Dot", [left, right], axes=1)), 3)


# Shapes


@fixture()
def shape_layers(b):
    image, vector = b.input(4, 6, 3), b.input(6, name="vector")
    b("flat", "Flatten", image)
    b("reshaped", "Reshape", image, (8, 9))
    b("reshaped_open", "Reshape", image, (2, -1, 3))
    b("reshaped_whole", "Reshape", image, (-1,))
    b("made_image", "Reshape", vector, (1, 2, 3))
    b("permuted", "Permute", image, (2, 1, 3))
    b("channels_ahead", "Permute", image, (3, 1, 2))
    b("repeated", "RepeatVector", vector, 3)
    b("same", "Identity", b.hidden("Permute", image, (1, 3, 2)))


@fixture()
def reshape_between(b):
    """Channels that a Reshape moves into rows: the order is the channels_last one."""
    image = b.input(4, 4, 3)
    tensor = b.hidden("Conv2D", image, 8, 3, padding="same")
    tensor = b.hidden("Reshape", tensor, (8, 4, 4))
    b("after", "Conv2D", tensor, 3, 3)
    tensor = b.hidden("Permute", b.hidden("Reshape", tensor, (-1, 4)), (2, 1))
    b("series_after", "Conv1D", tensor, 2, 3)


# Channels first


@fixture(twin=True)
def channels_first_windows(b):
    image = b.input(7, 8, 4)
    options = {"data_format": b.data_format}
    b("conv", "Conv2D", image, 4, 3, strides=2, padding="same", **options)
    b("conv_groups", "Conv2D", image, 4, 3, groups=2, **options)
    b("depthwise", "DepthwiseConv2D", image, 3, padding="same", depth_multiplier=2, **options)
    b("separable", "SeparableConv2D", image, 3, 3, **options)
    b("transposed", "Conv2DTranspose", image, 3, 3, strides=2, padding="same", **options)
    b("maximum", "MaxPooling2D", image, 3, strides=2, padding="same", **options)
    b("average", "AveragePooling2D", image, 3, strides=2, padding="same", **options)
    b("global_average", "GlobalAveragePooling2D", image, **options)
    b("global_maximum", "GlobalMaxPooling2D", image, keepdims=True, **options)
    b("padded", "ZeroPadding2D", image, ((1, 0), (2, 3)), **options)
    b("cropped", "Cropping2D", image, ((1, 0), (2, 3)), **options)
    b("larger", "UpSampling2D", image, (2, 3), **options)


@fixture(twin=True)
def channels_first_other_ranks(b):
    series, volume = b.input(9, 4, name="series"), b.input(4, 5, 6, 2, name="volume")
    options = {"data_format": b.data_format}
    b("conv1", "Conv1D", series, 3, 3, strides=2, padding="same", **options)
    b("maximum1", "MaxPooling1D", series, 3, strides=2, padding="same", **options)
    b("average1", "GlobalAveragePooling1D", series, **options)
    b("conv3", "Conv3D", volume, 3, 3, strides=2, padding="same", **options)
    b("average3", "AveragePooling3D", volume, 2, **options)


@fixture(twin=True, as_written=True)
def channels_first_network(b):
    """A network with everything that knows where its channels are."""
    options = {"data_format": b.data_format}
    image = b.input(8, 8, 3)
    tensor = b.hidden("Conv2D", image, 6, 3, strides=2, padding="same", use_bias=False, **options)
    tensor = b.hidden("BatchNormalization", tensor, axis=b.channels)
    spatial = [2, 3] if b.data_format == "channels_first" else [1, 2]
    tensor = b.hidden("PReLU", tensor, shared_axes=spatial)
    branch = b.hidden("Conv2D", tensor, 6, 1, activation="relu", **options)
    joined = b.hidden("Concatenate", [tensor, branch], axis=b.channels)
    b("features", "LayerNormalization", joined, axis=b.channels)
    b("softmax", "Softmax", joined, axis=b.channels)
    # Flatten with channels_first brings the channels to the end before it flattens.
    moved = b.hidden("Flatten", joined, **options)
    b("moved", "Dense", moved, 4)
    # Without it the order is that of the memory: the copy moves the channels ahead to give the same.
    ahead = joined if b.data_format == "channels_first" else b.hidden("Permute", joined, (3, 1, 2))
    b("memory", "Dense", b.hidden("Flatten", ahead), 4)
