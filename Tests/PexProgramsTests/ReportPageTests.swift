import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// `pexeval --report`: one page with everything in it.
@Suite struct ReportPageTests {
  private func page(_ arguments: [String], in folder: Folder, status: Int32 = 0) throws -> String {
    let outcome = try Program.pexeval.run(arguments + ["--report", "r.html", "--force"], in: folder)
    #expect(outcome.status == status, "\(outcome.stderr)")
    let bytes = try folder.read("r.html")
    #expect(XMLParser(data: bytes).parse(), "the page is not well-formed")
    return String(decoding: bytes, as: UTF8.self)
  }

  private func personal(_ folder: Folder) throws -> String {
    let made = try Digits.made()
    return try page([made.base, "--heads", made.heads, "--data", Digits.personTest], in: folder)
  }

  @Test func everythingIsInIt() throws {
    let (folder, made) = (try Folder(), try Digits.made())
    let text = try personal(folder)
    let report = try Program.pexeval.report([made.base, "--heads", made.heads, "--data", Digits.personTest])
    let accuracy = String(format: "%.1f %%", 100 * (report["policy"]["accuracy"].number ?? 0))
    #expect(text.contains("<b>\(accuracy)</b> of 200 samples right"))
    #expect(text.contains("more than chance explains") && text.contains("the whole network's"))
    for word in ["exit 3", "exit 10", "final", "Reliability", "calibration error", "Accuracy against time"] {
      #expect(text.contains(word), "\(word)")
    }
    // Four charts, three of them in a narrow form as well; thumbnails of what is wrong.
    #expect(text.components(separatedBy: "image/svg+xml").count - 1 == 7)
    let wrong = 200 - Int(200 * (report["policy"]["accuracy"].number ?? 0) + 0.5)
    #expect(text.contains("<h2>Wrong: \(wrong) of 200</h2>"))
    #expect(text.components(separatedBy: "image/png").count - 1 >= wrong)
    // 28 pixels a picture: small.
    #expect(text.utf8.count < 1 << 20)
  }

  @Test func nothingIsLoadedAndNothingRuns() throws {
    let text = try personal(try Folder())
    let lower = text.lowercased()
    for word in ["<script", "javascript:", "onload", "onerror", "@import", "http:", "https:", "<link", "<iframe"] {
      #expect(!lower.contains(word), "\(word)")
    }
    for piece in text.components(separatedBy: "src").dropFirst() where piece.hasPrefix("=") || piece.hasPrefix("set=") {
      #expect(piece.drop { $0 != "\"" }.dropFirst().hasPrefix("data:"))
    }
    #expect(text.contains("default-src 'none'"))
    // What pictures bring in is no markup either.
    for piece in text.components(separatedBy: "data:image/svg+xml;base64,").dropFirst() {
      let data = try #require(Data(base64Encoded: String(piece.prefix { $0 != "\"" })))
      let svg = String(decoding: data, as: UTF8.self)
      #expect(XMLParser(data: data).parse() && !svg.contains("<script") && !svg.contains("href"))
    }
  }

  @Test func hostileNames() throws {
    let folder = try Folder()
    let names = [
      "</style><script>alert(1)</script>", "a\"onerror=\"x", "&lt;", "\u{202E}gnp", "e", "f", "g", "h", "i", "j",
    ]
    let folders = names.map { $0.replacingOccurrences(of: "/", with: "\u{2215}") }
    try folder.write("labels.txt", Data(folders.joined(separator: "\n").utf8))
    let bundle = "<b onclick='x'>&.pex"
    try Program.pexconvert.succeed(
      [
        Digits.model, "--labels", "labels.txt", "--preprocess", "unit", "--channels", "gray", "--exits", "none", "-o",
        bundle,
      ], in: folder)
    for (index, name) in folders.prefix(4).enumerated() {
      // Pictures of other digits, so that all are wrong.
      _ = try folder.copy("\(Digits.personTrain)/\(index + 5)/000.png", to: "photos/\(name)/\"><img src=x>.png")
    }
    try folder.write("photos/\(folders[4])/<i>.png", Data("no picture".utf8))
    let text = try page([bundle, "--data", "photos"], in: folder, status: 65)
    for markup in ["<script", "<i>", "<img src=x", "<b onclick", "\"onerror"] { #expect(!text.contains(markup)) }
    #expect(text.contains("&lt;script&gt;alert(1)&lt;\u{2215}script&gt;") && text.contains("&amp;lt;"))
    #expect(text.contains("<bdi>\u{202E}gnp</bdi>") && text.contains("Left out, 1:"))
  }

  @Test func arraysHaveNoPictures() throws {
    let folder = try Folder()
    let x = Arrays.noise(12 * 1024, seed: 1)
    let labels = Arrays.npy([12], integers: (0..<12).map { Int64($0 % 10) })
    try folder.write("a.npz", Arrays.npz([("x.npy", Arrays.npy([12, 1, 32, 32], x)), ("y.npy", labels)]))
    let text = try page([try Digits.made().base, "--data", "a.npz"], in: folder)
    #expect(text.contains("no picture") && !text.contains("image/png"))
  }

  /// Many wrong pictures: some are shown, and how many there are is said.
  @Test func picturesAreBounded() throws {
    let folder = try Folder()
    let text = try page([try Digits.made().base, "--data", Digits.personTest, "--exit", "6"], in: folder)
    #expect(text.contains("40 of them, the surest first"))
    #expect(text.components(separatedBy: "image/png").count - 1 <= 60)
  }

  @Test(
    .enabled(if: Browser.path != nil, "no chromium on PATH: install it to look at the page"), arguments: [390, 1200])
  func aBrowserShowsIt(_ width: Int) throws {
    let folder = try Folder()
    let text = try personal(folder)
    let plain = try Browser.open("r.html", width: width, height: 900, ["--screenshot=r.png"], in: folder)
    #expect(!plain.stderr.contains("CONSOLE"), "\(plain.stderr)")
    let screenshot = try folder.read("r.png")
    #expect(screenshot.count > 10_000)
    // A script may run in a copy without the page's own rule against that, and tell what the browser made of it.
    let start = try #require(text.range(of: "<meta http-equiv"))
    let end = try #require(text.range(of: ">", range: start.upperBound..<text.endIndex))
    let probe = """
      <script>window.onload = () => parent.postMessage([innerWidth, document.documentElement.scrollWidth,
      document.images.length, [...document.images].filter(i => i.complete && i.naturalWidth > 0).length,
      document.getElementsByTagName("table").length].join(" "), "*");</script></body>
      """
    // No browser's window is as narrow as a telephone; a frame is.
    let frame = """
      <body><script>onmessage = event => { document.body.dataset.found = event.data; };</script>
      <iframe src="copy.html" style="border:0;width:\(width)px;height:800px"></iframe></body>
      """
    try folder.write("frame.html", Data(frame.utf8))
    let copy = text.replacingCharacters(in: start.lowerBound..<end.upperBound, with: "")
      .replacingOccurrences(of: "</body>", with: probe)
    try folder.write("copy.html", Data(copy.utf8))
    let dom = try Browser.open("frame.html", width: 1300, height: 900, ["--dump-dom"], in: folder).stdout
    let found = dom.components(separatedBy: "data-found=\"").dropFirst().first?.prefix { $0 != "\"" } ?? ""
    let numbers = found.split(separator: " ").compactMap { Int($0) }
    try #require(numbers.count == 5, "\(dom.suffix(500))")
    // Nothing is wider than the screen, and every picture is one.
    #expect(numbers[0] == width && numbers[1] <= width, "\(found)")
    #expect(numbers[2] > 4 && numbers[2] == numbers[3] && numbers[4] == 2, "\(found)")
  }
}
