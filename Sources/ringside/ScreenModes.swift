import Machine
import Panes

/// The screen's guest in other modes: beside the present one, to be compared, or in its place.
extension ScreenMachine {
  /// Shows the same guest in another mode beside this one, or in none any more.
  func compare(with mode: String?) {
    guard let mode else {
      companions = []
      return
    }
    pause()
    guard machine.instructions < 200_000_000 else {
      remark = "Too much has happened to be done again in another mode: reset (R), then compare."
      return
    }
    do throws(UserError) {
      companions.append(try companion(mode))
    } catch {
      remark = error.description
    }
  }

  private func companion(_ mode: String) throws(UserError) -> Companion {
    var other = choice
    (other.mode, other.options) = (mode, [:])
    return Companion(try make(other))
  }

  /// What the others are at this tick. One that is ahead of it begins anew.
  func compared() -> [MachineView] {
    var views: [MachineView] = []
    for place in companions.indices {
      if !companions[place].canFollow(machine), let fresh = try? companion(companions[place].mode) {
        companions[place] = fresh
      }
      companions[place].follow(machine)
      views.append(companions[place].view())
    }
    return views
  }

  /// Has the guest go on in another mode from where it is. Its history begins there.
  func goOn(in name: String) {
    pause()
    let families = [machine.configuration.mode.rawValue, name].map { $0.prefix { $0 != ":" } }
    guard !families.contains("para") else {
      remark =
        "A para guest has another kernel: it cannot go on in another mode. Enter starts it anew."
      return
    }
    guard name != machine.configuration.mode.rawValue else {
      remark = "The guest runs in \(name) already."
      return
    }
    guard stop == nil else {
      remark = "The guest has ended; Enter starts it anew."
      return
    }
    var next = choice
    (next.mode, next.options) = (name, [:])
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
    remark = "The guest goes on in \(name) from here; r runs it. Its history begins here."
  }
}
