/// The Chipset module.
