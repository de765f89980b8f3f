import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What an XML parser finds in a document.
final class XMLOutline: NSObject, XMLParserDelegate {
  /// An element with its attributes and the text right inside it.
  struct Element {
    let name: String
    let attributes: [String: String]
    var text = ""

    func number(_ attribute: String) -> Double? { attributes[attribute].flatMap(Double.init) }
    var classes: Set<Substring> { Set((attributes["class"] ?? "").split(separator: " ")) }
  }

  /// The elements in the order in which they begin.
  private(set) var elements: [Element] = []
  private var open: [Int] = []

  /// Parses; nil when the document is not well-formed.
  static func of(_ document: String) -> XMLOutline? {
    let outline = XMLOutline()
    let parser = XMLParser(data: Data(document.utf8))
    parser.delegate = outline
    return parser.parse() ? outline : nil
  }

  /// Texts that are shown, titles and legends included.
  var texts: [String] { elements.filter { $0.name == "text" }.map(\.text) }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes))
  }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    open.removeLast()
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    if let element = open.last { elements[element].text += string }
  }
}
