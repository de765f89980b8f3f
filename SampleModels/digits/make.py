#!/usr/bin/env python3
"""Train the digits sample model on CPU, and write it with the pictures of a person whom it reads badly.

usage: make.py [OUT]        (default: the folder of this script)

Writes OUT/digits.onnx, labels.txt, general/{train,test}/CLASS/*.png and person/{train,test}/CLASS/*.png, and prints the
accuracies and digests that ../README.md quotes. Takes about a minute on one core.

The digits and their split are those of pictures.py. The person turns the pen: their digits lean by 35 degrees to the
left and are drawn with a thicker stroke.

Needs: torch (any CPU build), onnx, scikit-learn, numpy, pillow.
"""
import hashlib
import os
import shutil
import sys

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image, ImageFilter

import pictures
from pictures import SIDE

GENERAL_TRAIN_SHOWN = 30  # of each class; what a demo trains base heads on
PERSON_TRAIN, PERSON_TEST = 16, 20  # of each class
EPOCHS, BATCH, RATE = 20, 64, 0.1
SEED = 0


def persons_hand(image):
    """The same digit as the person writes it."""
    return image.rotate(35, Image.BILINEAR).filter(ImageFilter.MaxFilter(3))


class Block(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al. 2015, arXiv 1512.03385)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class Network(nn.Module):
    """A stem and nine residual blocks at 16x16, 8x8 and 4x4, a global pool and a linear classifier."""

    def __init__(self, stages=((16, 2), (32, 4), (56, 3))):
        super().__init__()
        channels = stages[0][0]
        self.stem = nn.Sequential(
            nn.Conv2d(1, channels, 3, 2, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()
        )
        blocks = []
        for stage, (outputs, depth) in enumerate(stages):
            for index in range(depth):
                blocks.append(Block(channels, outputs, 2 if stage > 0 and index == 0 else 1))
                channels = outputs
        self.blocks = nn.ModuleList(blocks)
        self.classifier = nn.Linear(channels, 10)

    def features(self, x):
        """The stem's output and every block's."""
        taps = [self.stem(x)]
        for block in self.blocks:
            taps.append(block(taps[-1]))
        return taps

    def forward(self, x):
        return self.classifier(self.features(x)[-1].mean((2, 3)))


def train(network, x, y):
    """SGD on the digits shifted by up to three pixels."""
    network.train()
    optimizer = torch.optim.SGD(network.parameters(), RATE, momentum=0.9, weight_decay=5e-4, nesterov=True)
    batches = len(x) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, EPOCHS * batches)
    generator = np.random.RandomState(SEED)
    for _ in range(EPOCHS):
        order = generator.permutation(len(x))
        for batch in range(batches):
            chosen = torch.from_numpy(order[batch * BATCH : (batch + 1) * BATCH])
            down, right = (int(v) for v in generator.randint(-3, 4, 2))
            shifted = torch.roll(x[chosen], (down, right), (2, 3))
            optimizer.zero_grad()
            F.cross_entropy(network(shifted), y[chosen]).backward()
            optimizer.step()
            schedule.step()
    network.eval()


def export(network, path):
    """ONNX opset 17, batch left open; nothing in the file tells where it was made."""
    torch.onnx.export(
        network, torch.zeros(1, 1, SIDE, SIDE), path, opset_version=17, dynamo=False,
        input_names=["image"], output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
    )
    model = onnx.load(path)
    model.doc_string = model.graph.doc_string = ""
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    with open(path, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))


def write(folder, images, labels):
    """folder/CLASS/NUMBER.png, numbered in each class from 0."""
    counts = [0] * 10
    for image, label in zip(images, labels):
        os.makedirs(os.path.join(folder, str(label)), exist_ok=True)
        image.save(os.path.join(folder, str(label), f"{counts[label]:03}.png"), optimize=True)
        counts[label] += 1


def read(folder):
    """What a program that reads the folder gets: pictures / 255 and class numbers."""
    levels, labels, _ = pictures.read(folder)
    return torch.from_numpy(levels)[:, None].float() / 255, labels


def work(network, x):
    """Multiply-accumulates done when each tap is ready, and in the whole network."""
    done, ready = [0], []

    def count(module, _, output):
        done[0] += output[0].numel() * module.weight[0].numel()

    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    for module in [network.stem, *network.blocks]:
        hooks.append(module.register_forward_hook(lambda *_: ready.append(done[0])))
    network(x[:1])
    for hook in hooks:
        hook.remove()
    return ready, done[0]


def pooled(tap):
    return torch.cat([tap.mean((2, 3)), tap.amax((2, 3))], 1).numpy()


def report(network, out):
    """The whole network on both tests, and for each tap a linear head trained on the person's training pictures."""
    with torch.no_grad():
        x, y = read(os.path.join(out, "general/test"))
        print(f"general test: {(network(x).argmax(1).numpy() == y).mean():.1%} of {len(y)}")
        x, y = read(os.path.join(out, "person/train"))
        xt, yt = read(os.path.join(out, "person/test"))
        base = (network(xt).argmax(1).numpy() == yt).mean()
        print(f"person test:  {base:.1%} of {len(yt)}")
        ready, total = work(network, x)
        print(f"{total} multiply-accumulates")
        for index, (macs, tap, test) in enumerate(zip(ready, network.features(x), network.features(xt))):
            score = pictures.linear_head(pooled(tap), y, pooled(test), yt)
            print(f"tap {index}: {macs / total:6.1%} of MACs, linear head {score:.1%} ({(score - base) * 100:+.1f} points)")


def digests(out):
    """SHA-256 of the model and labels; of the pictures, that of their sha256sum list in bytewise order."""
    for name in ["digits.onnx", "labels.txt"]:
        print(hashlib.sha256(open(os.path.join(out, name), "rb").read()).hexdigest(), name)
    for folder in ["general", "person"]:
        names = []
        for root, _, files in os.walk(os.path.join(out, folder)):
            names += [os.path.relpath(os.path.join(root, file), out) for file in files]
        lines = "".join(
            f"{hashlib.sha256(open(os.path.join(out, n), 'rb').read()).hexdigest()}  {n}\n" for n in sorted(names)
        )
        print(hashlib.sha256(lines.encode()).hexdigest(), folder, f"({len(names)} pictures)")


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)

    images, labels, rest, split = pictures.whole_set()

    def first(start, end, skip, count, order=lambda indices: indices):
        """Of each class within the range, `count` pictures after the first `skip` in the given order."""
        chosen = [order([i for i in range(start, end) if labels[i] == c])[skip : skip + count] for c in range(10)]
        assert all(len(c) == count for c in chosen), [len(c) for c in chosen]
        return [i for c in chosen for i in c]

    def shuffled(indices):
        return [int(i) for i in np.random.default_rng(SEED).permutation(indices)]

    x = torch.from_numpy(np.stack([np.asarray(i) for i in images[:rest]]))[:, None].float() / 255
    network = Network()
    train(network, x, torch.tensor(labels[:rest]))

    for folder in ["general", "person"]:
        shutil.rmtree(os.path.join(out, folder), ignore_errors=True)
    parts = {
        "general/train": first(0, rest, 0, GENERAL_TRAIN_SHOWN),
        "general/test": range(rest, split),
        # The digits stand writer by writer: shuffled, training and test pictures come from the same hands.
        "person/train": first(split, len(images), 0, PERSON_TRAIN, shuffled),
        "person/test": first(split, len(images), PERSON_TRAIN, PERSON_TEST, shuffled),
    }
    for name, chosen in parts.items():
        hand = persons_hand if name.startswith("person") else (lambda image: image)
        write(os.path.join(out, name), [hand(images[i]) for i in chosen], [labels[i] for i in chosen])
    with open(os.path.join(out, "labels.txt"), "w") as file:
        file.write("".join(f"{c}\n" for c in range(10)))
    export(network, os.path.join(out, "digits.onnx"))
    report(network, out)
    digests(out)


if __name__ == "__main__":
    main()
