import Machine
import Monitors
import Testing
import X86

@testable import ringside

/// Options that belong to some modes only.
@Suite struct MachineOptionsTests {
  /// All that some mode takes is given; what another one refuses is dropped on the way to it.
  @Test(arguments: Mode.allCases) func everyModeTakesWhatIsLeft(mode: Mode) throws {
    var options = MachineOptions.usual
    options.labCpu = "virtualizable"
    options.paging = "trace"
    (options.syscalls, options.domus, options.weights) = ("bounce", 2, "256,512,256")
    options.cpu = "amd-svm"
    options.change(to: mode)
    let configuration = try options.configuration()
    #expect(configuration.mode == mode && configuration.profile.name == "amd-svm")
    #expect((configuration.labProfile != nil) == (mode.family == .full))
    #expect((configuration.paging == .trace) == (mode.family == .full))
    #expect(configuration.otherDomains == (mode == .para ? 2 : 0))
  }

  /// A processor with AMD-V is one for `hardware`.
  @Test func aLabProcessorThatFitsIsKept() throws {
    var options = MachineOptions.usual
    options.labCpu = "amd-svm"
    options.change(to: .hardwareShadow)
    #expect(try options.configuration().labProfile?.name == "amd-svm")
  }
}
