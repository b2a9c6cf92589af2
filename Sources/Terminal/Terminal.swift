/// The Terminal module.
