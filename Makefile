# The commands of the project. `make help` lists them.
GUEST ?=
SEEDS ?= 1 100
STEPS ?= 200000
# Tests look inside the modules, so they have a build of their own.
TESTING = --scratch-path .build-tests -Xswiftc -enable-testing

.PHONY: help setup run build test conformance fuzz fuzz-devices fuzz-hypercalls bench sessions golden lint \
  format images images-check guests clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup: ## install the Debian packages that the build needs
	@images/need libncurses-dev

run: build ## open the screen; GUEST=hello opens it on a guest: a built-in name, or a file
	.build/release/ringside $(GUEST)

build: setup ## the release program, .build/release/ringside
	swift build -c release --product ringside --explicit-target-dependency-import-check error

test: setup ## all tests, in release; RINGSIDE_VECTORS=FOLDER adds hardware vectors
	swift test -c release $(TESTING)

conformance: build ## real processors and test386: RINGSIDE_VECTORS=FOLDER TEST386="ROM..."
	swift test -c release $(TESTING) --filter 'VectorTests|FPUInstructionTests'
	@Tests/conformance $(TEST386)

fuzz: setup ## random cases beside others: CASES=100000 SEED=1 FUZZ="user x87 decoder disassembly system"
	@images/need gcc-multilib nasm bochs
	swift build -c release --build-tests $(TESTING)
	Fuzz/run --cases $(or $(CASES),100000) --seed $(or $(SEED),1) $(FUZZ)

bench: build ## CPU time beside QEMU's, about ten minutes: BENCH="--rounds 1"
	@images/need qemu-system-x86 python3
	Benchmarks/run $(BENCH)

fuzz-devices: setup ## hostile guests against the devices: SEEDS="1 100" STEPS=200000
	RINGSIDE_FUZZ_FIRST=$(word 1,$(SEEDS)) RINGSIDE_FUZZ_LAST=$(word 2,$(SEEDS)) \
	RINGSIDE_FUZZ_STEPS=$(STEPS) swift test -c release $(TESTING) --filter BoardFuzzTests

fuzz-hypercalls: setup ## a million hypercalls with hostile arguments: CALLS=1000000 SEED=1
	RINGSIDE_FUZZ_CALLS=$(or $(CALLS),1000000) RINGSIDE_FUZZ_SEED=$(or $(SEED),1) \
	swift test -c release $(TESTING) --filter HypercallFuzzTests

sessions: build ## what Linux's boot, idle guests and many screens cost, about fifteen minutes
	@images/need qemu-system-x86 python3
	Benchmarks/sessions $(BENCH)

golden: setup ## rewrite expected screens and transcripts; review the difference like code
	UPDATE_GOLDEN=1 swift test -c release $(TESTING) --filter 'PanesTests|transcriptEqualsThatOfQEMU'

lint: ## formatting, and that X86 and Cells import nothing
	swift format lint --strict -r Package.swift Sources Tests
	@! grep -rnE '^[a-z@ ]*\bimport ' Sources/X86 Sources/Cells

format: ## rewrite the sources as lint wants them
	swift format -i -r Package.swift Sources Tests

images: ## rebuild our own guests into images/built
	$(MAKE) -C images

images-check: ## rebuild our own guests and compare with images/built
	@$(MAKE) -s -C images check

guests: ## bring Debian's Linux (i386), firmware and boot loaders into guests/
	@images/linux/fetch
	@images/firmware/fetch

clean: ## remove everything built or fetched
	rm -rf .build .build-tests .build-images guests
