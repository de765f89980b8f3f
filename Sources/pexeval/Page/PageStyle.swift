/// How a report's page looks: for screens of any width, light and dark.
enum PageStyle {
  static let sheet = """
    :root { color-scheme: light dark; --paper: #ffffff; --text: #1b1f24; --quiet: #57606a; --line: #d8dee4;
      --bar: #0067b1; --wrong: #c8500a; }
    @media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --text: #e6edf3; --quiet: #9ea7b1; --line: #2b323b;
      --bar: #5ab4ff; --wrong: #ff9a57; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--paper); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
    main { max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
    h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.5rem 0; }
    h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
    h3 { font-size: 1rem; margin: 1.25rem 0 0.25rem; }
    p { margin: 0.5rem 0; }
    .verdict { font-size: 1.1rem; }
    .quiet, figcaption, small { color: var(--quiet); }
    small { white-space: nowrap; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
    th, td { padding: 0.3rem 0.7rem 0.3rem 0; text-align: right; border-bottom: 1px solid var(--line);
      overflow-wrap: normal; vertical-align: top; }
    th { font-weight: 600; vertical-align: bottom; }
    th:first-child, td:first-child, .pairs :is(th, td):nth-child(2) { text-align: left; }
    .bar { display: block; height: 0.4rem; background: var(--bar); border-radius: 2px; }
    .share { min-width: 6rem; }
    img { display: block; max-width: 100%; height: auto; }
    .scroll > img { max-width: none; }
    .gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 1rem; padding: 0; }
    .gallery figure { margin: 0; font-size: 0.85rem; line-height: 1.35; }
    .gallery img { width: 6rem; height: 6rem; object-fit: contain; image-rendering: pixelated; background: var(--line); }
    .answer { color: var(--wrong); font-weight: 600; }

    """
}
