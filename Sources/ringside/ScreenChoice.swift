import Labs
import Machine
import Monitors
import Panes
import X86

/// The machines that can be chosen on the screen.
extension MachineOptions {
  /// The machine that the options and `image` describe, but for what was chosen. A guest or a lab
  /// that was chosen by name has a machine of its own, to which the options do not apply.
  func build(
    _ choice: MachineChoice, image: String?, drives: Drives? = nil
  ) throws(UserError) -> BuiltMachine {
    if let lab = choice.lab {
      let (options, image) = try Self.options(of: lab)
      return try options.changed(by: choice).build(image: image)
    }
    if let image = choice.image { return try Self.usual.changed(by: choice).build(image: image) }
    if let snapshot, choice.mode != nil {
      throw UserError("--snapshot \(snapshot): it brings its own machine, and so its mode")
    }
    return try changed(by: choice).build(image: image, drives: drives)
  }

  private func changed(by choice: MachineChoice) -> MachineOptions {
    var options = self
    if let profile = choice.options["cpu"] { options.cpu = profile }
    if let profile = choice.options["lab-cpu"] { options.labCpu = profile }
    if let mode = choice.mode { options.change(to: mode) }
    return options
  }

  /// What describes a lab's machine, the one that its answers are found on.
  private static func options(
    of choice: LabChoice
  ) throws(UserError) -> (MachineOptions, image: String) {
    let lab = try choice.lab()
    let plan: LabMachinePlan
    do throws(LabProblem) {
      plan = try lab.machine(values: lab.values(seed: choice.drawnSeed))
    } catch {
      throw UserError(error.description)
    }
    var options = usual
    options.mode = plan.configuration.mode.rawValue
    options.cpu = plan.configuration.profile.name
    options.labCpu = plan.configuration.labProfile?.name
    if plan.configuration.systemCalls != .direct {
      options.syscalls = plan.configuration.systemCalls.rawValue
    }
    options.memory = plan.configuration.memory
    options.append = plan.commandLine
    options.initrd = try plan.module.map { module throws(UserError) in
      try LabMachines.path(of: module, in: plan)
    }
    // A built-in guest keeps its name.
    let isSource = GuestSource.isSource(plan.image)
    return (options, isSource ? try LabMachines.path(of: plan.image, in: plan) : plan.image)
  }
}
