# Ringlet: its programs, the disk they lie on, and the kernel with that disk in it.
RINGLET := $(OUT)/ringlet
COMMANDS := sh help ls cat echo wc rm ps kill halt
DEMOS := getpid ctxsw forks pages divide illegal port cli rings cpuid timer diskcopy puts smc spin \
  abuse
PROGRAMS := $(COMMANDS) $(DEMOS)
LIBRARY := $(addprefix $(RINGLET)/user/,start.o print.o text.o line.o) $(OUT)/common/memory.o

# One section per function, so that a program brings along only what it uses.
$(RINGLET)/user/%.o: private CC += -ffunction-sections -fdata-sections
$(addprefix $(RINGLET)/disk/,$(PROGRAMS)): $(RINGLET)/disk/%: $(RINGLET)/user/%.o $(LIBRARY) \
    ringlet/user/user.ld
	@mkdir -p $(@D)
	$(LD) -T ringlet/user/user.ld --gc-sections --strip-all $(filter %.o,$^) -o $@

$(RINGLET)/disk/files.inc: ringlet/ringlet.mk
	@mkdir -p $(@D)
	(for name in $(PROGRAMS); do echo "file $$name, $$name"; done; echo "file readme, readme") > $@
$(RINGLET)/disk/readme: ringlet/disk/readme
	@mkdir -p $(@D)
	cp $< $@
$(RINGLET)/disk/disk.o: private CC += -I$(RINGLET)/disk
$(RINGLET)/disk/disk.o: $(addprefix $(RINGLET)/disk/,files.inc readme $(PROGRAMS))
$(OUT)/ringlet.disk: $(RINGLET)/disk/disk.o ringlet/disk/disk.ld
	$(LD) -T ringlet/disk/disk.ld --oformat binary $< -o $@

KERNEL := start entry main lock print memory paging process exec trap syscall console block \
  inode directory file pipe
NATIVE := native segments gates devices console input disk
PARA := start entry para memory paging events frontend backend
RINGLET_OBJECTS := $(addprefix $(RINGLET)/kernel/,$(KERNEL:=.o)) \
  $(addprefix $(RINGLET)/native/,$(NATIVE:=.o)) $(addprefix $(RINGLET)/para/,$(PARA:=.o)) \
  $(OUT)/common/memory.o
# A kernel stack has one page. Private: or make would pass this on to the programs on the disk.
$(RINGLET_OBJECTS): private CC += -Wframe-larger-than=256
$(RINGLET)/kernel/start.o: private CC += -I$(OUT)
$(RINGLET)/kernel/start.o: $(OUT)/ringlet.disk
$(OUT)/ringlet.elf: $(RINGLET_OBJECTS) common/para.ld
	$(LD) -T common/para.ld $(filter %.o,$^) -o $@
