import PexGraph
import PexReference
import PexTensor

/// Any operation, by the plain interpreter.
struct ReferenceStep: StepKernel {
  let operation: Operation
  /// Extents of the inputs.
  let inputs: [[Int]]
  /// Elements of the outputs.
  let outputs: [Int]

  var title: String { "reference" }

  func run(_ context: StepContext) throws {
    let tensors = try zip(inputs, context.inputs).map { extents, pointer in
      let shape = try Shape(extents)
      return try Tensor(.float32, shape) { bytes in
        bytes.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: bytes.count))
      }
    }
    let results = try Reference.evaluate(operation, tensors)
    guard results.count == outputs.count, zip(results, outputs).allSatisfy({ $0.count == $1 }) else {
      throw PexError(.defect, "\(operation.mnemonic) gave other values than announced")
    }
    for (result, output) in zip(results, context.outputs) {
      try result.asFloat32().withFloats { numbers in
        if let start = numbers.baseAddress { output.update(from: start, count: numbers.count) }
      }
    }
  }
}
