public import Machine
import Monitors
import X86

/// One of a lab's runs, before any value is drawn: a guest, a way to execute it, and what is typed.
public struct RunPlan: Sendable {
  /// What measures call it.
  public let name: String
  /// How the guest is executed.
  public let mode: Mode
  /// The guest's processor, and the one under a monitor if it is another.
  let profile: Profile
  let labProfile: Profile?
  /// How a guest's system calls reach its kernel under a hypervisor.
  let systemCalls: SystemCallPath
  /// A built-in guest, or a source file in the lab's folder.
  public let image: String
  /// The kernel's command line.
  let commandLine: Template?
  /// A Multiboot module: a built-in guest, or a source file.
  let module: String?
  /// RAM in MiB, `memoryRange`.
  let memory: Template
  /// How long it may take, in seconds of the guest's time.
  let seconds: Int
  /// The lines that are typed on the first serial line, at once, each with a carriage return.
  let typed: [Template]

  static let memoryRange: ClosedRange<Int64> = 1...256

  /// How it is set up, in the words of the command line: `--mode full:trap`.
  func options(with values: DrawnValues) -> String {
    var words = ["--mode \(mode.rawValue)"]
    if profile.name != Profile.i686.name { words.append("--cpu \(profile.name)") }
    if let labProfile { words.append("--lab-cpu \(labProfile.name)") }
    if systemCalls != .direct { words.append("--syscalls \(systemCalls.rawValue)") }
    if let module { words.append("--initrd \(module)") }
    if let commandLine { words.append("--append \"\(commandLine.filled(with: values))\"") }
    return words.joined(separator: " ")
  }
}

/// What a machine for one student's run is made of.
public struct LabMachinePlan: Sendable {
  /// The lab's file, in whose folder sources lie.
  public let file: String
  /// A built-in guest, or a source file in that folder.
  public let image: String
  /// A source file that a student has written, by its path: the guest in place of the image.
  public internal(set) var submission: String?
  /// A Multiboot module, named in the same way.
  public let module: String?
  /// The kernel's command line.
  public let commandLine: String
  /// The machine; its log holds a whole run.
  public let configuration: Machine.Configuration

  fileprivate init(_ plan: RunPlan, of lab: Lab, values: DrawnValues) throws(LabProblem) {
    file = lab.file
    image = plan.image
    module = plan.module
    commandLine = plan.commandLine?.filled(with: values) ?? ""
    var configuration = Machine.Configuration()
    configuration.mode = plan.mode
    configuration.profile = plan.profile
    configuration.labProfile = plan.labProfile
    configuration.systemCalls = plan.systemCalls
    configuration.logCapacity = LabRun.capacity
    let text = plan.memory.filled(with: values)
    guard let memory = Int64(notation: text), RunPlan.memoryRange.contains(memory) else {
      throw LabProblem(
        file: lab.file, line: plan.memory.line + 1, what: "‘\(text)’ MiB are no size of memory",
        remedy: "it goes from 1 to 256")
    }
    configuration.memory = Int(memory)
    self.configuration = configuration
  }
}

extension Lab {
  /// The machine of one of its runs, of its own without a name, for a student's values.
  public func machine(
    of run: String? = nil, values: DrawnValues
  ) throws(LabProblem) -> LabMachinePlan {
    guard let plan = self.run(named: run) else {
      throw LabProblem(
        file: file, what: "there is no run ‘\(run ?? "")’",
        remedy: "use one of \(runs.map(\.name).joined(separator: ", "))")
    }
    return try LabMachinePlan(plan, of: self, values: values)
  }
}
