"""The sample network in torch, with the weights that the ONNX file holds: what people fine-tune without pex.

    python network.py DATA NETWORK.pt --programs FOLDER

The exporter folded batch normalisation into the convolutions. Fine-tuning does better with it, so it is put back: with
the statistics of global pictures, and such scales and shifts that the network computes what it did. That its logits are
those of pexrun is checked.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnx.numpy_helper
import torch

SAMPLE = pathlib.Path(__file__).resolve().parents[2] / "SampleModels" / "cifar100"
sys.path.insert(0, str(SAMPLE))
import train  # noqa: E402

CHECKED = 8
MOST_DIFFERENCE = 1e-3
GLOBAL_PICTURES = 10  # of each class


def class_names():
    return (SAMPLE / "labels.txt").read_text().split()


def pictures(folder, classes, keep=lambda names: names):
    """Normalised pictures [N, 3, 32, 32] and the positions of their classes in the list."""
    x, y = train.load(str(folder), classes, keep)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (train.MEAN, train.STD))
    return (x.float() / 255 - mean) / std, y


def load(path):
    state = torch.load(path)
    network = shaped(state)
    network.load_state_dict(state)
    return network


def shaped(state):
    return train.ResNet(state["conv.weight"].shape[0], state["fc.weight"].shape[0])


def from_onnx(path):
    """The network with normalisations that do nothing but shift."""
    graph = onnx.load(str(path)).graph
    weights = {each.name: torch.from_numpy(onnx.numpy_helper.to_array(each).copy()) for each in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    classifier = next(node for node in graph.node if node.op_type == "Gemm")
    state = {"conv.weight": weights[convolutions[0].input[1]], "fc.weight": weights[classifier.input[1]]}
    network = shaped(state).eval()
    with torch.no_grad():
        for (convolution, norm), node in zip(normalised(network), convolutions, strict=True):
            convolution.weight.copy_(weights[node.input[1]])
            norm.bias.copy_(weights[node.input[2]])
            norm.running_var.fill_(1 - norm.eps)
        network.fc.weight.copy_(weights[classifier.input[1]])
        network.fc.bias.copy_(weights[classifier.input[2]])
    return network


def normalised(network):
    """Every convolution with its normalisation, in the order in which they run."""
    modules = list(network.modules())
    convolutions = [module for module in modules if isinstance(module, torch.nn.Conv2d)]
    norms = [module for module in modules if isinstance(module, torch.nn.BatchNorm2d)]
    return list(zip(convolutions, norms, strict=True))


@torch.no_grad()
def normalise(network, x):
    """Gives normalisations the statistics of these pictures, and leaves what the network computes."""
    found = {}

    def note(norm, inputs):
        found[norm] = torch.var_mean(inputs[0], dim=(0, 2, 3))

    hooks = [norm.register_forward_pre_hook(note) for _, norm in normalised(network)]
    network(x)
    for hook in hooks:
        hook.remove()
    for norm, (variance, mean) in found.items():
        norm.running_var.copy_(variance)
        norm.running_mean.copy_(mean)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)


@torch.no_grad()
def check(network, x, programs):
    """Fails when pexrun computes other logits."""
    with tempfile.TemporaryDirectory() as folder:
        given, outputs = pathlib.Path(folder) / "image.npy", pathlib.Path(folder) / "outputs"
        numpy.save(given, x.numpy())
        command = [programs / "pexrun", SAMPLE / "resnet20.pex", "--input", f"image={given}", "--exit", "final"]
        subprocess.run([*command, "--save-outputs", outputs], check=True, stdout=subprocess.DEVNULL)
        expected = torch.from_numpy(numpy.load(outputs / "logits.npy"))
    difference = float((network(x) - expected).abs().max() / expected.abs().max())
    if not difference <= MOST_DIFFERENCE:
        raise SystemExit(
            f"network: error: logits differ from pexrun's by {difference:.1e}, at most {MOST_DIFFERENCE:g} expected"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("network", type=pathlib.Path)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    options = parser.parse_args()
    network = from_onnx(SAMPLE / "resnet20.onnx")
    x, _ = pictures(options.data / "train", class_names(), lambda names: names[:GLOBAL_PICTURES])
    normalise(network, x)
    check(network, x[:CHECKED], options.programs)
    torch.save(network.state_dict(), options.network)


if __name__ == "__main__":
    main()
