import openvino

from peers import worker


def open_model(path, values, threads, cache):
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # else bf16 where the processor has it
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
    }
    if cache:
        settings["CACHE_DIR"] = str(cache)
    # Compiling straight from the path lets a cached model be used without reading the source.
    request = openvino.Core().compile_model(str(path), "CPU", settings).create_infer_request()
    request.set_input_tensor(openvino.Tensor(values, shared_memory=True))

    def run():
        request.infer()
        return request.get_output_tensor().data

    return run


if __name__ == "__main__":
    worker.serve(open_model)
