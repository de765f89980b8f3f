import onnxruntime

from peers import worker


def open_model(path, values, threads, cache):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    # A binding spares the checks and copies that session.run does on every call.
    binding = session.io_binding()
    binding.bind_cpu_input(session.get_inputs()[0].name, values)
    binding.bind_output(session.get_outputs()[0].name)

    def run():
        session.run_with_iobinding(binding)
        return binding.get_outputs()[0].numpy()

    return run


if __name__ == "__main__":
    worker.serve(open_model)
