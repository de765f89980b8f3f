import Foundation
import PexConsole
import PexData
import PexEvaluation
import PexRuntime
import PexTensor

/// Pictures that were answered wrong, the surest first, and those of which no answer is likely, the least sure first.
struct Gallery {
  /// Pictures and bytes of them at most: a page stays one that a telephone opens.
  private static let (mostWrong, mostUndecided, mostBytes) = (40, 20, 3 << 20)
  /// Pixels of a picture's longer side.
  private static let side = 96
  /// An answer that is less probable is undecided.
  private static let likely: Float = 0.5

  let evaluation: Evaluation
  let rule: CandidateResult.RuleResult
  /// The samples that were measured, in their order.
  let samples: [Measuring.Sample]
  let dataset: Dataset

  private var wrong: [Int] {
    let all = samples.indices.filter { !rule.figures.isRight[$0] && !isRejected($0) }
    return all.sorted { (confidence($1), $0) < (confidence($0), $1) }
  }

  private var undecided: [Int] {
    let all = samples.indices.filter { isRejected($0) || rule.figures.isRight[$0] && confidence($0) < Self.likely }
    return all.sorted { (confidence($0), $0) < (confidence($1), $1) }
  }

  private func isRejected(_ sample: Int) -> Bool { rule.figures.predictions.classes[sample] == evaluation.noAnswer }

  private func confidence(_ sample: Int) -> Float { rule.figures.predictions.confidences[sample] }

  /// The two lists as parts of a page.
  var sections: [String] {
    let (wrong, undecided) = (wrong, undecided)
    var room = Self.mostBytes
    var parts = section("Wrong", wrong, most: Self.mostWrong, "the surest first", &room)
    parts += section(
      "Right, but hardly sure, or rejected", undecided, most: Self.mostUndecided, "the least sure first", &room)
    return parts
  }

  private func section(
    _ title: String, _ places: [Int], most: Int, _ order: String, _ room: inout Int
  ) -> [String] {
    let heading = "<h2>\(title): \(places.count) of \(samples.count)</h2>"
    guard !places.isEmpty else { return ["\(heading)<p>None.</p>"] }
    let shown = places.prefix(most)
    let figures = shown.map { figure($0, &room) }
    let count = shown.count < places.count ? "\(shown.count) of them, \(order)" : order
    return [
      heading, "<p class=\"quiet\">\(count.prefix(1).uppercased() + count.dropFirst()).</p>", "<div class=\"gallery\">",
      figures.joined(separator: "\n"), "</div>",
    ]
  }

  private func figure(_ place: Int, _ room: inout Int) -> String {
    let sample = samples[place]
    let answer = isRejected(place) ? "none" : evaluation.name(rule.figures.predictions.classes[place])
    let share = isRejected(place) ? "" : ", \(Format.percent(Double(confidence(place))))"
    let name = (sample.name as NSString).pathComponents.suffix(2).joined(separator: "/")
    let isRight = rule.figures.isRight[place]
    let truth = isRight ? "" : "is \(HTML.text(sample.truth ?? "of no named class"))<br/>"
    return "<figure>\(thumbnail(sample, &room))<figcaption>"
      + "<span\(isRight ? "" : " class=\"answer\"")>\(HTML.text(answer))\(share)</span><br/>\(truth)"
      + "exit \(rule.taken[place])<br/>\(HTML.text(name))</figcaption></figure>"
  }

  /// A small picture; a word where there is none, or no more room.
  private func thumbnail(_ sample: Measuring.Sample, _ room: inout Int) -> String {
    guard let picture = try? dataset.picture(sample.index), let bytes = try? picture.shrunk(to: Self.side).png() else {
      return "<p class=\"quiet\">no picture</p>"
    }
    guard bytes.count <= room else { return "<p class=\"quiet\">no more room for pictures</p>" }
    room -= bytes.count
    return "<img src=\"\(HTML.data(bytes, type: "image/png"))\" alt=\"\"/>"
  }
}
