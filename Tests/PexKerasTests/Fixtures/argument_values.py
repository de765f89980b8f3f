"""Another value for every argument of every class and function that pex reads."""

#: Arguments that say how a layer is trained, named or kept. They shall change nothing.
TRAINING = {
    "name": ["other"], "trainable": [False], "seed": [5], "activity_regularizer": ["l2"], "momentum": [0.5],
    "synchronized": [True], "renorm_momentum": [0.5], "fused": [False], "virtual_batch_size": [2], "weights": [],
    "lora_rank": [], "lora_alpha": [3], "quantization_config": [], "sparse": [], "ragged": [], "input_tensor": [],
    "autocast": [False], "batch_size": [2], "dynamic": [True], "type_spec": [], "optional": [True],
}
for _weight in ("kernel", "bias", "depthwise", "pointwise", "beta", "gamma", "alpha", "recurrent", "moving_mean",
                "moving_variance"):
    TRAINING[f"{_weight}_initializer"] = ["he_normal" if _weight in ("kernel", "depthwise", "pointwise") else "ones"]
    TRAINING[f"{_weight}_regularizer"] = ["l2"]
    TRAINING[f"{_weight}_constraint"] = ["non_neg"]

#: By the argument's name, where its class or function has no value of its own.
VALUES = {
    "dtype": ["int32", "uint8", "mixed_bfloat16"], "activation": ["relu", "tanh"], "data_format": ["channels_first"],
    "filters": [3], "kernel_size": [2], "strides": [2], "padding": ["same"], "dilation_rate": [2], "groups": [2],
    "use_bias": [False], "output_padding": [{"strides": 2, "output_padding": 1}], "depth_multiplier": [2],
    "units": [3], "axis": [1, -2, None, [1, 2], 0], "epsilon": [0.2], "center": [False], "scale": [False],
    "renorm": [True], "renorm_clipping": [], "rms_scaling": [True],
    "keepdims": [True], "keep_dims": [True], "pool_size": [3, 2], "interpolation": ["nearest", "bicubic", "lanczos3"],
    "mask": [None], "rate": [0.7], "noise_shape": [(1, 1, 1, 4)], "output_size": [3, 2], "mean": [0.5],
    "name": ["other"], "initial": [0.5], "order": [1, 3], "ord": [1, 2, 3, float("inf")], "alpha": [0.4],
    "negative_slope": [0.4], "approximate": [False, True], "threshold": [0.4], "default_value": [0.5], "b": [2],
    "beta": [2.0], "max_value": [0.8], "x_min": [-0.2], "x_max": [0.2], "clip_value_min": [-0.2],
    "clip_value_max": [0.2], "decimals": [1, -1], "antialias": [True], "crop_to_aspect_ratio": [True],
    "pad_to_aspect_ratio": [True], "fill_mode": ["reflect"],
    "fill_value": [3.0, {"pad_to_aspect_ratio": True, "fill_value": 3.0}], "preserve_aspect_ratio": [True],
    "transpose_a": [{"transpose_a": True, "transpose_b": False}], "transpose_b": [], "adjoint_a": [], "adjoint_b": [],
    "a_is_sparse": [True], "b_is_sparse": [True], "output_type": [], "grad_a": [], "grad_b": [],
    "depth_radius": [1], "bias": [2], "batch_dims": [1], "validate_indices": [True], "num": [4],
    "constant_values": [1.5], "mode": ["reflect", "symmetric", "edge", "wrap"], "conjugate": [True], "dim": [],
    "reset_after": [], "ksize": [3], "method": ["nearest", "bicubic", "area"], "incompatible_shape_error": [False],
    "explicit_paddings": [], "robust_masking": [True], "scale_each": [True], "dilations": [2],
}

_window = {"filters": 4, "kernel_size": 3}


def _each(names, **spec):
    return {name: spec for name in names}


def _at(axes, **spec):
    return dict(spec, inputs=[{1: "series", 2: "image", 3: "volume"}[axes]])


def _padding(axes):
    return [2, {1: (1, 2), 2: ((1, 0), (2, 1)), 3: ((1, 0), (0, 1), (2, 1))}[axes]]


#: Classes: inputs, arguments that they need, and values of their own.
LAYERS = {}
for _axes in (1, 2, 3):
    LAYERS[f"Conv{_axes}D"] = _at(_axes, base=_window, values={
        "padding": ["same", *(["causal"] if _axes == 1 else [])]})
    LAYERS[f"Conv{_axes}DTranspose"] = _at(_axes, base=_window)
    LAYERS[f"MaxPooling{_axes}D"] = _at(_axes)
    LAYERS[f"AveragePooling{_axes}D"] = _at(_axes, base={"pool_size": 2})
    LAYERS[f"GlobalMaxPooling{_axes}D"] = _at(_axes)
    LAYERS[f"GlobalAveragePooling{_axes}D"] = _at(_axes)
    LAYERS[f"AdaptiveMaxPooling{_axes}D"] = _at(_axes, base={"output_size": 2})
    LAYERS[f"AdaptiveAveragePooling{_axes}D"] = _at(_axes, base={"output_size": 2})
    LAYERS[f"ZeroPadding{_axes}D"] = _at(_axes, values={"padding": _padding(_axes)})
    LAYERS[f"Cropping{_axes}D"] = _at(_axes, base={"cropping": 1}, values={
        "cropping": [{1: (1, 2), 2: ((1, 0), (2, 1)), 3: ((1, 0), (0, 1), (1, 1))}[_axes]]})
    LAYERS[f"UpSampling{_axes}D"] = _at(_axes, values={"size": [3]})
    LAYERS[f"SpatialDropout{_axes}D"] = _at(_axes, base={"rate": 0.4})
for _axes in (1, 2):
    LAYERS[f"DepthwiseConv{_axes}D"] = _at(_axes, base={"kernel_size": 3})
    LAYERS[f"SeparableConv{_axes}D"] = _at(_axes, base=_window)
_random = {"factor": [0.3], "height": [4], "width": [3], "mode": ["horizontal"], "fill_mode": ["constant"],
           "fill_value": [1.0], "interpolation": ["nearest"], "value_range": [(0, 1)], "height_factor": [0.3],
           "width_factor": [0.3], "data_format": [], "scale": [(0.1, 0.2)], "kernel_size": [5], "sigma": [0.5],
           "x_factor": [0.3], "y_factor": [0.3], "auto_vectorize": [True], "num_ops": [1], "num_chains": [2],
           "chain_depth": [2], "rate": [0.4], "brightness_factor": [0.2], "contrast_factor": [0.2],
           "saturation_factor": [0.2], "hue_factor": [0.2], "factor_": [], "alpha": [0.3], "layers": [],
           "all_ops": [False], "max_ops": [2]}
LAYERS |= {
    "Activation": {"base": {"activation": "linear"}, "values": {"activation": [
        "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh",
        "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
        "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus",
        "swish", "tanh", "tanh_shrink", "threshold"]}},
    "ReLU": {"values": {"max_value": [0.8], "negative_slope": [0.3], "threshold": [0.4]}},
    "LeakyReLU": {}, "ELU": {}, "PReLU": {"values": {"shared_axes": [[1, 2], [1]]}},
    "ThresholdedReLU": {"values": {"theta": [0.3], "dtype": ["int32", "uint8"]}}, "Softmax": {},
    "Dense": {"base": {"units": 4}}, "Identity": {},
    "Dropout": {"base": {"rate": 0.4}}, "AlphaDropout": {"base": {"rate": 0.4}},
    "GaussianDropout": {"base": {"rate": 0.4}}, "GaussianNoise": {"base": {"stddev": 0.4}, "values": {"stddev": [0.2]}},
    "ActivityRegularization": {"values": {"l1": [0.2], "l2": [0.2]}},
    "RandomFlip": {"values": _random}, "RandomRotation": {"base": {"factor": 0.2}, "values": _random},
    "RandomZoom": {"base": {"height_factor": 0.2}, "values": _random},
    "RandomTranslation": {"base": {"height_factor": 0.2, "width_factor": 0.1}, "values": _random},
    "RandomContrast": {"base": {"factor": 0.2}, "values": _random},
    "RandomBrightness": {"base": {"factor": 0.2}, "inputs": ["rgb"], "values": _random},
    "RandomHeight": {"base": {"factor": 0.2}, "values": _random},
    "RandomWidth": {"base": {"factor": 0.2}, "values": _random},
    "RandomCrop": {"base": {"height": 3, "width": 4}, "values": {"height": [4], "width": [3], "data_format": []}},
    **_each(["RandomHue", "RandomSaturation", "RandomColorDegeneration", "RandomSharpness"],
            base={"factor": 0.2}, inputs=["rgb"], values=dict(_random, factor=[0.4])),
    "RandomPosterization": {"base": {"factor": 4}, "inputs": ["rgb"], "values": dict(_random, factor=[6])},
    **_each(["RandomGrayscale", "RandomColorJitter", "RandomInvert", "RandomShear", "RandomPerspective", "RandomErasing",
             "RandomGaussianBlur", "RandomElasticTransform"], inputs=["rgb"], values=_random),
    "Add": {"inputs": ["image", "image"]}, "Subtract": {"inputs": ["image", "image"]},
    "Multiply": {"inputs": ["image", "image"]}, "Average": {"inputs": ["image", "image"]},
    "Maximum": {"inputs": ["image", "image"]}, "Minimum": {"inputs": ["image", "image"]},
    "Concatenate": {"inputs": ["image", "image"]},
    "Dot": {"inputs": ["series", "series"], "base": {"axes": 1}, "values": {"axes": [2, (1, 1)], "normalize": [True]}},
    "BatchNormalization": {"values": {"axis": [1, 2, [1, 2]]}},
    "SyncBatchNormalization": {"class": lambda module: getattr(
        getattr(module.layers, "experimental", None), "SyncBatchNormalization", None)},
    "LayerNormalization": {}, "RMSNormalization": {}, "UnitNormalization": {},
    "GroupNormalization": {"base": {"groups": 2}, "values": {"groups": [4, -1], "axis": [-1, 1, 2]}},
    "CenterCrop": {"base": {"height": 4, "width": 3}, "values": {"height": [2, 8], "width": [2]}},
    "Rescaling": {"base": {"scale": 0.5}, "values": {"scale": [2.0, [1.0, 2.0, 3.0, 4.0]], "offset": [0.3]}},
    "Normalization": {"base": {"mean": [0.1, 0.2, 0.3, 0.4], "variance": [1.0, 2.0, 3.0, 4.0]}, "values": {
        "mean": [[1.0, 0.2, 0.3, 0.4]], "variance": [[4.0, 2.0, 3.0, 4.0]], "invert": [True],
        "axis": [{"axis": None, "mean": 0.5, "variance": 4.0}, {"axis": 1, "mean": [0.5] * 6, "variance": [4.0] * 6}]}},
    "Resizing": {"base": {"height": 4, "width": 8}, "values": {
        "height": [9], "width": [3], "dtype": ["uint8", "int32"]}},
    "Flatten": {}, "Reshape": {"base": {"target_shape": (5, 6, 4)}, "values": {"target_shape": [(8, -1)]}},
    "Permute": {"base": {"dims": (2, 1, 3)}, "values": {"dims": [(3, 1, 2)]}},
    "RepeatVector": {"inputs": ["vector"], "base": {"n": 2}, "values": {"n": [3]}},
    "TimeDistributed": {"inputs": ["sequence"], "base": {"layer": lambda module: module.layers.Dense(3)}, "values": {
        "layer": []}},
}

_recurrent = {"unroll": [True], "stateful": [True], "time_major": [True], "return_sequences": [True],
              "return_state": [True], "go_backwards": [True, {"return_sequences": True, "go_backwards": True}],
              "dropout": [0.3], "recurrent_dropout": [0.3], "implementation": [1], "use_cudnn": [False],
              "unit_forget_bias": [False], "recurrent_activation": ["hard_sigmoid", "tanh"], "reset_after": [False],
              "zero_output_for_mask": [True], "units": [2], "activation": ["relu", "sigmoid"]}
LAYERS |= {name: {"inputs": ["series"], "base": {"units": 3}, "values": _recurrent}
           for name in ("LSTM", "GRU", "SimpleRNN")}
LAYERS["Bidirectional"] = {
    "inputs": ["series"], "base": {"layer": lambda module: module.layers.LSTM(3)}, "values": {
        "layer": [lambda module: module.layers.GRU(2, return_sequences=True), lambda module: module.layers.SimpleRNN(2),
                  lambda module: module.layers.LSTM(3, go_backwards=True)],
        "merge_mode": ["sum", "mul", "ave", "concat", None],
        "backward_layer": [lambda module: module.layers.LSTM(3, go_backwards=True, activation="relu")]}}


def _two(**spec):
    return dict({"inputs": ["image", "image"]}, **spec)


_listed = {"call": lambda f, t, o: f(t, **o), "tensors": 1, "inputs": ["image", "image"]}
_pads = [((0, 0), (1, 2), (2, 0), (0, 0))]
_reduced = {"base": {"axis": -1}, "values": {"axis": [1, [1, 2], (1, 2, 3), 0, None]}}
_truth = {"call": lambda f, t, o: f(*[x > 0.1 for x in t], **o)}

#: Functions of `keras.ops`.
FUNCTIONS3 = {
    **_each(["add", "subtract", "multiply", "divide", "true_divide", "maximum", "minimum", "less", "greater",
             "less_equal", "greater_equal", "equal", "not_equal"], inputs=["image", "image"]),
    "power": {"call": lambda f, t, o: f(t[0] * t[0] + 0.1, t[1], **o), "inputs": ["image", "image"]},
    **_each(["negative", "absolute", "abs", "exp", "sign", "floor", "ceil", "erf", "reciprocal", "square", "round",
             "stop_gradient", "relu", "relu6", "silu", "swish", "squareplus", "sigmoid", "tanh", "softplus", "softsign",
             "selu", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "log_sigmoid", "tanh_shrink", "sparse_plus",
             "sparse_sigmoid", "elu", "celu", "leaky_relu", "gelu", "softmax", "log_softmax"]),
    **_each(["log", "sqrt", "rsqrt"], call=lambda f, t, o: f(t[0] * t[0] + 0.1, **o)),
    "clip": {"base": {"x_min": -1.0, "x_max": 1.0}}, "cast": {"base": {"dtype": "float32"}, "values": {
        "dtype": ["float16", "int32", "int64", "uint8", "bool"]}},
    "matmul": {"inputs": ["square", "square"]}, "logical_and": _two(**_truth), "logical_or": _two(**_truth),
    "logical_not": _truth,
    "where": {"call": lambda f, t, o: f(t[0] > 0.1, **{"x1": t[0], "x2": t[1], **o}), "inputs": ["image", "image"],
              "tensors": 1, "values": {"x1": [0.5], "x2": [0.5]}},
    "threshold": {"base": {"threshold": 0.1, "default_value": 0.0}},
    **_each(["mean", "sum", "max", "amax", "min", "amin", "prod", "var", "std"], **_reduced),
    "norm": {"base": {"axis": -1}, "values": {"axis": [1, (1, 2), 0, None]}},
    "normalize": {"values": {"axis": [1, (1, 2), 0], "epsilon": [3.0]}},
    **_each(["max_pool", "average_pool"], base={"pool_size": 2}, values={
        "pool_size": [3, (3, 2)], "strides": [1, (1, 2)]}),
    "depth_to_space": {"base": {"block_size": 2}, "values": {"block_size": [2]}},
    "space_to_depth": {"inputs": ["square_map"], "base": {"block_size": 2}, "values": {"block_size": [4]}},
    "image.resize": {"base": {"size": (4, 8)}, "values": {"size": [(9, 3)]}},
    "image.rgb_to_grayscale": {"inputs": ["rgb"]},
    "concatenate": dict(_listed, base={"axis": -1}), "stack": dict(_listed, base={"axis": -1}),
    "reshape": {"base": {"newshape": (-1, 5, 24)}, "values": {"newshape": [(-1, 8, 15), (2, -1, 12), (2, 120)]}},
    "transpose": {"base": {"axes": (0, 2, 1, 3)}, "values": {"axes": [(0, 3, 1, 2), (1, 0, 2, 3), None]}},
    "moveaxis": {"base": {"source": 1, "destination": 2}, "values": {
        "source": [-1, {"source": (1, 2), "destination": (3, 1)}], "destination": [-1, 0]}},
    "swapaxes": {"base": {"axis1": 1, "axis2": 2}, "values": {"axis1": [-1, 0], "axis2": [3]}},
    "expand_dims": {"base": {"axis": 1}, "values": {"axis": [-1, 2, (1, 2), 0]}},
    "squeeze": {"call": lambda f, t, o: f(t[0][:, :1, :, :1], **o), "values": {"axis": [1, -1, (1, 3)]}},
    "pad": {"base": {"pad_width": ((0, 0), (1, 0), (2, 1), (0, 0))}, "values": {
        "pad_width": [*_pads, 1], "constant_values": [1.5]}},
    "split": {"base": {"indices_or_sections": 2, "axis": -1}, "values": {"indices_or_sections": [[1, 3], 4], "axis": [1]}},
    "unstack": {"base": {"axis": -1}, "values": {"axis": [1]}}, "tile": {"base": {"repeats": (1, 2, 1, 1)}, "values": {
        "repeats": [(1, 1, 3, 2), 2, (2, 1, 1, 1)]}},
    "flip": {"base": {"axis": 1}, "values": {"axis": [-1, (1, 2), 0, None]}},
    "take": {"base": {"indices": [2, 1, 0], "axis": -1}, "values": {
        "indices": [[-1, 0], 1, [[0, 1]]], "axis": [1, 0, None]}},
    "get_item": {"base": {"key": (slice(None), slice(1, None))}, "values": {"key": [
        (slice(None), None, slice(None, None, 2)), (slice(None), 1), (Ellipsis, slice(None, None, -1)),
        (slice(None), slice(-3, -1), None, 2, Ellipsis)]}},
}

_ksize = {"base": {"ksize": 2, "strides": 1, "padding": "VALID"}, "values": {
    "ksize": [3, [1, 3, 2, 1], (3, 2)], "strides": [2, [1, 1, 2, 1]], "padding": ["SAME"], "data_format": ["NCHW"]}}


def _ksize_of(axes):
    return _at(axes, base={"ksize": 2, "strides": 1, "padding": "VALID"}, values={
        "ksize": [3], "strides": [2], "padding": ["SAME"], "data_format": [{1: "NCW", 2: "NCHW", 3: "NCDHW"}[axes]]})


_channel = {"data_format": ["NCHW"]}
#: Functions of TensorFlow in Keras 2.
FUNCTIONS2 = {
    **_each(["add", "subtract", "multiply", "divide", "truediv", "realdiv", "maximum", "minimum", "less", "greater",
             "less_equal", "greater_equal", "equal", "not_equal"], inputs=["image", "image"]),
    "pow": {"call": lambda f, t, o: f(t[0] * t[0] + 0.1, t[1], **o), "inputs": ["image", "image"]},
    **_each(["negative", "abs", "exp", "sign", "floor", "math.ceil", "math.erf", "math.reciprocal", "square", "round",
             "identity", "stop_gradient", "nn.relu", "nn.relu6", "nn.silu", "nn.swish", "sigmoid", "tanh",
             "nn.softplus", "nn.softsign", "nn.selu", "math.log_sigmoid", "nn.elu", "nn.leaky_relu", "nn.gelu"]),
    **_each(["nn.softmax", "nn.log_softmax"], base={"axis": -1}, values={"axis": [1, None]}),
    **_each(["math.log", "sqrt", "math.rsqrt"], call=lambda f, t, o: f(t[0] * t[0] + 0.1, **o)),
    "clip_by_value": {"base": {"clip_value_min": -1.0, "clip_value_max": 1.0}},
    "cast": {"base": {"dtype": "float32"}, "values": {"dtype": ["float16", "int32", "int64", "uint8", "bool"]}},
    "linalg.matmul": {"inputs": ["square", "square"], "values": {
        "transpose_a": [True], "transpose_b": [True], "adjoint_a": [True], "adjoint_b": [True]}},
    "nn.bias_add": {"base": {"bias": [0.1, 0.2, 0.3, 0.4]}, "values": {
        "bias": [[1.0, 2.0, 3.0, 4.0]], "data_format": ["NHWC", {"data_format": "NCHW", "bias": [0.1] * 6}]}},
    "logical_and": _two(**_truth), "logical_or": _two(**_truth), "logical_not": _truth,
    "where": {"call": lambda f, t, o: f(t[0] > 0.1, **{"x": t[0], "y": t[1], **o}), "inputs": ["image", "image"],
              "tensors": 1, "values": {"x": [0.5], "y": [0.5]}},
    **_each(["reduce_mean", "reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "math.reduce_variance",
             "math.reduce_std"], **_reduced),
    "norm": {"base": {"axis": -1}, "values": {"axis": [1, (1, 2), 0, None], "ord": ["euclidean", 1, 2, 3, float("inf")]}},
    "math.l2_normalize": {"base": {"axis": -1}, "values": {"axis": [1, (1, 2), 0, None], "epsilon": [3.0]}},
    "nn.max_pool": _ksize, "nn.avg_pool": _ksize, "compat.v1.nn.max_pool": dict(
        _ksize, values=dict(_ksize["values"], data_format=["NCHW"], input=[])),
    "nn.max_pool1d": _ksize_of(1), "nn.max_pool2d": _ksize_of(2), "nn.max_pool3d": _ksize_of(3),
    "nn.avg_pool1d": _ksize_of(1), "nn.avg_pool2d": _ksize_of(2), "nn.avg_pool3d": _ksize_of(3),
    "nn.depth_to_space": {"base": {"block_size": 2}, "values": dict(_channel, block_size=[2])},
    "nn.space_to_depth": {"inputs": ["square_map"], "base": {"block_size": 2}, "values": dict(_channel, block_size=[4])},
    "image.resize": {"base": {"size": (4, 8)}, "values": {"size": [(9, 3)]}},
    "image.central_crop": {"base": {"central_fraction": 0.5}, "values": {"central_fraction": [0.8, 1.0]}},
    "image.rgb_to_grayscale": {"inputs": ["rgb"]},
    "nn.local_response_normalization": {}, "nn.lrn": {},
    "concat": dict(_listed, base={"axis": -1}), "stack": dict(_listed, base={"axis": -1}),
    "reshape": {"base": {"shape": (-1, 5, 24)}, "values": {"shape": [(-1, 8, 15), (2, -1, 12), (2, 120)]}},
    "transpose": {"base": {"perm": (0, 2, 1, 3)}, "values": {"perm": [(0, 3, 1, 2), (1, 0, 2, 3), None]}},
    "expand_dims": {"base": {"axis": 1}, "values": {"axis": [-1, 2, 0]}},
    "squeeze": {"call": lambda f, t, o: f(t[0][:, :1, :, :1], **o), "values": {"axis": [1, -1, (1, 3), None]}},
    "pad": {"base": {"paddings": ((0, 0), (1, 0), (2, 1), (0, 0))}, "values": {
        "paddings": _pads, "mode": ["REFLECT", "SYMMETRIC"]}},
    "split": {"base": {"num_or_size_splits": 2, "axis": -1}, "values": {
        "num_or_size_splits": [[1, 3], 4], "axis": [1], "num": []}},
    "unstack": {"base": {"axis": -1}, "values": {"axis": [1]}},
    "tile": {"base": {"multiples": (1, 2, 1, 1)}, "values": {"multiples": [(1, 1, 3, 2), (2, 1, 1, 1)]}},
    "reverse": {"base": {"axis": [1]}, "values": {"axis": [[-1], [1, 2], [0]]}},
    "gather": {"base": {"indices": [2, 1, 0], "axis": -1}, "values": {
        "indices": [[3, 0], 1, [[0, 1]]], "axis": [1, 0, None]}},
}
