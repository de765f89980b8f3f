import PexGraph
import PexTensor

/// Functions of maps: windows, other extents, colours.
enum OperationPictures {
  /// Pooling over windows, in the words of either library.
  static func pool(_ call: OperationCall, _ kind: Pooling.Kind) throws -> Feature {
    let (x, order) = try call.map()
    let spatial = call.builder.type(x).rank - 2
    let settings = call.context.settings
    guard let kernel = try extents(call, spatial, "pool_size", "ksize") else {
      throw PexError(.malformed, "expected the extents of a window")
    }
    var window = Window(kernel: kernel)
    window.strides = try extents(call, spatial, "strides") ?? kernel
    let padding = call.value("padding") ?? .text("valid")
    switch padding.text?.lowercased() {
    case "valid": window.padding = .valid
    case "same": window.padding = .sameUpper
    default: throw settings.misfit("padding", "valid or same", padding)
    }
    return Feature(try call.builder.emit(.pooling(Pooling(kind: kind, window: window)), [x]), order)
  }

  /// Extents for the spatial axes: one number, one for each, or TensorFlow's with batch and channels.
  private static func extents(_ call: OperationCall, _ spatial: Int, _ names: String...) throws -> [Int]? {
    let found = try names.compactMap { try call.integers($0) }
    guard let given = found.first else { return nil }
    var list = given.count == 1 ? Array(repeating: given[0], count: spatial) : given
    if given.count == spatial + 2, given[0] == 1 {
      let isLast = try call.isChannelsLast()
      guard given[isLast ? spatial + 1 : 1] == 1 else { throw PexError(.unsupported, "windows over channels") }
      list = isLast ? Array(given[1...spatial]) : Array(given[2...])
    }
    guard list.count == spatial, list.allSatisfy({ (1...1 << 24).contains($0) }) else {
      throw PexError(.malformed, "setting '\(names[0])': expected \(spatial) numbers of 1 and more, found \(given)")
    }
    return list
  }

  /// A map with other extents.
  static func resize(_ call: OperationCall) throws -> Feature {
    guard let size = try call.integers("size", at: 1), size.count == 2,
      size.allSatisfy({ (1...1 << 24).contains($0) })
    else { throw PexError(.malformed, "expected a height and a width") }
    if call.context.layer.isOperation {
      _ = try call.input()
      return try ResizingLayers.resized(call.context, size)
    }
    let name = call.value("method")?.text ?? "bilinear"
    var method = try ResizingLayers.method(name, "method")
    method.antialiases = call.flag("antialias", default: false)
    let x = try call.builder.channelsFirst(call.input())
    var wanted = size
    if call.flag("preserve_aspect_ratio", default: false) {
      let extents = call.builder.type(x).perSample.dropFirst(2).map(Float.init)
      let scale = zip(size, extents).map { Float($0) / $1 }.min() ?? 1
      wanted = extents.map { Int(($0 * scale).rounded(.toNearestOrEven)) }
    }
    return Feature(try ResizingLayers.resize(x, wanted, method, call.builder), .channelsFirst)
  }

  /// The middle part, a fraction of both sides.
  static func centralCrop(_ call: OperationCall) throws -> Feature {
    let x = try call.builder.channelsFirst(call.input())
    guard call.builder.type(x).rank == 4, let fraction = call.value("central_fraction", at: 1)?.number,
      fraction > 0, fraction <= 1
    else { throw PexError(.malformed, "expected a picture, and a fraction of it") }
    let extents = Array(call.builder.type(x).perSample.dropFirst(2))
    let starts = extents.map { Int((Double($0) - Double($0) * fraction) / 2) }
    let kept = zip(extents, starts).map { $0 - 2 * $1 }
    guard kept != extents else { return Feature(x, .channelsFirst) }
    return Feature(try PaddingLayers.cut(x, starts, kept, call.builder), .channelsFirst)
  }

  /// Red, green and blue as one brightness.
  static func grayscale(_ call: OperationCall) throws -> Feature {
    let builder = call.builder
    let (x, order) = try call.map()
    guard builder.type(x).rank == 4, builder.type(x).perSample[1] == 3 else {
      throw PexError(.malformed, "expected pictures of three channels")
    }
    // BT.601, as TensorFlow has it.
    let kernel = try builder.numbers([1, 3, 1, 1], [0.2989, 0.587, 0.114])
    let convolution = Convolution(window: Window(kernel: [1, 1]))
    return Feature(try builder.emit(.convolution(convolution), [x, kernel]), order)
  }

  /// Blocks of pixels out of channels, or the other way round.
  static func blocks(_ call: OperationCall, intoSpace: Bool) throws -> Feature {
    let builder = call.builder
    let isLast = try call.isChannelsLast()
    let value = try builder.natural(call.input())
    let extents = builder.type(value).perSample
    guard let block = try call.integers("block_size", at: 1)?.first, (2...256).contains(block), extents.count == 4
    else {
      throw PexError(.malformed, "expected a map, and blocks of 2…256 pixels a side")
    }
    guard isLast else { throw ArgumentRules.refusal("data_format", "NCHW") }
    let (height, width, channels) = (extents[1], extents[2], extents[3])
    guard intoSpace ? channels % (block * block) == 0 : height % block == 0 && width % block == 0 else {
      throw PexError(.malformed, "a map of \(height) x \(width) x \(channels) is not made of blocks of \(block)")
    }
    // Channels are rows and columns of a block, then the channels that stay.
    let parts =
      intoSpace
      ? [height, width, block, block, channels / (block * block)]
      : [height / block, block, width / block, block, channels]
    let turned = try builder.transpose(builder.reshape(value, parts), [0, 1, 3, 2, 4, 5])
    let result =
      intoSpace
      ? [height * block, width * block, channels / (block * block)]
      : [height / block, width / block, channels * block * block]
    return Feature(try builder.reshape(turned, result))
  }

  /// Local response normalisation; TensorFlow does not divide the sum by the number of channels.
  static func localResponse(_ call: OperationCall) throws -> Feature {
    let x = try call.builder.channelsFirst(call.input())
    let radius = try call.number("depth_radius", default: 5)
    guard let reach = Int(exactly: radius), (0...1 << 16).contains(reach), call.builder.type(x).rank == 4 else {
      throw PexError(.malformed, "expected a map, and a whole number as 'depth_radius'")
    }
    let size = 2 * reach + 1
    let operation = LocalResponseNormalization(
      size: size, alpha: try call.number("alpha", default: 1) * Double(size),
      beta: try call.number("beta", default: 0.5), bias: try call.number("bias", default: 1))
    return Feature(try call.builder.emit(.localResponseNormalization(operation), [x]), .channelsFirst)
  }
}
