from ai_edge_litert.interpreter import Interpreter

from peers import worker


def open_model(path, values, threads, cache):
    interpreter = Interpreter(str(path), num_threads=threads)  # with XNNPACK, its default
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    output = interpreter.get_output_details()[0]["index"]

    def run():
        interpreter.set_tensor(source, values)
        interpreter.invoke()
        return interpreter.get_tensor(output)

    return run


if __name__ == "__main__":
    worker.serve(open_model)
