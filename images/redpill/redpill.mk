# Asks the processor. Its console and devices are Ringlet's.
REDPILL := $(addprefix $(OUT)/redpill/,main.o entry.o questions.o) $(OUT)/common/memory.o \
  $(addprefix $(OUT)/ringlet/native/,console.o devices.o input.o)
$(OUT)/redpill.elf: $(REDPILL) common/guest.ld
	$(LD) -T common/guest.ld $(filter %.o,$^) -o $@
