#!/usr/bin/env python3
"""Train the CIFAR-100 sample model on CPU and write it as ONNX.

usage: train.py DATA OUT.onnx [--epochs 24] [--width 24] [--checkpoint FILE]

DATA holds train/CLASS/NAME.png and test/CLASS/NAME.png (32x32 RGB). Of every class the images are ordered by the
SHA-256 of their file name; the first 400 are the *global* split that the model may see, the other 100 are left for
experiments with personal data. The test folder is only looked at once, at the end.

Needs: torch (any CPU build), onnx, numpy, pillow.
"""
import argparse
import hashlib
import math
import os
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

MEAN = (0.5071, 0.4865, 0.4409)
STD = (0.2673, 0.2564, 0.2762)


def load(folder, classes, keep):
    """Pictures as uint8 [N,3,32,32] and their class numbers; `keep` picks from a class's names in digest order."""
    from PIL import Image

    pictures, labels = [], []
    for label, name in enumerate(classes):
        files = os.listdir(os.path.join(folder, name))
        files.sort(key=lambda f: hashlib.sha256(f.encode()).hexdigest())
        for file in keep(files):
            with Image.open(os.path.join(folder, name, file)) as picture:
                pictures.append(np.asarray(picture.convert("RGB")).transpose(2, 0, 1))
            labels.append(label)
    return torch.from_numpy(np.stack(pictures)), torch.tensor(labels)


class Block(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al. 2015, arXiv 1512.03385, the CIFAR form; 1x1 projection)."""

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


class ResNet(nn.Module):
    """ResNet-20 for 32x32 pictures, `width` channels in its first stage."""

    def __init__(self, width, classes, blocks=3):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        layers, inputs = [], width
        for stage in range(3):
            for block in range(blocks):
                outputs = width << stage
                layers.append(Block(inputs, outputs, 2 if stage and not block else 1))
                inputs = outputs
        self.blocks = nn.Sequential(*layers)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        y = self.blocks(F.relu(self.bn(self.conv(x))))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(y, 1), 1))


def augment(x, generator):
    """Random shift by up to 4 pixels (zero padding), mirrored half of the time; one draw a picture."""
    n = len(x)
    padded = F.pad(x, (4, 4, 4, 4))
    rows = torch.randint(0, 9, (n, 1), generator=generator) + torch.arange(32)
    columns = torch.randint(0, 9, (n, 1), generator=generator) + torch.arange(32)
    mirrored = torch.rand(n, generator=generator) < 0.5
    columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    index = torch.arange(n)[:, None, None]
    return padded.permute(0, 2, 3, 1)[index, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("data")
    p.add_argument("out")
    p.add_argument("--epochs", type=int, default=24)
    p.add_argument("--width", type=int, default=24)
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--lr", type=float, default=0.4)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--checkpoint", help="saved after every epoch; training goes on from it")
    a = p.parse_args()
    torch.manual_seed(a.seed)
    generator = torch.Generator().manual_seed(a.seed)

    classes = sorted(os.listdir(os.path.join(a.data, "train")))
    x, y = load(os.path.join(a.data, "train"), classes, lambda names: names[:400])
    mean, std = torch.tensor(MEAN).view(1, 3, 1, 1), torch.tensor(STD).view(1, 3, 1, 1)
    x = (x.float() / 255 - mean) / std
    model = ResNet(a.width, len(classes)).to(memory_format=torch.channels_last)
    decay = [v for v in model.parameters() if v.ndim > 1]
    plain = [v for v in model.parameters() if v.ndim <= 1]
    optimizer = torch.optim.SGD(
        [{"params": decay, "weight_decay": 5e-4}, {"params": plain, "weight_decay": 0}],
        lr=a.lr, momentum=0.9, nesterov=True,
    )
    steps = len(x) // a.batch
    total = steps * a.epochs
    first = 0
    if a.checkpoint and os.path.exists(a.checkpoint):
        state = torch.load(a.checkpoint)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["epoch"]

    for epoch in range(first, a.epochs):
        started, losses = time.time(), 0.0
        order = torch.randperm(len(x), generator=generator)
        model.train()
        for step in range(steps):
            done = epoch * steps + step
            warm = max(total // 8, 1)
            rate = done / warm if done < warm else 0.5 * (1 + math.cos(math.pi * (done - warm) / (total - warm)))
            for group in optimizer.param_groups:
                group["lr"] = a.lr * rate
            rows = order[step * a.batch : (step + 1) * a.batch]
            batch = augment(x[rows], generator).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(batch)
            loss = F.cross_entropy(logits.float(), y[rows], label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses += loss.item()
        print(f"epoch {epoch + 1}: loss {losses / steps:.3f}, {time.time() - started:.0f} s", flush=True)
        if a.checkpoint:
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch + 1}, a.checkpoint)

    model.eval()
    tx, ty = load(os.path.join(a.data, "test"), classes, lambda names: names)
    tx = (tx.float() / 255 - mean) / std
    with torch.no_grad():
        right = sum((model(b).argmax(1) == l).sum().item() for b, l in zip(tx.split(500), ty.split(500)))
    print(f"test: {100 * right / len(ty):.2f} % of {len(ty)}")
    torch.onnx.export(
        model.to(memory_format=torch.contiguous_format), torch.zeros(1, 3, 32, 32), a.out,
        opset_version=17, input_names=["image"], output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}}, dynamo=False,
    )
    with open(os.path.join(os.path.dirname(a.out) or ".", "labels.txt"), "w") as f:
        f.writelines(name + "\n" for name in classes)


if __name__ == "__main__":
    main()
