"""What a person can do without pex, in torch: (c) the whole network fine-tuned, (d) a linear probe on last features.

    python finetune.py finetune|probe NETWORK.pt --train FOLDER --test FOLDER

A process of its own for each, so that its memory can be told. Rates, epochs and strengths are chosen on a held-out
fifth of the training pictures; then all of them train with what was chosen. One JSON object is printed.
"""

import argparse
import copy
import json
import math
import pathlib
import time

import torch
from torch.nn.functional import cross_entropy

import network as networks
from programs import resident_megabytes

THREADS = 2
EPOCHS = 20
BATCH = 32
RATES = (0.001, 0.003, 0.01)
WEIGHT_DECAY = 5e-4
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
VALIDATION = 0.2
SEED = 1


def split(labels, generator):
    """Rows to train on and rows held out, class by class; a class of one picture holds none out."""
    kept, held = [], []
    for label in labels.unique():
        rows = (labels == label).nonzero().ravel()
        rows = rows[torch.randperm(len(rows), generator=generator)]
        count = min(max(round(VALIDATION * len(rows)), 1), len(rows) - 1)
        held.append(rows[:count])
        kept.append(rows[count:])
    return torch.cat(kept), torch.cat(held)


@torch.no_grad()
def answers(network, x):
    network.eval()
    return torch.cat([network(part) for part in x.split(250)])


def quality(logits, labels):
    """Accuracy, and of equal accuracies the smaller loss."""
    return ((logits.argmax(1) == labels).float().mean().item(), -cross_entropy(logits, labels).item())


def limited(network, classes):
    """The network with the person's classes alone, from the classifier's own weights."""
    names = networks.class_names()
    rows = [names.index(name) for name in classes]
    classifier = torch.nn.Linear(network.fc.in_features, len(rows))
    with torch.no_grad():
        classifier.weight.copy_(network.fc.weight[rows])
        classifier.bias.copy_(network.fc.bias[rows])
    network.fc = classifier
    return network.to(memory_format=torch.channels_last)


def descend(network, x, y, rate, epochs, after=lambda epoch: None):
    """SGD along a half cosine over all epochs, of which the first few may be taken; pictures shifted and mirrored."""
    generator = torch.Generator().manual_seed(SEED)
    optimizer = torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9, weight_decay=WEIGHT_DECAY)
    steps = math.ceil(len(x) / BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * steps)
    for epoch in range(epochs):
        network.train()
        for rows in torch.randperm(len(x), generator=generator).split(BATCH):
            batch = networks.train.augment(x[rows], generator).contiguous(memory_format=torch.channels_last)
            loss = cross_entropy(network(batch), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        after(epoch + 1)


def search(network, x, y):
    """The learning rate and the number of epochs that do best on held-out pictures."""
    kept, held = split(y, torch.Generator().manual_seed(SEED))
    tried = []
    for rate in RATES:
        own = copy.deepcopy(network)

        def note(epoch, own=own, rate=rate):
            tried.append((quality(answers(own, x[held]), y[held]), rate, epoch))

        descend(own, x[kept], y[kept], rate, EPOCHS, note)
    return max(tried)[1:]


def fine_tune(network, x, y):
    """The network itself becomes the person's."""
    started = time.monotonic()
    rate, epochs = search(network, x, y)
    chosen = time.monotonic()
    descend(network, x, y, rate, epochs)
    ended = time.monotonic()
    return network, {"rate": rate, "epochs": epochs, "seconds_chosen": ended - chosen, "seconds": ended - started}


def features(network, x):
    """What the classifier reads."""
    found = []
    hook = network.fc.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0]))
    answers(network, x)
    hook.remove()
    return torch.cat(found)


def regression(x, y, classes, strength):
    """Multinomial logistic regression; the strength pulls weights to zero."""
    classifier = torch.nn.Linear(x.shape[1], classes)
    torch.nn.init.zeros_(classifier.weight)
    torch.nn.init.zeros_(classifier.bias)
    optimizer = torch.optim.LBFGS(classifier.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = cross_entropy(classifier(x), y) + strength / 2 * classifier.weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return classifier


def probe(network, x, y):
    """The trunk stays; a new classifier on standardised features."""
    started = time.monotonic()
    seen = features(network, x)
    mean, std = seen.mean(0), seen.std(0) + 1e-5
    seen = (seen - mean) / std
    classes = network.fc.out_features
    kept, held = split(y, torch.Generator().manual_seed(SEED))
    tried = [
        (quality(regression(seen[kept], y[kept], classes, strength)(seen[held]), y[held]), strength)
        for strength in STRENGTHS
    ]
    strength = max(tried)[1]
    network.fc = torch.nn.Sequential(Standardised(mean, std), regression(seen, y, classes, strength))
    return network, {"strength": strength, "seconds": time.monotonic() - started}


class Standardised(torch.nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, x):
        return (x - self.mean) / self.std


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=["finetune", "probe"])
    parser.add_argument("network", type=pathlib.Path)
    parser.add_argument("--train", type=pathlib.Path, required=True)
    parser.add_argument("--test", type=pathlib.Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.manual_seed(SEED)
    classes = sorted(path.name for path in options.train.iterdir())
    # Importing is not training; resident memory grows from here.
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = resident_megabytes("self", "VmRSS")
    started = time.monotonic()
    network = limited(networks.load(options.network), classes)
    x, y = networks.pictures(options.train, classes)
    reading = time.monotonic() - started
    network, report = (fine_tune if options.method == "finetune" else probe)(network, x, y)
    grown = resident_megabytes("self", "VmHWM") - before
    test, truth = networks.pictures(options.test, classes)
    accuracy = quality(answers(network, test), truth)[0]
    print(json.dumps(report | {"seconds_reading": reading, "megabytes": grown, "accuracy": accuracy}))


if __name__ == "__main__":
    main()
