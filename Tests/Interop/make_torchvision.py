"""Writes torchvision networks with random weights as ONNX files, the way torch's TorchScript exporter does.

    python make_torchvision.py FOLDER [--models resnet18,vgg16] [--opsets 13,17] [--static]

Each file is FOLDER/NAME.opNN.onnx (batch dynamic) or FOLDER/NAME.opNN.static.onnx (batch 1). Batch-norm statistics are
measured on noise and then disturbed, so that folding them wrongly shows; the classifier is scaled so that the logits
of different inputs differ by about 1.
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
        library.define("nms(Tensor dets, Tensor scores, float threshold) -> Tensor")
        torchvision_models.library = library  # the definitions live as long as the object
        import torchvision
    return torchvision.models


def disturb(model, generator):
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
        model(torch.randn(4, 3, 224, 224, generator=generator))
    for norm in norms:
        size = norm.running_mean.shape
        norm.running_mean += 0.1 * norm.running_var.sqrt() * torch.randn(size, generator=generator)
        norm.running_var *= 0.5 + torch.rand(size, generator=generator)
        norm.weight *= 1 + 0.1 * torch.randn(size, generator=generator)
        norm.bias += 0.1 * torch.randn(size, generator=generator)
    model.eval()


def scale_classifier(model, generator):
    """Scales the last weighted layer until logits differ visibly between inputs, and checks that they do."""
    last = [m for m in model.modules() if isinstance(m, (torch.nn.Linear, torch.nn.Conv2d))][-1]
    inputs = torch.randn(3, 3, 224, 224, generator=generator)
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


def export(model, path, opset, static):
    axes = None if static else {"input": {0: "batch"}, "output": {0: "batch"}}
    torch.onnx.export(
        model, (torch.randn(1, 3, 224, 224),), str(path), opset_version=opset, dynamo=False,
        input_names=["input"], output_names=["output"], dynamic_axes=axes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--models", default=",".join(NAMES))
    parser.add_argument("--opsets", default="13,17")
    parser.add_argument("--static", action="store_true", help="fix the batch at 1")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    models = torchvision_models()
    for name in options.models.split(","):
        torch.manual_seed(7)
        generator = torch.Generator().manual_seed(11)
        model = getattr(models, name)(weights=None)
        with torch.no_grad():
            disturb(model, generator)
            spread = scale_classifier(model, generator)
            for opset in map(int, options.opsets.split(",")):
                path = options.folder / f"{name}.op{opset}{'.static' if options.static else ''}.onnx"
                export(model, path, opset, options.static)
                print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, logits' std {spread:.3f}", flush=True)


if __name__ == "__main__":
    main()
