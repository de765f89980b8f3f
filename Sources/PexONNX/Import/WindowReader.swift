import PexGraph
import PexTensor

extension NodeReader {
  /// Takes the attributes that describe a sliding window: `strides`, `dilations`, `auto_pad` and `pads`. Convolution
  /// and pooling read them here and nowhere else.
  /// - Parameters:
  ///   - kernel: the window's extents.
  ///   - roundsUp: whether the number of positions is rounded up.
  func window(kernel: [Int], roundsUp: Bool = false) throws -> Window {
    let rank = kernel.count
    let strides = try list("strides", count: rank)
    let dilations = try list("dilations", count: rank)
    return Window(
      kernel: kernel, strides: strides, dilations: dilations, padding: try padding(rank: rank), roundsUp: roundsUp)
  }

  private func padding(rank: Int) throws -> Padding {
    let pads = try list("pads", count: 2 * rank) ?? Array(repeating: 0, count: 2 * rank)
    let word = try string("auto_pad", default: "NOTSET")
    switch word {
    case "NOTSET", "":
      guard pads.allSatisfy({ $0 >= 0 }) else {
        throw PexError(.unsupported, "attribute 'pads': negative padding \(pads) is not supported")
      }
      return .explicit(before: Array(pads.prefix(rank)), after: Array(pads.suffix(rank)))
    case "SAME_UPPER": return .sameUpper
    case "SAME_LOWER": return .sameLower
    case "VALID": return .valid
    default:
      throw PexError(
        .malformed, "attribute 'auto_pad': expected NOTSET, SAME_UPPER, SAME_LOWER or VALID, found '\(word)'")
    }
  }

  /// Takes a list with one integer an axis, or as many as `count` says; nil when there is none.
  func list(_ name: String, count: Int) throws -> [Int]? {
    guard let values = try optionalIntegers(name) else { return nil }
    guard values.count == count else {
      throw PexError(.malformed, "attribute '\(name)': expected \(count) integers, found \(values.count)")
    }
    return values
  }
}
