import Foundation

/// The cross-entropy of one sample, `-log softmax(logits)[label]`, and its gradient with respect to the logits,
/// `softmax(logits) - onehot(label)` (Bridle 1990), which takes the logits' place.
///
/// - Parameters:
///   - row: the logits of one sample, replaced by the gradient times `scale`.
///   - label: an index of `row`.
///   - scale: what the gradient is multiplied by, one over the batch size for a mean.
/// - Returns: the loss in nats, not scaled; infinite when the label lies outside the row.
@discardableResult
public func crossEntropyGradient(_ row: UnsafeMutableBufferPointer<Float>, label: Int, scale: Float = 1) -> Double {
  guard row.indices.contains(label) else { return .infinity }
  let chosen = row[label]
  let total = exponentials(row)
  let factor = scale / total.sum
  for index in row.indices { row[index] *= factor }
  row[label] -= scale
  return Double(total.largest - chosen) + log(Double(total.sum))
}

/// Probabilities of logits at a temperature (Guo et al. 2017, arXiv 1706.04599). Thresholds are chosen and compared with
/// the bytes that this gives.
/// - Parameter temperature: positive; above 1 evens the probabilities out.
public func softmax(_ logits: [Float], temperature: Float = 1) -> [Float] {
  var probabilities = logits
  probabilities.withUnsafeMutableBufferPointer { softmax($0, temperature: temperature) }
  return probabilities
}

/// Probabilities of logits at a temperature, weighed by how often each class occurs:
/// `softmax(logits / temperature + log(prior))`.
/// - Parameter prior: a share of at least 0 for every class; one as often as another when nil.
public func softmax(_ logits: [Float], temperature: Float = 1, prior: [Float]?) -> [Float] {
  guard let prior, prior.count == logits.count else { return softmax(logits, temperature: temperature) }
  return softmax(zip(logits, prior).map { $0 / temperature + log($1) })
}

/// Turns logits into probabilities in place: `softmax(logits / temperature)`.
public func softmax(_ row: UnsafeMutableBufferPointer<Float>, temperature: Float = 1) {
  if temperature != 1 { for index in row.indices { row[index] /= temperature } }
  let total = exponentials(row)
  for index in row.indices { row[index] /= total.sum }
}

/// Replaces every number by the exponential of its distance below the largest, so that none overflows.
private func exponentials(_ row: UnsafeMutableBufferPointer<Float>) -> (largest: Float, sum: Float) {
  var largest = -Float.infinity
  for value in row { largest = max(largest, value) }
  var sum: Float = 0
  for index in row.indices {
    row[index] = exp(row[index] - largest)
    sum += row[index]
  }
  return (largest, sum)
}
