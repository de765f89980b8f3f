import Foundation
import PexConsole

/// Pieces of a page. Whatever comes from files goes through ``text(_:)``.
enum HTML {
  /// Text from anywhere: escaped, and kept from turning what stands around it in another direction.
  static func text(_ text: String) -> String { "<bdi>\(XMLText.escaped(text))</bdi>" }

  /// A table that scrolls by itself where the screen is too narrow for it.
  /// - Parameters:
  ///   - headers: text.
  ///   - rows: markup.
  ///   - style: a class.
  static func table(_ headers: [String], _ rows: [[String]], style: String = "figures") -> String {
    let head = headers.map { "<th>\(XMLText.escaped($0))</th>" }.joined()
    let body = rows.map { row in "<tr>" + row.map { "<td>\($0)</td>" }.joined() + "</tr>" }.joined(separator: "\n")
    return
      "<div class=\"scroll\"><table class=\"\(style)\"><thead><tr>\(head)</tr></thead><tbody>\n\(body)\n</tbody></table></div>"
  }

  /// A share as a number with a bar.
  static func bar(_ share: Double) -> String {
    let width = String(format: "%.1f", 100 * min(max(share, 0), 1))
    return "<div class=\"share\">\(Format.percent(share))<span class=\"bar\" style=\"width:\(width)%\"></span></div>"
  }

  /// A figure with its interval below.
  static func figure(_ figure: String, _ interval: String) -> String { "\(figure)<br/><small>\(interval)</small>" }

  /// A picture's bytes in the page itself.
  static func data(_ bytes: some Sequence<UInt8>, type: String) -> String {
    "data:\(type);base64,\(Data(bytes).base64EncodedString())"
  }

  /// A chart: beside its legend where there is room, above it on a narrow screen.
  static func chart(_ chart: Chart, alternative: String) -> String {
    var (wide, narrow) = (chart, chart)
    (wide.showsTitle, narrow.showsTitle, narrow.form) = (false, false, .narrow)
    let sources = [wide, narrow].map { data($0.svg.utf8, type: "image/svg+xml") }
    return "<picture><source media=\"(max-width: 700px)\" srcset=\"\(sources[1])\"/>"
      + "<img src=\"\(sources[0])\" alt=\"\(XMLText.escaped(alternative))\"/></picture>"
  }

  /// A whole page. It loads nothing, runs nothing, and tells browsers to see to that.
  static func page(title: String, body: [String]) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta name="referrer" content="no-referrer"/>
    <title>\(XMLText.escaped(title))</title>
    <style>
    \(PageStyle.sheet)</style>
    </head>
    <body>
    <main>
    \(body.joined(separator: "\n"))
    </main>
    </body>
    </html>

    """
  }
}
