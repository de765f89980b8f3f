"""The handwritten digits of the sample models: how they become pictures, who sees which, what a linear head gets.

The digits are scikit-learn's copy of the UCI optical digits: 1797 pictures of 8x8 with 17 grey levels. The last 420 are
the person's; no network sees them. Of the others the last 300 are the general test, the rest trains the networks.
"""
import os

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

SIDE, BODY = 32, 28
PERSON, GENERAL_TEST = 420, 300


def picture(digit):
    """An 8x8 digit with values 0...16 as a 32x32 grey picture, white on black."""
    small = Image.fromarray(np.round(np.clip(digit, 0, 16) * (255 / 16)).astype(np.uint8))
    whole = Image.new("L", (SIDE, SIDE))
    whole.paste(small.resize((BODY, BODY), Image.BICUBIC), ((SIDE - BODY) // 2, (SIDE - BODY) // 2))
    return whole


def whole_set():
    """All pictures in order, their labels, and where the general test and the person's digits begin."""
    digits = load_digits()
    images, labels = [picture(d) for d in digits.images], [int(c) for c in digits.target]
    person = len(images) - PERSON
    return images, labels, person - GENERAL_TEST, person


def read(folder):
    """What a program that reads folder/CLASS/*.png gets: levels 0...255 as [N,32,32], class numbers and file names."""
    pictures, labels, names = [], [], []
    for label in range(10):
        for name in sorted(os.listdir(os.path.join(folder, str(label)))):
            names.append(os.path.join(folder, str(label), name))
            pictures.append(np.asarray(Image.open(names[-1])))
            labels.append(label)
    return np.stack(pictures), np.array(labels), names


def linear_head(features, labels, test_features, test_labels):
    """The accuracy on the test of a linear head trained on features [N,F]."""
    mean, spread = features.mean(0), features.std(0) + 1e-3
    head = LogisticRegression(C=0.3, max_iter=1000).fit((features - mean) / spread, labels)
    return head.score((test_features - mean) / spread, test_labels)
