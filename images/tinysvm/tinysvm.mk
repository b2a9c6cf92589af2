# The guest hypervisor, with Ringlet for a guest.
TINYSVM := $(addprefix $(OUT)/tinysvm/,entry.o main.o exits.o interrupts.o loader.o paging.o \
  console.o) $(OUT)/common/memory.o
$(OUT)/tinysvm/entry.o: private CC += -I$(OUT)
$(OUT)/tinysvm/entry.o: $(OUT)/ringlet.elf
$(OUT)/tinysvm.elf: $(TINYSVM) common/guest.ld
	$(LD) -T common/guest.ld $(filter %.o,$^) -o $@
