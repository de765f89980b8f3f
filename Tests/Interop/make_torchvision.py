"""Writes torchvision networks with random weights as ONNX files, the way torch's TorchScript exporter does.

    python make_torchvision.py FOLDER [--models resnet18,vgg16] [--opsets 13,17] [--static] [--size 32]

Each file is FOLDER/NAME.opNN.onnx (batch dynamic) or FOLDER/NAME.opNN.static.onnx (batch 1), with --size
FOLDER/NAME.SIZE.opNN.onnx; a residual network for 32x32 is the CIFAR variant. Batch-norm statistics are measured on
noise and then disturbed, so that folding them wrongly shows; the classifier is scaled so that the logits of different
inputs differ by about 1.
"""

import argparse
import pathlib

import torch

NAMES = ["resnet18", "resnet50", "mobilenet_v2", "mobilenet_v3_small", "vgg16", "squeezenet1_1", "densenet121"]


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


def disturb(model, size, generator):
    """Gives every batch norm the statistics of noise, disturbed, and a scale and shift that are not 1 and 0."""
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    if norms:
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # cumulative average
        model.train()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
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
    model = getattr(torchvision_models(), name)(weights=None)
    if size == 32:
        shrink_stem(model)
    disturb(model, size, generator)
    return model, scale_classifier(model, size, generator)


@torch.no_grad()
def export(model, size, path, opset, static):
    axes = None if static else {"input": {0: "batch"}, "output": {0: "batch"}}
    torch.onnx.export(
        model, (torch.randn(1, 3, size, size),), str(path), opset_version=opset, dynamo=False,
        input_names=["input"], output_names=["output"], dynamic_axes=axes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--models", default=",".join(NAMES))
    parser.add_argument("--opsets", default="13,17")
    parser.add_argument("--static", action="store_true", help="fix the batch at 1")
    parser.add_argument("--size", type=int, help="pixels a side of the input (default: 224)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    size = options.size or 224
    suffix = f".{size}" if options.size else ""
    for name in options.models.split(","):
        model, spread = make(name, size)
        for opset in map(int, options.opsets.split(",")):
            path = options.folder / f"{name}{suffix}.op{opset}{'.static' if options.static else ''}.onnx"
            export(model, size, path, opset, options.static)
            print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, logits' std {spread:.3f}", flush=True)


if __name__ == "__main__":
    main()
