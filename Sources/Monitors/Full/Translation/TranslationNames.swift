/// What the operands of translated code are, for whoever reads it.
extension TranslationRow {
  /// The name of what lies at an offset in GS while translated code runs; nil where nothing with a name
  /// does. `target`, `ECX`, `CS`, `SS` and `GS` are the guest's.
  public static func name(ofData offset: UInt32) -> String? {
    switch offset {
    case TranslationLayout.Data.interruptFlag: "IF"
    case TranslationLayout.Data.needsMonitor: "needs monitor"
    case TranslationLayout.Data.isPending: "IRQ waits"
    case TranslationLayout.Data.ecx: "ECX"
    case TranslationLayout.Data.target: "target"
    case TranslationLayout.Data.cs: "CS"
    case TranslationLayout.Data.ss: "SS"
    case TranslationLayout.Data.gs: "GS"
    case TranslationLayout.Data.flagTable: "flags"
    case TranslationLayout.Data.table: "table"
    case TranslationLayout.Data.slots..<TranslationLayout.Data.limit: "slot"
    default: nil
    }
  }
}
