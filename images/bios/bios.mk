# The BIOS, and the VGA's ROM. Both count on every byte: a ROM's bytes add up to zero.
BIOS := post chips vectors memory keyboard keytable keys clock system serial fdc floppy disk ata \
  lba drives cd eltorito boot
VGA := rom mode text palette font glyphs
$(OUT)/bios.rom: $(addprefix $(OUT)/bios/,$(BIOS:=.o)) bios/bios.ld
	$(LD) -T bios/bios.ld --oformat binary $(filter %.o,$^) -o $@
$(addprefix $(OUT)/vga/,$(VGA:=.o)): private CC += -DROM_SIZE=16384
$(OUT)/vga.rom: $(addprefix $(OUT)/vga/,$(VGA:=.o)) vga/video.ld bios/checksum
	$(LD) -T vga/video.ld --defsym=ROM_SIZE=16384 --oformat binary $(filter %.o,$^) -o $@
	bios/checksum $@ 16384
