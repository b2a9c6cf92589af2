# The probes' floppy disk: the system, then the programs in this order. The child is hidden.
PROBES := $(OUT)/probes
PROGRAMS_16 := memory screen keys floppy hard clock ports child
$(PROBES)/system.bin: $(PROBES)/system.o probes/system.ld
	$(LD) -T probes/system.ld --oformat binary $< -o $@
$(PROGRAMS_16:%=$(PROBES)/%.com): %.com: %.o $(PROBES)/tell.o probes/program.ld
	$(LD) -T probes/program.ld --oformat binary $< $(PROBES)/tell.o -o $@
$(PROBES)/disk.o: private CC += -I$(PROBES) -DFILES=$(words system $(PROGRAMS_16))
$(PROBES)/disk.o: $(PROBES)/system.bin $(PROGRAMS_16:%=$(PROBES)/%.com) $(PROBES)/files.inc
$(PROBES)/files.inc: probes/probes.mk
	@mkdir -p $(@D)
	@number=1; { echo 'ENTRY "SYSTEM  BIN", 0x26, 0'; \
	  for name in $(PROGRAMS_16); do \
	    attribute=0x20; [ $$name != child ] || attribute=0x22; \
	    printf 'ENTRY "%-8sCOM", %s, %d\n' \
	      "$$(echo $$name | tr a-z A-Z)" $$attribute $$number; number=$$((number + 1)); \
	  done; } > $(@D)/directory.inc
	@{ place=33; for name in system.bin $(PROGRAMS_16:=.com); do \
	  echo ".org $$place * 512"; echo ".incbin \"$(PROBES)/$$name\""; place=$$((place + 8)); \
	  done; } > $@
$(OUT)/probes.img: $(PROBES)/disk.o probes/disk.ld
	$(LD) -T probes/disk.ld --oformat binary $< -o $@
