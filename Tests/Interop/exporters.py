"""torch's two exporters, called the way users call them: the old one traces by TorchScript, the new one by torch.export.

The names of the files say what made them: NAME.op17.onnx is the old exporter's, NAME.new.op18.onnx the new one's.
"""

import logging
import warnings

import onnx
import torch

#: What the old exporter can write at most.
NEWEST_OLD = 20
#: The new exporter writes 18 itself; others are made from that by a converter, which may give up and leave 18.
NEWEST_NEW = 23

OLD_OPSETS = (11, 13, 17, NEWEST_OLD)
NEW_OPSETS = (11, 13, 17, 18, NEWEST_NEW)




@torch.no_grad()
def export_old(model, example, path, opset, static=False, **options):
    axes = None if static else {"input": {0: "batch"}, "output": {0: "batch"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (example,), str(path), opset_version=opset, dynamo=False,
            input_names=["input"], output_names=["output"], dynamic_axes=axes, **options)


@torch.no_grad()
def trace_new(model, example, static=False):
    """What torch.export makes of the model; one serves all opsets."""
    shapes = None if static else ({0: torch.export.Dim("batch")},)
    return torch.export.export(model, (example,), dynamic_shapes=shapes, strict=False)


@torch.no_grad()
def export_new(program, path, opset):
    """Writes a traced model; gives the opset that the file has, which may be another than the one asked for."""
    for name in ("torch.onnx", "onnxscript"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            program, (), str(path), opset_version=opset, dynamo=True, external_data=False, verbose=False,
            input_names=["input"], output_names=["output"])
    model = onnx.load(path, load_external_data=False)
    return next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))


def export_all(model, example, name, folder, exporters, opsets=None, static=False):
    """Every file of one model; yields (path, note), where a note says why there is no such file."""
    suffix = ".static" if static else ""
    if "old" in exporters:
        for opset in opsets or OLD_OPSETS:
            path = folder / f"{name}.op{opset}{suffix}.onnx"
            yield path, attempt(path, lambda: export_old(model, example, path, opset, static))
    if "new" in exporters:
        # A batch of 1 would become a constant.
        several = example if static else torch.cat([example, example])
        try:
            program = trace_new(model, several, static)
        except Exception as error:  # noqa: BLE001: whatever torch raises, the model has no file by this exporter
            yield folder / f"{name}.new{suffix}.onnx", first_line(error)
            return
        for opset in opsets or NEW_OPSETS:
            path = folder / f"{name}.new.op{opset}{suffix}.onnx"
            yield path, attempt(path, lambda: require(opset, export_new(program, path, opset)))


def require(asked, found):
    if asked != found:
        raise RuntimeError(f"the exporter left opset {found}")


def attempt(path, write):
    """Nothing when the file was written, else the first line of what kept it from that."""
    try:
        write()
    except Exception as error:  # noqa: BLE001: exporters raise whatever they like
        path.unlink(missing_ok=True)
        return first_line(error)
    return None


def first_line(error):
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:160]}"
