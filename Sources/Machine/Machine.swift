/// The Machine module.
