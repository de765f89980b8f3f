import PexConsole
import PexEvaluation
import PexRuntime
import PexTraining

/// What an evaluation comes to, in sentences of markup.
struct Verdict {
  let evaluation: Evaluation
  let subject: CandidateResult
  let rule: CandidateResult.RuleResult

  var paragraphs: [String] { [accuracy + time] + comparisons + [shares] }

  private var accuracy: String {
    let figures = rule.figures
    let name = subject.candidate.name
    let who = "<b>\(HTML.text(name ?? "The base heads"))</b> (\(HTML.text(rule.rule.name)))"
    return "\(who) \(name == nil ? "get" : "gets") <b>\(Format.percent(figures.accuracy))</b> of "
      + "\(evaluation.count) samples right (95 % interval \(Format.percents(figures.interval)))"
  }

  private var time: String {
    let mean = rule.figures.time.mean
    let own = " in \(Format.milliseconds(mean)) ms on average"
    guard let final = subject.exits.last(where: { $0.exit == .final }), final.figures.time.mean > 0 else {
      return own + "."
    }
    let whole = final.figures.time.mean
    return "\(own), which is \(Format.percent(mean / whole)) of the whole network's \(Format.milliseconds(whole))."
  }

  private var comparisons: [String] {
    let mine = Comparison.Side(heads: subject.candidate.name, rule: rule.rule.name)
    return evaluation.comparisons.filter { $0.after == mine }.map { comparison in
      let (difference, interval) = (comparison.difference, comparison.difference.interval)
      let span = "\(Format.points(interval.lowerBound)) to \(Format.points(interval.upperBound)) points"
      let than = "\(words(comparison.before)), right on \(Format.percent(difference.before))"
      let points = "<b>\(Format.points(abs(difference.gain)).drop { $0 == "+" }) points</b>"
      if difference.isGain { return "That is \(points) more than \(than): more than chance explains (\(span))." }
      if interval.upperBound < 0 { return "That is \(points) less than \(than): more than chance explains (\(span))." }
      return "Compared with \(than), no difference beyond chance is shown (\(span))."
    }
  }

  private func words(_ side: Comparison.Side) -> String {
    guard let rule = side.rule else { return "the final classifier alone" }
    return "\(side.heads.map(HTML.text) ?? "the base heads") (\(HTML.text(rule)))"
  }

  private var shares: String {
    let stops = subject.exits.map(\.exit).filter { $0 != .final }.map { ($0, rule.share($0)) }.filter { $0.1 > 0 }
    guard !stops.isEmpty else { return "Every sample goes to the end of the network." }
    let words = stops.map { "\(Format.percent($0.1)) at exit \($0.0)" }.joined(separator: ", ")
    let rest = rule.share(.final)
    return "Samples stop: \(words)" + (rest > 0 ? "; \(Format.percent(rest)) go to the end." : ".")
  }
}
