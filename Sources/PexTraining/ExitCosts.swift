import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// What taking each exit costs: in multiply-accumulates, which are the same everywhere, and in time, where it was measured.
public struct ExitCosts: Hashable, Sendable {
  /// Shares of the model's multiply-accumulates.
  public let macs: WayCosts
  /// Shares of the time that the whole model takes; nil where nobody measured it.
  public let time: WayCosts?
  /// Milliseconds of the whole model; nil where nobody measured them.
  public let fullMilliseconds: Double?

  /// What policies are chosen by: time, where it is known.
  public var ruling: WayCosts { time ?? macs }

  /// Costs in multiply-accumulates alone.
  /// - Throws: ``PexError`` as ``WayCosts/init(trunk:heads:taps:)``.
  public init(trunk: [Double], heads: [Double], convolutions: [[Int: Double]] = []) throws {
    self.init(macs: try WayCosts(trunk: trunk, heads: heads, taps: convolutions))
  }

  /// Costs in both units, of the same exits.
  public init(macs: WayCosts, time: WayCosts? = nil, fullMilliseconds: Double? = nil) {
    (self.macs, self.time, self.fullMilliseconds) = (macs, time, fullMilliseconds)
  }

  /// A head at an exit.
  typealias Place = (exit: Int, head: Head)

  /// Costs of heads on a model's exits.
  /// - Parameters:
  ///   - heads: by depth.
  ///   - withFinal: whether the final classifier follows.
  ///   - final: the head that has a part in its answer.
  ///   - times: what was measured of these heads; nil: nothing.
  /// - Throws: ``PexError`` (defect) when a time is missing.
  init(of heads: [Place], in model: Model, withFinal: Bool, final: Place? = nil, times: TimeProfile? = nil) throws {
    let total = Double(max(model.cost.multiplyAccumulates, 1))
    func costs(
      trunk: (ExitName) throws -> Double, readout: (Place) throws -> Double, taps: (Place) throws -> [Int: Double]
    ) throws -> WayCosts {
      try WayCosts(
        trunk: try heads.map { try trunk(.exit($0.exit)) } + (withFinal ? [try trunk(.final)] : []),
        heads: try heads.map(readout) + (withFinal ? [try final.map(readout) ?? 0] : []),
        taps: try heads.map(taps) + (withFinal ? [try final.map(taps) ?? [:]] : []))
    }
    let macs = try costs(
      trunk: model.prefixShare, readout: { Double($0.head.specification.readoutMultiplyAccumulates) / total },
      taps: { $0.head.specification.convolutionCosts(at: $0.exit).mapValues { Double($0) / total } })
    guard let times else {
      self.init(macs: macs)
      return
    }
    let full = try times.trunk(.final)
    self.init(
      macs: macs,
      time: try costs(
        trunk: { try times.trunk($0) / full }, readout: { try times.readout($0.head.specification) / full },
        taps: { try times.taps($0.head.specification, at: $0.exit).mapValues { $0 / full } }),
      fullMilliseconds: full)
  }
}
