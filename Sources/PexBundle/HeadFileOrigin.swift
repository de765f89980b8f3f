import PexTensor

/// Where a head file comes from, as its maker says: for people and for lists. Nothing is decided by it.
public struct HeadFileOrigin: Hashable, Sendable {
  /// What was measured when the heads were trained.
  public struct Measured: Hashable, Sendable {
    /// `accuracy`, or `agreement` with the original classifier.
    public var figure: String
    /// How many held-out samples measured it.
    public var samples: Int
    /// Shares of them, 0 to 1: of the base model told the classes, and of what the file holds.
    public var before: Double
    /// See ``before``.
    public var after: Double
    /// What the gain `after - before` lies in with 95 %, -1 to 1.
    public var gain: ClosedRange<Double>
    /// The policy's mean cost as a share of the whole network's multiply-accumulates; 0 when unknown.
    public var cost: Double

    /// What was measured.
    public init(
      figure: String, samples: Int, before: Double, after: Double, gain: ClosedRange<Double>, cost: Double
    ) {
      (self.figure, self.samples, self.before, self.after) = (figure, samples, before, after)
      (self.gain, self.cost) = (gain, cost)
    }
  }

  /// The name of the bundle that the heads were trained on, without folders. May be empty.
  public var base: String
  /// The day on which they were trained, `2026-11-28`, or empty.
  public var date: String
  /// How many samples trained and chose them.
  public var samples: Int
  /// How many of these had labels.
  public var labelled: Int
  /// What was measured; nil when nothing was.
  public var measured: Measured?
  /// Whatever the maker wants to say.
  public var note: String

  /// An origin.
  public init(
    base: String = "", date: String = "", samples: Int = 0, labelled: Int = 0, measured: Measured? = nil,
    note: String = ""
  ) {
    (self.base, self.date, self.samples, self.labelled) = (base, date, samples, labelled)
    (self.measured, self.note) = (measured, note)
  }
}

extension HeadFileOrigin {
  /// - Throws: ``PexError`` (malformed) when a text is too long, would be obeyed by a terminal, or a number is out of range.
  func validated() throws -> HeadFileOrigin {
    let section = SectionKind.heads.name
    for text in [base, date, note, measured?.figure ?? ""] {
      try BundleLimits.require(name: text, section)
      guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control && $0 != "\n" }) else {
        throw BundleFault.value("origin", expected: "text", found: "control characters").error(section)
      }
    }
    guard (0...Int(UInt32.max)).contains(samples), (0...samples).contains(labelled) else {
      throw BundleFault.value("origin", expected: "samples, labelled among them", found: "\(samples), \(labelled)")
        .error(section)
    }
    guard let measured else { return self }
    let shares = [measured.before, measured.after]
    guard shares.allSatisfy((0...1).contains), (-1...1).contains(measured.gain.lowerBound),
      (-1...1).contains(measured.gain.upperBound), measured.cost >= 0, measured.cost.isFinite,
      (0...Int(UInt32.max)).contains(measured.samples)
    else {
      throw BundleFault.value("origin", expected: "shares of 0…1", found: "\(shares)").error(section)
    }
    return self
  }

  var message: Pex_Origin {
    var message = Pex_Origin()
    (message.base, message.date, message.note) = (base, date, note)
    (message.samples, message.labelled) = (UInt32(clamping: samples), UInt32(clamping: labelled))
    guard let measured else { return message }
    message.measured.figure = measured.figure
    message.measured.samples = UInt32(clamping: measured.samples)
    (message.measured.before, message.measured.after) = (measured.before, measured.after)
    (message.measured.low, message.measured.high) = (measured.gain.lowerBound, measured.gain.upperBound)
    message.measured.cost = measured.cost
    return message
  }

  /// - Throws: ``PexError`` (malformed) as ``validated()``.
  init(_ message: Pex_Origin) throws {
    self.init(
      base: message.base, date: message.date, samples: Int(message.samples), labelled: Int(message.labelled),
      note: message.note)
    if message.hasMeasured {
      let (low, high) = (message.measured.low, message.measured.high)
      guard low <= high else {
        throw BundleFault.value("origin", expected: "an interval", found: "\(low) to \(high)")
          .error(SectionKind.heads.name)
      }
      measured = Measured(
        figure: message.measured.figure, samples: Int(message.measured.samples), before: message.measured.before,
        after: message.measured.after, gain: low...high, cost: message.measured.cost)
    }
    _ = try validated()
  }
}
