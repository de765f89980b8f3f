import PexConsole
import Testing

@Suite struct HeatMapTests {
  private func outline(_ names: [String], rows: [Int]? = nil, _ counts: [[Int]]) throws -> XMLOutline {
    let map = HeatMap(
      title: "Title", subtitle: "of <something>", rowTitle: "class", columnTitle: "answer", names: names,
      rows: rows ?? Array(names.indices), counts: counts)
    return try #require(XMLOutline.of(map.svg), "not well-formed: \(map.svg)")
  }

  @Test func cellsStandWhereTheyBelong() throws {
    let found = try outline(["a", "b", "c"], [[8, 2, 0], [0, 5, 5], [1, 0, 9]])
    let right = found.elements.filter { $0.classes == ["right"] }
    let wrong = found.elements.filter { $0.classes == ["wrong"] }
    #expect(right.count == 3 && wrong.count == 3)
    // The diagonal, and shades that rise with shares.
    for cells in zip(right, right.dropFirst()) {
      #expect(
        cells.1.number("x") ?? 0 > cells.0.number("x") ?? 0 && cells.1.number("y") ?? 0 > cells.0.number("y") ?? 0)
    }
    let shades = right.compactMap { $0.number("fill-opacity") }
    #expect(shades[1] < shades[0] && shades[0] < shades[2] && shades[2] <= 1)
    for text in ["Title", "of <something>", "class", "answer", "8", "2", "5", "1", "9"] {
      #expect(found.texts.contains(text), "\(text)")
    }
    #expect(found.texts.count { $0 == "a" } == 2)
  }

  /// A class that is answered and never true has a column and no row; what is right then stands elsewhere.
  @Test func rowsAreThoseThatOccur() throws {
    let found = try outline(["a", "b", "c"], rows: [2], [[3, 0, 7]])
    #expect(found.texts.count { $0 == "a" } == 1 && found.texts.count { $0 == "c" } == 2)
    let right = try #require(found.elements.first { $0.classes == ["right"] })
    let wrong = try #require(found.elements.first { $0.classes == ["wrong"] })
    #expect(right.number("x") ?? 0 > wrong.number("x") ?? 0 && right.number("y") == wrong.number("y"))
    // The word for columns is not cut off.
    let word = try #require(found.elements.first { $0.text == "answer" })
    #expect(word.number("x") ?? 0 > 6 * 0.62 * 12)
  }

  @Test(arguments: [0, 1, 2, 12, 13, 31]) func everythingIsWithinThePicture(_ count: Int) throws {
    let names = (0..<count).map { String(repeating: "W", count: $0 % 5 == 0 ? 80 : 3) + "\($0)" }
    let found = try outline(names, (0..<count).map { row in (0..<count).map { $0 == row ? 1000 : 123_456 } })
    let size = try #require(found.elements.first)
    let (width, height) = (size.number("width") ?? 0, size.number("height") ?? 0)
    for element in found.elements.dropFirst() where element.classes != ["paper"] {
      if let x = element.number("x"), let y = element.number("y") {
        #expect((0...width).contains(x + (element.number("width") ?? 0)))
        #expect((0...height).contains(y + (element.number("height") ?? 0)))
      }
    }
    #expect(found.texts.allSatisfy { $0.count <= 30 })
  }

  @Test func namesFromAnywhereStayText() throws {
    let found = try outline(["</text><script>", "&"], [[1, 0], [0, 1]])
    #expect(!found.elements.contains { $0.name == "script" } && found.texts.contains("</text><script>"))
  }
}
