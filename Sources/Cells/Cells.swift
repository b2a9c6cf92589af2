/// The Cells module.
