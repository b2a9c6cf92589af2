/// What a new lab starts from: it passes its own check as it is.
public enum NewLab {
  /// The file of a new lab.
  public static let text = """
    ---
    title: A title
    summary: One line that says what it is about.
    minutes: 15
    modes: [emulation]
    image: ringlet            # a built-in guest, or a source file in this folder
    values:                   # what differs from student to student
      calls: {from: 10, to: 60}
    type:                     # typed at the guest, a line each; the last one ends the run
      - "getpid {calls}"
      - "exit"
    questions:
      - id: calls
        ask: How often does the program ask for its number?
        number: {count: int 80h and eax 20}
        hint: getpid is system call 20, and its number is in EAX.
        explanation: Each of these is one INT 80h.
      - id: think
        tag: card
        ask: Why does a program not read its number from the kernel's memory?
        explanation: Because the page that it lies on is for ring 0 only.
    ---
    What the reader should know before. Then the steps:

    1. Run it: `ringside lab console SLUG --seed {seed}`.
    2. Look at its events: `ringside lab events SLUG --seed {seed}`.

    ? calls

    ? think

    """

  /// The file for a lab with this name.
  public static func text(slug: String) -> String {
    var result = ""
    var rest = text[...]
    while let place = rest.firstRange(of: "SLUG") {
      result += rest[..<place.lowerBound] + slug
      rest = rest[place.upperBound...]
    }
    return result + rest
  }
}
