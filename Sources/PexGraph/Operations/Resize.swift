import PexTensor

/// A value sampled on another grid along any of its axes, each axis by itself (ONNX `Resize`, `Upsample`).
///
/// ``taps(axis:input:)`` says what every position takes.
public struct Resize: OperationPayload {
  public static let code = 24
  public static let mnemonic = "resize"

  /// How values between the grid's points come about.
  public enum Kind: String, CaseIterable, Sendable { case nearest, linear, cubic }

  /// Where in the input an output position lies.
  public enum Coordinates: String, CaseIterable, Sendable {
    case halfPixel = "half_pixel"
    case halfPixelSymmetric = "half_pixel_symmetric"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case alignCorners = "align_corners"
    case asymmetric
    case halfPixelForNearest = "tf_half_pixel_for_nn"
    case cropAndResize = "tf_crop_and_resize"
  }

  /// Which neighbour is the nearest.
  public enum Rounding: String, CaseIterable, Sendable {
    case preferFloor = "round_prefer_floor"
    case preferCeil = "round_prefer_ceil"
    case floor, ceil
  }

  /// How values between the grid's points come about.
  public var kind: Kind
  /// Where in the input an output position lies.
  public var coordinates: Coordinates
  /// Which neighbour is the nearest; read by ``Kind/nearest`` alone.
  public var rounding: Rounding
  /// The output's extents; the batch stays.
  public var dimensions: [Dimension]
  /// Output over input extent along every axis, before the extent was rounded; 1 for the batch.
  public var scales: [Double]
  /// Where the region that is sampled starts along every axis, 0 to 1; read by ``Coordinates/cropAndResize`` alone.
  public var regionStarts: [Double]
  /// Where it ends.
  public var regionEnds: [Double]
  /// The `a` of the cubic kernel (Keys 1981).
  public var cubicCoefficient: Double
  /// Whether neighbours outside the input have no weight, rather than those of the border.
  public var excludesOutside: Bool
  /// What positions outside the input are; read by ``Coordinates/cropAndResize`` alone.
  public var extrapolation: Double
  /// Whether the kernel is widened where fewer elements come out, so that all of them count.
  public var antialiases: Bool

  /// A resampling to the given extents.
  public init(
    _ kind: Kind, dimensions: [Dimension], scales: [Double], coordinates: Coordinates = .halfPixel,
    rounding: Rounding = .preferFloor
  ) {
    self.kind = kind
    self.dimensions = dimensions
    self.scales = scales
    self.coordinates = coordinates
    self.rounding = rounding
    regionStarts = scales.map { _ in 0 }
    regionEnds = scales.map { _ in 1 }
    cubicCoefficient = -0.75
    excludesOutside = false
    extrapolation = 0
    antialiases = false
  }

  public var attributes: [Attribute] {
    [
      Attribute("kind", .word(kind.rawValue)), Attribute("coordinates", .word(coordinates.rawValue)),
      Attribute("rounding", .word(rounding.rawValue)), Attribute("shape", .dimensions(dimensions)),
    ] + Self.numbered("scale", scales) + Self.numbered("start", regionStarts) + Self.numbered("end", regionEnds) + [
      Attribute("cubic_coefficient", .float(cubicCoefficient)),
      Attribute("excludes_outside", .integer(excludesOutside ? 1 : 0)),
      Attribute("extrapolation", .float(extrapolation)), Attribute("antialiases", .integer(antialiases ? 1 : 0)),
    ]
  }

  private static func numbered(_ name: String, _ numbers: [Double]) -> [Attribute] {
    numbers.enumerated().map { Attribute("\(name)\($0)", .float($1)) }
  }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    kind = try reader.choice("kind")
    coordinates = try reader.choice("coordinates")
    rounding = try reader.choice("rounding")
    dimensions = try reader.dimensions("shape")
    let rank = dimensions.count
    scales = try (0..<rank).map { try reader.float("scale\($0)") }
    regionStarts = try (0..<rank).map { try reader.float("start\($0)") }
    regionEnds = try (0..<rank).map { try reader.float("end\($0)") }
    cubicCoefficient = try reader.float("cubic_coefficient")
    excludesOutside = try reader.flag("excludes_outside")
    extrapolation = try reader.float("extrapolation")
    antialiases = try reader.flag("antialiases")
  }

  public var formatVersion: Int { 4 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    let input = inputs[0]
    guard [dimensions.count, scales.count, regionStarts.count, regionEnds.count].allSatisfy({ $0 == input.rank }) else {
      throw PexError(.malformed, "resize: expected \(input.rank) numbers for each setting, one an axis of \(input)")
    }
    guard (regionStarts + regionEnds + [cubicCoefficient, extrapolation]).allSatisfy({ abs($0) <= 1e6 }) else {
      throw PexError(.malformed, "resize: a setting is out of range")
    }
    for (axis, pair) in zip(input.dimensions, dimensions).enumerated() {
      switch pair {
      case (.batch, .batch): break
      case (.fixed(let before), .fixed(let after)):
        // What a position takes is listed when a plan is made: a wide kernel goes only with few positions.
        let isKept = abs(Double(before) * scales[axis] - Double(after)) <= 1
        guard (1...1 << 24).contains(before), (1...1 << 24).contains(after), (1e-4...1e4).contains(scales[axis]),
          isKept || !antialiases
        else { throw PexError(.malformed, "resize: axis \(axis) from \(before) to \(after) by \(scales[axis])") }
      case (.batch, _), (_, .batch): throw PexError(.malformed, "resize: the batch cannot be resized")
      }
    }
    return [ValueType(input.dtype, dimensions)]
  }

  /// Products or numbers summed into one output element.
  public func accumulationLength(inputs: [ValueType]) -> Int { kind == .nearest ? 1 : 16 }
}
