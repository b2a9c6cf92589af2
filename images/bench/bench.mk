# The benchmarks. They are to measure the machine, so the compiler does its best, and x87 is wanted.
BENCH := $(addprefix $(OUT)/bench/,entry.o main.o platform.o integer.o memory.o calls.o floating.o \
  system.o para.o para_entry.o) $(OUT)/common/memory.o
$(OUT)/bench/%.o: CC := $(subst -mno-80387,-m80387,$(subst -Os,-O2,$(CC)))
$(OUT)/bench.elf: $(BENCH) common/para.ld
	$(LD) -T common/para.ld $(filter %.o,$^) -o $@
