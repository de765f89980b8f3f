import Foundation
import PexBundle

extension Resampling {
  /// How far a new sample reaches to each side, in old samples where the size stays.
  var support: Double {
    switch self {
    case .nearest: 0.5
    case .bilinear, .bilinearAntialias: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  /// Whether the reach grows as the picture shrinks, so that no old sample goes unseen.
  var isAntialiased: Bool {
    switch self {
    case .nearest, .bilinear: false
    case .bilinearAntialias, .bicubic, .lanczos: true
    }
  }

  /// The weight of an old sample at this distance from the new one's centre, in units of the reach of one sample.
  func weight(at distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .nearest: return 1
    case .bilinear, .bilinearAntialias: return max(0, 1 - x)
    case .bicubic:
      // Keys' kernel with a slope of -1/2.
      if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
      return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
    case .lanczos: return x < 3 ? Self.sinc(x) * Self.sinc(x / 3) : 0
    }
  }

  private static func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
}
