import PexGraph

extension UnsupportedReport {
  /// What to do about the first kind of operator for which there is something to do.
  static func hint(for entries: [Entry]) -> String? {
    let fused = entries.filter { $0.domain.hasPrefix("com.microsoft") }.map(\.op)
    if fused.contains(where: { $0.hasPrefix("QLinear") || $0 == "QGemm" || $0 == "QAttention" }) {
      return "quantise the model with quant_format=QuantFormat.QDQ: this operator of onnxruntime is not part of ONNX"
    }
    if fused.contains(where: { $0.hasPrefix("DynamicQuantize") }) {
      return
        "quantise the model with op_types_to_quantize=['Conv', 'MatMul']: this operator of onnxruntime is not part "
        + "of ONNX"
    }
    if !fused.isEmpty {
      return "export the model again without optimisation: fused operators of onnxruntime are not part of ONNX"
    }
    if entries.contains(where: { $0.domain == "org.pytorch.aten" || $0.op == "ATen" }) {
      return "export the model again without ATen fallback: operators of torch itself are not part of ONNX"
    }
    if entries.contains(where: { $0.domain == "ai.onnx.ml" }) {
      return "save the network without the pre- or postprocessing of classical machine learning around it"
    }
    if entries.contains(where: { $0.domain.isEmpty && ["Loop", "Scan"].contains($0.op) }) {
      return "a network with loops is not a CNN of fixed depth: export it for inference, with its loops unrolled"
    }
    if entries.contains(where: { $0.supportedSince != nil }) { return "export the model again with a newer opset" }
    if let other = entries.first(where: { !$0.domain.isEmpty }) {
      return "operators of '\(other.domain)' are not part of ONNX: export the model without them, or with functions "
        + "that say what they do"
    }
    return nil
  }
}
