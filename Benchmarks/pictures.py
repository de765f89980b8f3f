#!/usr/bin/env python3
"""Photos through pex and through Pillow with onnxruntime, alternating, by minima.

usage: pictures.py --model MODEL.onnx --labels LABELS.txt --data FOLDER [--programs .build/release] [--rounds 3]

FOLDER holds FOLDER/CLASS/PHOTO.jpg; the model takes [N,3,224,224], levels from 0 to 1 less --mean over --std. Pictures are resized to
a shorter side of 256 and cropped to the centre. Two figures: decoding and resizing a photo on one thread (pex: pexrun on a
network that only averages, less the same for one photo), and all photos through the network on --threads threads (pex: pexeval).
"""
import argparse
import glob
import json
import os
import subprocess
import tempfile
import time

import numpy as np
import onnx
import onnxruntime
from onnx import helper
from PIL import Image


def picture(path):
    image = Image.open(path).convert("RGB")
    width, height = image.size
    short = min(width, height)
    image = image.resize((round(256 * width / short), round(256 * height / short)), Image.BILINEAR)
    left, top = round((image.width - 224) / 2), round((image.height - 224) / 2)
    return image.crop((left, top, left + 224, top + 224))


def averages(path):
    nodes = [helper.make_node("GlobalAveragePool", ["x"], ["g"]), helper.make_node("Flatten", ["g"], ["y"])]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "averages", [value("x", 1, ["N", 3, 224, 224])], [value("y", 1, ["N", 3])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--labels", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--programs", default=".build/release")
    parser.add_argument("--mean", type=float, default=0.498)
    parser.add_argument("--std", type=float, default=0.502)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    photos = sorted(glob.glob(os.path.join(options.data, "*", "*.jpg")))
    labels = [line.strip() for line in open(options.labels)]
    truth = [os.path.basename(os.path.dirname(photo)) for photo in photos]
    few = photos[:: max(1, len(photos) // 200)]

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    session = onnxruntime.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def answer(photo):
        levels = np.asarray(picture(photo)).astype(np.float32) / 255
        planes = ((levels - options.mean) / options.std).transpose(2, 0, 1)[None]
        return int(session.run(None, {name: planes.astype(np.float32)})[0][0].argmax())

    with tempfile.TemporaryDirectory() as folder:

        def program(tool, *arguments):
            command = [os.path.join(options.programs, tool), *map(str, arguments), "--quiet", "--json"]
            return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

        averages(f"{folder}/averages.onnx")
        pixels = ["--mean", options.mean, "--std", options.std, "--resize", 256, "--crop", 224, "--exits", "none"]
        program("pexconvert", f"{folder}/averages.onnx", *pixels, "-o", f"{folder}/averages.pex")
        program("pexconvert", options.model, *pixels, "--labels", options.labels, "-o", f"{folder}/model.pex")

        def averaged(files):
            return timed(lambda: program("pexrun", f"{folder}/averages.pex", *files, "--threads", 1, "--exit", "final"))[0]

        one, whole = {"Pillow": [], "pex": []}, {"Pillow, onnxruntime": [], "pex": []}
        for _ in range(options.rounds):
            one["Pillow"].append(timed(lambda: [picture(photo).tobytes() for photo in few])[0] / len(few))
            one["pex"].append((averaged(few) - averaged(few[:1])) / (len(few) - 1))
        for _ in range(options.rounds):
            seconds, answers = timed(lambda: [answer(photo) for photo in photos])
            whole["Pillow, onnxruntime"].append(seconds)
            seconds, report = timed(
                lambda: program("pexeval", f"{folder}/model.pex", "--data", options.data, "--threads", options.threads))
            whole["pex"].append(seconds)
    right = sum(labels[found] == wanted for found, wanted in zip(answers, truth)) / len(photos)
    print(f"right: Pillow and onnxruntime {right:.1%}, pex {report['exits'][-1]['accuracy']:.1%}")
    for title, unit, times in [("decode and resize, one thread", 1e3, one), ("all photos", 1, whole)]:
        (peer, theirs), (_, ours) = times.items()
        theirs, ours = min(theirs) * unit, min(ours) * unit
        print(f"{title}: {peer} {theirs:.2f} {'ms' if unit > 1 else 's'}, pex {ours:.2f}, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
