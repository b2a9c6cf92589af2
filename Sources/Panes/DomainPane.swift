import Cells
import Monitors

/// A hypervisor's domains: who has the processor, what they have in hand, their event channels, and the
/// pages that they let each other use.
enum DomainPane {
  static func lines(_ domains: [DomainReport], width: Int) -> [Line] {
    let isWide = width >= 70
    var lines = [
      Line(
        " dom state    weight   credit  pages"
          + (isWide ? "  tables  CR3 mfn = pfn  events" : ""), .title)
    ]
    lines += domains.map { row($0, isWide: isWide) }
    if !isWide {
      lines.append(Line(" dom CR3 mfn = pfn  events", .title))
      lines += domains.map(directory)
    }
    lines += reasons(domains, width: width)
    for domain in domains {
      lines.append(Line("ports of domain \(domain.id)", .title))
      if domain.channels.isEmpty { lines.append(Line("  none", .faint)) }
      lines += domain.channels.map(channel)
    }
    for domain in domains {
      lines.append(Line("grants of domain \(domain.id)", .title))
      if domain.grants.isEmpty { lines.append(Line("  none", .faint)) }
      lines += domain.grants.flatMap(grant)
    }
    return lines
  }

  private static func row(_ domain: DomainReport, isWide: Bool) -> Line {
    let isRunning = domain.activity == .running
    var line = Line(isRunning ? ">" : " ", .key)
    line.add(Digits.right("\(domain.id)", 3) + " ")
    line.add(Digits.left(word(domain.activity), 9), isRunning ? .key : .text)
    line.add(Digits.right("\(domain.weight)", 6))
    line.add(Digits.right(milliseconds(domain.credit), 7) + " ms")
    line.add(Digits.right("\(domain.pages)", 7))
    guard isWide else { return line }
    line.add(Digits.right("\(domain.directories)+\(domain.tables)", 8))
    line.add("  " + Digits.left(domain.directory.map(frame) ?? "none", 15))
    line.add(events(domain), .alert)
    return line
  }

  private static func directory(_ domain: DomainReport) -> Line {
    var line = Line(Digits.right("\(domain.id)", 4) + " ")
    line.add(Digits.left(domain.directory.map(frame) ?? "none", 15))
    line.add(events(domain), .alert)
    return line
  }

  private static func events(_ domain: DomainReport) -> String {
    let words = [
      domain.isMasked ? "masked" : nil, domain.isPending ? "pending" : nil,
      domain.isBoosted ? "boost" : nil,
    ]
    return words.compactMap { $0 }.joined(separator: " ")
  }

  private static func frame(_ frame: DomainReport.Frame) -> String {
    Digits.hex(frame.machine, 5) + " = "
      + (frame.pseudoPhysical.map { Digits.hex($0, 5) } ?? "none")
  }

  /// Nanoseconds as milliseconds with a tenth and a sign.
  private static func milliseconds(_ nanoseconds: Int64) -> String {
    let tenths = (nanoseconds.magnitude + 50_000) / 100_000
    let sign = nanoseconds < 0 && tenths > 0 ? "-" : tenths > 0 ? "+" : ""
    return "\(sign)\(tenths / 10).\(tenths % 10)"
  }

  private static func word(_ activity: DomainReport.Activity) -> String {
    switch activity {
    case .running: "running"
    case .runnable: "runnable"
    case .blocked: "blocked"
    case .shutDown(let reason): "ended \(reason)"
    case .crashed: "crashed"
    }
  }

  private static func reasons(_ domains: [DomainReport], width: Int) -> [Line] {
    domains.flatMap { domain -> [Line] in
      guard case .crashed(let reason) = domain.activity else { return [] }
      return Paragraph.rows("domain \(domain.id) has crashed: \(reason)", width: width).map {
        Line($0, .fault)
      }
    }
  }

  private static func channel(_ channel: DomainReport.Channel) -> Line {
    let (kind, bound) = words(channel.end)
    var line = Line(Digits.right("\(channel.port)", 4) + " ")
    line.add(Digits.left(kind, 12), .faint)
    line.add(Digits.left(bound, 14))
    line.add(channel.isPending ? "pending " : "", .key)
    line.add(channel.isMasked ? "masked" : "", .alert)
    return line
  }

  private static func words(_ end: DomainReport.ChannelEnd) -> (kind: String, bound: String) {
    switch end {
    case .unbound(let domain): ("unbound", "for dom \(domain)")
    case .interdomain(let domain, let port): ("interdomain", "dom \(domain) port \(port)")
    case .physical(let line): ("PIRQ", "IRQ \(line)")
    case .virtual(let interrupt): ("VIRQ", virtualInterrupts[interrupt] ?? "\(interrupt)")
    case .interprocessor: ("IPI", "")
    }
  }

  /// The ABI's names of those that something raises here.
  private static let virtualInterrupts: [UInt32: String] = [
    0: "TIMER", 2: "CONSOLE", 3: "DOM_EXC",
  ]

  private static func grant(_ grant: DomainReport.Grant) -> [Line] {
    var line = Line(Digits.right("\(grant.reference)", 4) + " ")
    line.add("for dom \(grant.user) ", .faint)
    line.add(frame(grant.frame))
    line.add(grant.isReadOnly ? " r" : " rw", .faint)
    if grant.mappings.isEmpty { return [line] }
    return [line]
      + grant.mappings.map { mapping in
        var line = Line("     mapped in dom \(mapping.domain) at ", .faint)
        line.add(Digits.hex(mapping.linear, 8))
        line.add(mapping.isWritable ? " rw" : " r", .faint)
        return line
      }
  }
}
