/// The x87 state.
struct FPU {
}
