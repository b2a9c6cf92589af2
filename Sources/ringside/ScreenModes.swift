import Machine
import Panes

/// The screen's guest in other modes: beside the present one, to be compared, or in its place.
extension ScreenMachine {
  /// Shows the same guest in another mode beside this one, or in none any more.
  func compare(with mode: Mode?) {
    guard let mode else {
      companions = []
      return
    }
    pause()
    guard machine.instructions < 200_000_000 else {
      remark =
        "Too much has happened to be done again in another mode: reset ({reset}), then compare."
      return
    }
    do throws(UserError) {
      companions.append(try companion(mode))
    } catch {
      remark = error.description
    }
  }

  private func companion(_ mode: Mode) throws(UserError) -> Companion {
    Companion(try make(choice.followed(by: MachineChoice(mode: mode))))
  }

  /// What the others are at this tick; or, where one of them is another kernel, when as much is printed.
  /// One that is ahead of it begins anew.
  func compared() -> [MachineView] {
    var views: [MachineView] = []
    for place in companions.indices {
      if areOtherKernels {
        let aim = Companion.Place(printed: timeline.printed, inputs: timeline.inputs)
        if !companions[place].canFollow(to: aim) { renew(place) }
        companions[place].follow(to: aim)
      } else {
        if !companions[place].canFollow(machine) { renew(place) }
        companions[place].follow(machine)
      }
      views.append(companions[place].view())
    }
    return views
  }

  private func renew(_ place: Int) {
    if let fresh = try? companion(companions[place].mode) { companions[place] = fresh }
  }

  /// Kernels that are not the same need different times for the same.
  var areOtherKernels: Bool {
    let isPara = machine.configuration.mode == .para
    return companions.contains { ($0.mode == .para) != isPara }
  }

  /// Has the guest go on in another mode from where it is. Its history begins there.
  func goOn(in mode: Mode) {
    pause()
    if let obstacle = obstacle(toGoingOnIn: mode) {
      remark = obstacle
      return
    }
    let next = choice.followed(by: MachineChoice(mode: mode))
    do throws(UserError) {
      let fresh = try make(next)
      fresh.machine.goOn(from: machine)
      built = fresh
    } catch {
      remark = error.description
      return
    }
    choice = next
    companions = []
    timeline = Timeline(machine, budget: session.historyBudget)
    setGoal(nil)
    remark =
      "The guest goes on in \(mode.rawValue) from here; {run} runs it. Its history begins here."
  }

  /// Why the guest cannot go on in another mode; nil if it can.
  private func obstacle(toGoingOnIn mode: Mode) -> String? {
    if let refusal = labsOwnMode { return refusal }
    let present = machine.configuration.mode
    if present == .para || mode == .para {
      return
        "A para guest has another kernel: it cannot go on in another mode. Enter starts it anew."
    }
    if mode == present { return "The guest runs in \(mode.rawValue) already." }
    if stop != nil { return "The guest has ended; Enter starts it anew." }
    if session.recording != nil {
      return "A recording (--record) is of one mode; Enter starts the guest anew in another."
    }
    return nil
  }

  /// Why a lab's machine stays in its mode; nil if there is no lab.
  var labsOwnMode: String? {
    guard choice.lab != nil else { return nil }
    let mode = machine.configuration.mode.rawValue
    return "The lab asks about its run in \(mode); {compare} shows another mode beside it."
  }
}
