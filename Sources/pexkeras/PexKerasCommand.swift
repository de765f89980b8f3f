@main struct PexKerasCommand {
  static func main() {}
}
