import Machine
import Monitors
import X86

/// Reads which runs a lab is about: `modes`, one for each, or `runs` with names and differences.
struct RunPlanReader {
  /// The values there are.
  let known: Set<String>

  /// What a lab says for all of its runs, and a run for itself.
  static let shared = [
    "image", "module", "append", "cpu", "lab-cpu", "syscalls", "memory", "seconds", "type",
  ]

  func runs(_ fields: [String: YAMLNode], of lab: YAMLNode) -> [RunPlan] {
    var runs: [RunPlan?] = []
    switch (fields["modes"], fields["runs"]) {
    case (let modes?, nil):
      runs = (modes.items ?? []).map { item in
        mode(item).flatMap { run($0.rawValue, $0, fields, of: lab) }
      }
    case (nil, let plans?):
      runs = (plans.entries ?? []).map { name, node in
        guard let own = node.fields(["mode"] + Self.shared, of: "a run") else { return nil }
        guard let mode = own["mode"].map(mode) else {
          node.report("a run has a ‘mode’", "add it: \(Self.modes)")
          return nil
        }
        return mode.flatMap { run(name, $0, fields.merging(own) { $1 }, of: node) }
      }
    case (nil, nil): lab.report("‘modes’ is missing", "add it; see labs/README.md")
    case (_, let plans?):
      plans.report("a lab has ‘modes’ or ‘runs’", "keep one; each of ‘runs’ has its own mode")
    }
    let read = runs.compactMap(\.self)
    if read.isEmpty, !runs.isEmpty || fields["modes"] != nil, lab.file.problems.isEmpty {
      lab.report("a lab has a run", "name a mode: \(Self.modes)")
    }
    return read
  }

  private func run(
    _ name: String, _ mode: Mode, _ fields: [String: YAMLNode], of node: YAMLNode
  ) -> RunPlan? {
    guard let image = fields["image"]?.text else {
      if fields["image"] == nil { node.report("‘image’ is missing", "add it; see labs/README.md") }
      return nil
    }
    if mode == .emulation, let other = fields["lab-cpu"] {
      other.report("in emulation there is no other processor", "leave out ‘lab-cpu’, or use ‘cpu’")
    }
    let labProfile = fields["lab-cpu"].flatMap(profile)
    if mode.usesVirtualMachines, let labProfile, labProfile.name != Profile.amdSVM.name {
      fields["lab-cpu"]?.report(
        "\(mode.rawValue) needs a processor with AMD-V", "leave out ‘lab-cpu’")
    }
    if mode != .para, let path = fields["syscalls"] {
      path.report("only a hypervisor has a choice how system calls go", "leave out ‘syscalls’")
    }
    let texts = MeasureReader(known: known, runs: [])
    let memory = fields["memory"].flatMap { node in texts.template(node) }
    if let memory, memory.names.isEmpty {
      _ = fields["memory"]?.number(
        in: Int(RunPlan.memoryRange.lowerBound)...Int(RunPlan.memoryRange.upperBound))
    }
    return RunPlan(
      name: name, mode: mode, profile: fields["cpu"].flatMap(profile) ?? .i686,
      labProfile: labProfile, systemCalls: fields["syscalls"].flatMap(path) ?? .direct,
      image: image,
      commandLine: fields["append"].flatMap { texts.template($0) },
      module: fields["module"]?.text.flatMap { $0.isEmpty ? nil : $0 },
      memory: memory ?? Template(text: "16", line: 0),
      seconds: fields["seconds"].flatMap { $0.number(in: 1...60) } ?? 20,
      typed: (fields["type"]?.items ?? []).compactMap { texts.template($0) })
  }

  private static var modes: String { Mode.allCases.map(\.rawValue).joined(separator: ", ") }

  private func mode(_ node: YAMLNode) -> Mode? {
    guard let text = node.text else { return nil }
    if let mode = Mode(rawValue: text) { return mode }
    node.report("there is no mode ‘\(text)’", "use \(Self.modes)")
    return nil
  }

  private func path(_ node: YAMLNode) -> SystemCallPath? {
    guard let text = node.text else { return nil }
    if let path = SystemCallPath(rawValue: text) { return path }
    let paths = SystemCallPath.allCases.map(\.rawValue).joined(separator: " or ")
    node.report("system calls cannot go the way ‘\(text)’", "use \(paths)")
    return nil
  }

  private func profile(_ node: YAMLNode) -> Profile? {
    guard let text = node.text else { return nil }
    let profiles = Profile.all + [.virtualizable]
    if let profile = profiles.first(where: { $0.name == text }) { return profile }
    let names = profiles.map(\.name).joined(separator: ", ")
    node.report("there is no processor ‘\(text)’", "use \(names)")
    return nil
  }
}
