# The privilege probe. Its console and devices are Ringlet's.
RING1 := $(addprefix $(OUT)/ring1/,main.o entry.o probes.o) $(OUT)/common/memory.o \
  $(addprefix $(OUT)/ringlet/native/,console.o devices.o input.o)
$(OUT)/ring1.elf: $(RING1) common/guest.ld
	$(LD) -T common/guest.ld $(filter %.o,$^) -o $@
