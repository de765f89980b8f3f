"""Writes torchvision networks with random weights as ONNX files, by torch's old exporter and by the new one.

    python make_torchvision.py FOLDER [--models resnet18,vgg16|all] [--opsets 13,17|all] [--exporters old,new]
                               [--static] [--size 32]

Each file is FOLDER/NAME.opNN.onnx, the new exporter's FOLDER/NAME.new.opNN.onnx (batch dynamic), or ….static.onnx
(batch 1), with --size FOLDER/NAME.SIZE.opNN.onnx; a residual network for 32x32 is the CIFAR variant. Batch-norm
statistics are measured on noise and then disturbed, so that folding them wrongly shows; the classifier is scaled so
that the logits of different inputs differ by about 1.
"""

import argparse
import pathlib

import torch

from exporters import export_all

NAMES = ["resnet18", "resnet50", "mobilenet_v2", "mobilenet_v3_small", "vgg16", "squeezenet1_1", "densenet121"]
ALL = NAMES + [
    "efficientnet_b0", "shufflenet_v2_x1_0", "googlenet", "googlenet_transform", "regnet_y_400mf", "mnasnet1_0",
    "convnext_tiny", "inception_v3", "vgg11_bn"]
#: A network with an option: this one rescales the channels of its input, as the published weights want it.
VARIANTS = {"googlenet_transform": ("googlenet", {"transform_input": True})}
#: Pixels a side, where it is not 224.
SIZES = {"inception_v3": 299}
#: How much of their fresh weights the gates of squeeze and excitation keep.
GATE = 0.25


def torchvision_models():
    """torchvision.models, also where torchvision's compiled operators do not load: no classifier needs them."""
    try:
        import torchvision
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float threshold) -> Tensor")
        torchvision_models.library = library  # the definitions live as long as the object
        import torchvision
    return torchvision.models


def shrink_stem(model):
    """What is usual for CIFAR: a stem that keeps 32x32 pixels, and 100 classes."""
    if not hasattr(model, "layer4"):
        raise SystemExit("--size 32 is for the residual networks")
    model.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    model.maxpool = torch.nn.Identity()
    model.fc = torch.nn.Linear(model.fc.in_features, 100)


def built(name):
    """The network as torchvision makes it, without its warnings about initial weights."""
    base, options = VARIANTS.get(name, (name, {}))
    if base in ("googlenet", "inception_v3"):
        options = {"init_weights": True, **options}
    return getattr(torchvision_models(), base)(weights=None, **options)


def temper(model, generator):
    """Gives some weights the size that they have in trained networks.

    Scales of residual branches start at one in a million in convnext: then no branch matters. Gates of squeeze and
    excitation start so steep that efficientnet and regnet make a thousandfold of every rounding: torch itself is then
    5e-4 off its own double precision.
    """
    for name, parameter in model.named_parameters():
        if name.endswith("layer_scale"):
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    for module in model.modules():
        if type(module).__name__ == "SqueezeExcitation":
            module.fc1.weight *= GATE
            module.fc2.weight *= GATE


def disturb(model, size, generator):
    """Gives every batch norm the statistics of noise, disturbed, and a scale and shift that are not 1 and 0."""
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    if norms:
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # cumulative average
        model.train()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout) or type(module).__name__ == "StochasticDepth":
                module.eval()
        model(torch.randn(4, 3, size, size, generator=generator))
    for norm in norms:
        channels = norm.num_features
        norm.running_mean += 0.1 * norm.running_var.sqrt() * torch.randn(channels, generator=generator)
        norm.running_var *= 0.5 + torch.rand(channels, generator=generator)
        norm.weight *= 1 + 0.1 * torch.randn(channels, generator=generator)
        norm.bias += 0.1 * torch.randn(channels, generator=generator)
    model.eval()


def scale_classifier(model, size, generator):
    """Scales the last weighted layer until logits differ visibly between inputs, and checks that they do."""
    last = [m for m in model.modules() if isinstance(m, (torch.nn.Linear, torch.nn.Conv2d))][-1]
    inputs = torch.randn(3, 3, size, size, generator=generator)
    for _ in range(3):
        spread = model(inputs).std().item()
        if 0.3 < spread < 3:
            break
        last.weight *= min(max(1 / max(spread, 1e-12), 1e-6), 1e6)
    logits = model(inputs)
    spread, between = logits.std().item(), logits.std(dim=0).mean().item()
    if not (spread > 0.01 and between > 1e-4 and torch.isfinite(logits).all()):
        raise SystemExit(f"the logits are degenerate: std {spread}, between inputs {between}")
    return spread


@torch.no_grad()
def make(name, size=224):
    """One network, the same weights every time, and the spread of its logits."""
    torch.manual_seed(7)
    generator = torch.Generator().manual_seed(11)
    model = built(name)
    if size == 32:
        shrink_stem(model)
    temper(model, generator)
    disturb(model, size, generator)
    return model, scale_classifier(model, size, generator)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--models", default=",".join(NAMES), help="names, or `all`")
    parser.add_argument("--exporters", default="old", help="old, new or old,new")
    parser.add_argument("--opsets", default="13,17", help="numbers, or `all` that are tried of each exporter")
    parser.add_argument("--static", action="store_true", help="fix the batch at 1")
    parser.add_argument("--size", type=int, help="pixels a side of the input (default: 224)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    suffix = f".{options.size}" if options.size else ""
    opsets = None if options.opsets == "all" else [int(opset) for opset in options.opsets.split(",")]
    for name in ALL if options.models == "all" else options.models.split(","):
        size = options.size or SIZES.get(name, 224)
        model, spread = make(name, size)
        example = torch.randn(1, 3, size, size)
        for path, note in export_all(
                model, example, name + suffix, options.folder, options.exporters.split(","), opsets, options.static):
            told = note or f"{path.stat().st_size / 1e6:.1f} MB, logits' std {spread:.3f}"
            print(f"{path.name}: {told}", flush=True)


if __name__ == "__main__":
    main()
