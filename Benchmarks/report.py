"""The measurements as Markdown."""

import measure

# An engine that is further off than this computes something else: it gets no place in a ratio.
MOST_DIFFERENCE = 1e-3


def markdown(results):
    parts = [heading(results)]
    for threads, cells in results.get("steady", {}).items():
        parts.append(steady(results, threads, cells))
    for section, table in [("batch", batch), ("cold", cold), ("memory", memory), ("exits", exits), ("accuracy", accuracy)]:
        if results.get(section):
            parts.append(table(results, results[section]))
    return "\n\n".join(parts) + "\n"


def heading(results):
    machine, settings = results["machine"], results["settings"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    peaks = ", ".join(f"{threads(count)} {gflops:.0f} GFLOP/s" for count, gflops in results["peak"].items())
    lines = [
        "# Measurements",
        "",
        "`make bench` writes this file; [README.md](README.md) says how each figure is taken. f32, batch 1, networks of torchvision with random weights.",
        "",
        f"- {results['date']}: {machine['processor']}, {machine['cores']} cores ({', '.join(machine['features'])}), "
        f"{machine['memory_gb']:.0f} GB, {machine['system']}, load average at the start {machine['load_average']:.2f}",
        f"- measured f32 peak of fused multiply-adds: {peaks}",
        f"- {versions}",
        f"- {settings['rounds']} rounds of {settings['seconds']:g} s an engine, engines taking turns",
    ]
    return "\n".join(lines)


def steady(results, count, cells):
    names = engines(cells)
    title = ["network", "GFLOP", *names, "pex / fastest peer", "share of peak: pex", "fastest peer"]
    rows = []
    for model, times in cells.items():
        flops = 2 * results["macs"][model]
        right = {name: row["min_ms"] for name, row in times.items() if trusted(results, model, name)}
        others = {name: best for name, best in right.items() if name != "pex"}
        fastest = min(others, key=others.get)

        def share(name):
            return percent(flops / right[name] * 1e-6 / results["peak"][count]) if name in right else "-"

        ratio = f"{right['pex'] / others[fastest]:.2f} ({fastest})" if "pex" in right else "-"
        cell = [f"{times[name]['min_ms']:.2f} ({times[name]['p50_ms']:.2f})" if name in right else "wrong" for name in names]
        rows.append([model, f"{flops / 1e9:.2f}", *cell, ratio, share("pex"), share(fastest)])
    text = (
        f"## Steady state, {threads(count)}\n\nMinimum ms (median). GFLOP are those of direct convolution, two a multiply-add: "
        "an engine that saves some (Winograd) can pass 100 % of the peak.\n\n"
    )
    return text + table(title, rows)


def batch(results, cells):
    rows = [
        [model, str(row["threads"]), f"{row['alone_ms']:.2f}", f"{row['batch_ms']:.2f}", f"{row['batch_ms'] / row['alone_ms']:.2f}"]
        for model, measured in cells.items()
        for row in measured
    ]
    return "## Batch, pex\n\nMinimum ms an image.\n\n" + table(
        ["network", "threads", "alone", f"in a batch of {measure.BATCH}", "ratio"], rows)


def cold(results, cells):
    names = engines(cells)
    rows = [
        [model] + [f"{row['load_ms'] + row['first_ms']:.1f} ({row['load_ms']:.1f} + {row['first_ms']:.1f})" for row in map(measured.get, names)]
        for model, measured in cells.items()
    ]
    text = (
        f"## Cold start, {threads(results['settings']['threads'][0])}\n\nms to the first answer (opening the model + first run): the best of "
        f"{measure.COLD_STARTS} fresh processes, files in the page cache, library loaded. openvino has its compiled model in its cache.\n\n"
    )
    return text + table(["network", *names], rows)


def memory(results, cells):
    names = engines(cells)
    rows = [[model] + [f"{measured[name]:.0f}" for name in names] for model, measured in cells.items()]
    return "## Memory\n\nMB resident after ten runs, less those before opening the model.\n\n" + table(["network", *names], rows)


def exits(results, cells):
    rows = []
    for model, measured in cells.items():
        for row in measured:
            # Early exits run the network's widest, least dense layers: a multiply-add costs more there.
            allowance = 0.05 if row["macs"] >= 0.4 else 0.12
            held = row["time"] <= row["profile"] + 0.03 and row["time"] <= row["macs"] + allowance
            rows.append([
                model, str(row["exit"]), f"{row['ms']:.2f}", percent(row["time"]), percent(row["profile"]), percent(row["macs"]),
                "yes" if held else "no"])
    text = (
        f"## Exits, pex, {threads(results['settings']['threads'][0])}\n\nTime to an exit as a share of the whole network's. Skipping is real when it is at most "
        "the profile's share of the layers in front + 3 points, and the share of multiply-adds + 5 points (+ 12 below 40 %).\n\n"
    )
    return text + table(["network", "exit", "ms", "share of time", "share of profile", "share of MACs", "held"], rows)


def accuracy(results, cells):
    names = [name for name in engines(cells) if name != "onnxruntime"]
    rows = [[model] + [f"{measured[name]:.1e}" for name in names] for model, measured in cells.items()]
    text = f"## Accuracy\n\nmax|a-b| / max|b| against onnxruntime. Above {MOST_DIFFERENCE:g} an engine's steady times are not shown, and it has no part in a ratio.\n\n"
    return text + table(["network", *names], rows)


def trusted(results, model, name):
    return results["accuracy"][model][name] <= MOST_DIFFERENCE


def engines(cells):
    return list(next(iter(cells.values())))


def threads(count):
    return f"{count} thread" if int(count) == 1 else f"{count} threads"


def percent(share):
    return f"{100 * share:.1f} %"


def table(title, rows):
    lines = [title, ["---"] + ["---:"] * (len(title) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
