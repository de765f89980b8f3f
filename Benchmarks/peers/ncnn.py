import ncnn
import numpy

from peers import worker


def open_model(path, values, threads, cache):
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    # These are on by default, and f32 is what is compared.
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    for load, file in ((net.load_param, path), (net.load_model, path.with_suffix(".bin"))):
        if load(str(file)) != 0:
            raise SystemExit(f"ncnn cannot load {file}")
    image = ncnn.Mat(values[0])  # ncnn has no batch

    def run():
        extractor = net.create_extractor()
        extractor.input("in0", image)  # the names are pnnx's
        _, output = extractor.extract("out0")
        return numpy.array(output).reshape(1, -1)

    return run


if __name__ == "__main__":
    worker.serve(open_model)
