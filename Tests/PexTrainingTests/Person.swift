import Foundation
import PexBundle
import PexRuntime
import PexTensor
import PexTraining
import Synchronization

/// Somebody whose pictures the CIFAR-100 sample model has never seen: blurred patches, a kind of them for each class.
struct Person: Sendable {
  /// Numbers of the person's classes among the model's.
  static let classes = [3, 17, 42]

  /// One picture.
  struct Picture: Hashable, Sendable {
    var label: Int?
    var seed: UInt64
  }

  var pictures: [Picture]
  /// What every number is multiplied by: the less light, the less.
  var light: Float = 1

  /// As many pictures of each class.
  init(each count: Int, seed: UInt64 = 1) {
    pictures = (0..<count * Self.classes.count).map { index in
      Picture(label: Self.classes[index % Self.classes.count], seed: seed * 1000 + UInt64(index))
    }
  }

  /// A picture as the model reads it: `[1, 3, 32, 32]`.
  static func tensor(_ picture: Picture, light: Float = 1) throws -> Tensor {
    var generator = SplitMix64(seed: picture.seed)
    let kind = classes.firstIndex(of: classes[Int(picture.seed % 1000) % classes.count]) ?? 0
    var numbers: [Float] = []
    for channel in 0..<3 {
      for row in 0..<32 {
        for column in 0..<32 {
          let stripe: Float = (kind == 0 ? row : kind == 1 ? column : row + column) / 4 % 2 == 0 ? 1 : -1
          let tone: Float = channel == kind ? 0.6 : -0.2
          numbers.append(light * (stripe + tone + 0.8 * generator.normal() + 1.8) - 1.8)
        }
      }
    }
    return try Tensor([1, 3, 32, 32], numbers)
  }

  /// The samples, and a count of those that were decoded.
  func samples(_ decoded: Counter = Counter()) -> TrainingSamples {
    let (pictures, light) = (pictures, light)
    return TrainingSamples(labels: pictures.map(\.label)) { index in
      Digest(lines: ["\(pictures[index].seed)"], tag: "test")
    } inputs: { index in
      decoded.count()
      return [try Self.tensor(pictures[index], light: light)]
    }
  }
}

/// Counts on any thread.
final class Counter: Sendable {
  private let atomic = Atomic(0)

  func count() { atomic.add(1, ordering: .relaxed) }

  var value: Int { atomic.load(ordering: .relaxed) }
}

/// The CIFAR-100 sample model.
enum SampleModel {
  private static let result = Result {
    let root = (0..<3).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    return try Model(try BundleFile(path: root.appendingPathComponent("SampleModels/cifar100/resnet20.pex").path))
  }

  static func model() throws -> Model { try result.get() }

  private static let bareResult = Result {
    var contents = try model().bundle.contents
    (contents.exits, contents.statistics, contents.policy, contents.reference) = ([], [], nil, nil)
    return try Model(try BundleFile(bytes: try contents.encoded()))
  }

  /// Its trunk alone: a training reads what its own heads read and nothing else.
  static func bare() throws -> Model { try bareResult.get() }
}

/// A temporary folder that goes away with the last one who holds it.
final class TemporaryFolder: Sendable {
  let path = NSTemporaryDirectory() + "/pex-training-\(UUID().uuidString)"

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The paths of the files in it, sorted.
  func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { "\(path)/\($0)" }
  }
}
