"""Small networks of what people write in PyTorch and torchvision's classifiers do not have; each shows one thing."""

import torch
import torch.nn.functional as F
from torch import nn

SIZE = 24


class Body(nn.Module):
    """The body that is to be looked at, behind a convolution. Its output is the network's: a mean would hide places."""

    def __init__(self, body):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.body = body

    def forward(self, x):
        return self.body(self.stem(x))


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class AttentionPooling(nn.Module):
    """A weighted mean over all positions, the weights by softmax, with matrix products and no einsum."""

    def __init__(self):
        super().__init__()
        self.score = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        weights = torch.softmax(self.score(x).flatten(2), dim=2)
        return torch.matmul(x.flatten(2), weights.transpose(1, 2)).unsqueeze(-1)


class MultiHeadAttention(nn.Module):
    """Self-attention over positions, as written by hand."""

    def __init__(self):
        super().__init__()
        self.projection = nn.Linear(8, 24)
        self.output = nn.Linear(8, 8)

    def forward(self, x):
        n, c, h, w = x.shape
        tokens = x.flatten(2).transpose(1, 2)
        q, k, v = self.projection(tokens).reshape(n, h * w, 3, 2, c // 2).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) / (c // 2) ** 0.5).softmax(-1)
        return self.output((weights @ v).transpose(1, 2).reshape(n, h * w, c)).transpose(1, 2).reshape(n, c, h, w)


class SqueezeExcitation(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 8), nn.Hardsigmoid())

    def forward(self, x):
        n, c, _, _ = x.size()
        return x * self.gate(F.adaptive_avg_pool2d(x, 1).view(n, c)).view(n, c, 1, 1).expand_as(x)


class ChannelShuffle(nn.Module):
    def forward(self, x):
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


class LastAxisNorm(nn.Module):
    """LayerNorm over channels, with the axes moved there and back, as in ConvNeXt."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(8)

    def forward(self, x):
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class LikeAnother(nn.Module):
    """Down, up to the size of what it was, and joined with that."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.up = nn.Conv2d(16, 8, 3, padding=1)

    def forward(self, x):
        low = F.interpolate(self.down(x), size=x.shape[2:], mode="bilinear", align_corners=False)
        return self.up(torch.cat([x, low], 1))


class View(nn.Module):
    """The classic way to flatten, which exporters write as Shape, Gather, Concat and Reshape."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3, stride=2)
        self.classifier = nn.Linear(4 * 11 * 11, 10)

    def forward(self, x):
        x = F.relu(self.convolution(x))
        return self.classifier(x.view(x.size(0), -1))


class Signal(nn.Module):
    """One-dimensional: the picture's rows as channels."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(3, 8, 5, padding=2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(8, 8, 3, dilation=2),
            nn.AvgPool1d(3, 2, ceil_mode=True), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 10))

    def forward(self, x):
        return self.layers(x.flatten(2))


class Volume(nn.Module):
    """Three-dimensional: the picture as a stack of six layers."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv3d(3, 8, 3, padding=1), nn.BatchNorm3d(8), nn.ReLU(), nn.MaxPool3d(2), nn.ConvTranspose3d(8, 4, 2, stride=2),
            nn.AvgPool3d(2), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 10))

    def forward(self, x):
        return self.layers(x.view(x.size(0), 3, 6, 4, 24))


def chunked(x):
    first, second = torch.chunk(x, 2, dim=1)
    return torch.cat([second * torch.sigmoid(first), first], 1)


def split_unevenly(x):
    a, b, c = torch.split(x, [3, 1, 4], dim=1)
    return torch.cat([c, a, b], 1)


def standardised(x):
    return (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), keepdim=True, unbiased=False) + 1e-5).sqrt()


def normalised(x):
    return F.normalize(x, p=2.0, dim=1)


def padded(mode):
    return Function(lambda x: F.pad(x, (2, 1, 0, 3), mode=mode))


def resized(**options):
    return Function(lambda x: F.interpolate(x, **options))


def unary(function):
    return Body(Function(function))


#: Name to what makes the network.
NETWORKS = {
    # Sizes
    "interpolate_nearest": lambda: Body(resized(scale_factor=2, mode="nearest")),
    "interpolate_nearest_exact": lambda: Body(resized(scale_factor=1.5, mode="nearest-exact")),
    "interpolate_nearest_size": lambda: Body(resized(size=(17, 31), mode="nearest")),
    "interpolate_bilinear": lambda: Body(resized(scale_factor=2.0, mode="bilinear", align_corners=False)),
    "interpolate_bilinear_corners": lambda: Body(resized(size=(40, 13), mode="bilinear", align_corners=True)),
    "interpolate_bilinear_down": lambda: Body(resized(scale_factor=0.6, mode="bilinear", align_corners=False)),
    "interpolate_bilinear_antialias": lambda: Body(
        resized(size=(11, 13), mode="bilinear", align_corners=False, antialias=True)),
    "interpolate_bicubic": lambda: Body(resized(scale_factor=1.7, mode="bicubic", align_corners=False)),
    "interpolate_like": lambda: Body(LikeAnother()),
    "upsample": lambda: Body(nn.Upsample(scale_factor=2, mode="nearest")),
    "pad_reflect": lambda: Body(padded("reflect")),
    "pad_replicate": lambda: Body(padded("replicate")),
    "pad_constant": lambda: Body(Function(lambda x: F.pad(x, (1, -2, 2, 0), value=0.5))),
    "pad_circular_convolution": lambda: Body(nn.Conv2d(8, 8, 3, padding=1, padding_mode="circular")),
    "same_convolution": lambda: Body(nn.Conv2d(8, 8, 4, padding="same")),
    "conv_transpose": lambda: Body(nn.ConvTranspose2d(8, 8, 3, stride=2, padding=1, output_padding=1)),
    "conv_transpose_grouped": lambda: Body(nn.ConvTranspose2d(8, 8, 4, stride=2, padding=1, groups=4, bias=False)),
    "conv_transpose_dilated": lambda: Body(nn.ConvTranspose2d(8, 6, 3, stride=2, dilation=2)),
    "depthwise_multiplier": lambda: Body(nn.Conv2d(8, 24, 3, padding=1, groups=8)),
    "dilated_grouped": lambda: Body(nn.Conv2d(8, 12, 3, dilation=3, groups=2)),
    "pixel_shuffle": lambda: Body(nn.PixelShuffle(2)),
    "pixel_unshuffle": lambda: Body(nn.PixelUnshuffle(2)),
    "unfold_convolution": lambda: Body(nn.Conv2d(8, 16, (1, 5), stride=(1, 3))),
    # Pools
    "adaptive_average": lambda: Body(nn.AdaptiveAvgPool2d(6)),
    "adaptive_average_uneven": lambda: Body(nn.AdaptiveAvgPool2d((5, 7))),
    "adaptive_max": lambda: Body(nn.AdaptiveMaxPool2d(1)),
    "max_pool_ceil": lambda: Body(nn.MaxPool2d(3, 2, padding=1, ceil_mode=True)),
    "max_pool_dilated": lambda: Body(nn.MaxPool2d(3, 2, padding=1, dilation=2)),
    "average_pool_ceil": lambda: Body(nn.AvgPool2d(5, 3, padding=2, ceil_mode=True)),
    "average_pool_uncounted": lambda: Body(nn.AvgPool2d(3, 2, padding=1, count_include_pad=False, ceil_mode=True)),
    "lp_pool": lambda: Body(nn.Sequential(nn.ReLU(), nn.LPPool2d(2, 3, stride=2))),
    # Shapes
    "view": View,
    "chunk": lambda: Body(Function(chunked)),
    "split": lambda: Body(Function(split_unevenly)),
    "channel_shuffle": lambda: Body(ChannelShuffle()),
    "channel_shuffle_module": lambda: Body(nn.ChannelShuffle(4)),
    "expand": lambda: Body(SqueezeExcitation()),
    "repeat": lambda: Body(Function(lambda x: x.repeat(1, 2, 1, 1))),
    "stack": lambda: Body(Function(lambda x: torch.stack([x, x.relu()], 2).amax(2))),
    "strided_slice": lambda: Body(Function(lambda x: torch.cat([x[..., ::2, 1::2], x[..., 1::2, ::2]], 1))),
    "channel_slice": lambda: Body(Function(lambda x: x[:, 2:-1])),
    "index_select": lambda: Body(Function(lambda x: x[:, [3, 1, 7, 0]])),
    "flip": lambda: Body(Function(lambda x: x.flip(3) - x)),
    "roll": lambda: Body(Function(lambda x: torch.roll(x, (2, -3), (2, 3)))),
    "unflatten": lambda: Body(Function(lambda x: x.unflatten(1, (2, 4)).sum(1))),
    # Normalisations
    "group_norm": lambda: Body(nn.GroupNorm(4, 8)),
    "layer_norm_last": lambda: Body(LastAxisNorm()),
    "layer_norm_all": lambda: Body(nn.LayerNorm([8, SIZE, SIZE])),
    "instance_norm": lambda: Body(nn.InstanceNorm2d(8, affine=True)),
    "instance_norm_plain": lambda: Body(nn.Sequential(nn.InstanceNorm2d(8), nn.ReLU())),
    "batch_norm_plain": lambda: Body(nn.BatchNorm2d(8, affine=False)),
    "local_response": lambda: Body(nn.LocalResponseNorm(5)),
    "standardised": lambda: Body(nn.Sequential(Function(standardised), nn.ReLU())),
    "normalize": lambda: Body(Function(normalised)),
    # Activations
    "gelu": lambda: Body(nn.GELU()),
    "gelu_tanh": lambda: Body(nn.GELU(approximate="tanh")),
    "silu": lambda: Body(nn.SiLU()),
    "mish": lambda: Body(nn.Mish()),
    "prelu": lambda: Body(nn.PReLU(8, init=0.2)),
    "prelu_shared": lambda: Body(nn.PReLU()),
    "relu6": lambda: Body(nn.ReLU6()),
    "hardtanh": lambda: Body(nn.Hardtanh(-0.5, 0.7)),
    "celu": lambda: Body(nn.CELU(0.7)),
    "selu": lambda: Body(nn.SELU()),
    "elu": lambda: Body(nn.ELU(0.6)),
    "softplus": lambda: Body(nn.Softplus()),
    "softsign": lambda: Body(nn.Softsign()),
    "threshold": lambda: Body(nn.Threshold(0.1, 0.0)),
    "glu": lambda: Body(nn.GLU(1)),
    "softmax_channels": lambda: Body(nn.Softmax(1)),
    "log_softmax": lambda: nn.Sequential(Body(nn.ReLU()), nn.LogSoftmax(1)),
    "tanhshrink": lambda: unary(lambda x: x - torch.tanh(x)),
    "clamp": lambda: unary(lambda x: x.clamp(min=-0.25)),
    "minimum": lambda: unary(lambda x: torch.minimum(x, -x) + torch.maximum(x, 0.5 * x)),
    "floor": lambda: unary(lambda x: x - torch.floor(x)),
    "reciprocal": lambda: unary(lambda x: torch.reciprocal(x * x + 1)),
    "rsqrt": lambda: unary(lambda x: torch.rsqrt(x * x + 1)),
    "erf": lambda: unary(torch.erf),
    # Attention
    "attention_pooling": lambda: Body(AttentionPooling()),
    "multi_head_attention": lambda: Body(MultiHeadAttention()),
    "scaled_dot_product": lambda: Body(Function(
        lambda x: F.scaled_dot_product_attention(x.flatten(2), x.flatten(2), x.flatten(2)).unsqueeze(-1))),
    # Other dimensions
    "signal": Signal,
    "volume": Volume,
}


def make(name):
    """The network in evaluation mode, with the same weights every time and batch norms that do something."""
    torch.manual_seed(7)
    model = NETWORKS[name]()
    with torch.no_grad():
        for module in model.modules():
            if getattr(module, "running_var", None) is not None:
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 1.5)
            if hasattr(module, "weight") and isinstance(
                    module, (nn.GroupNorm, nn.LayerNorm, nn.modules.batchnorm._NormBase)) and module.weight is not None:
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.3)
    return model.eval()
