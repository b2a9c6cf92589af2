/// The Panes module.
