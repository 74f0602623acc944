# Cofiber. `make` builds build/cofiber; `make help` lists the rest.

VERSION := 0.1.0
SOVERSION := 0

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC := gcc
endif
OPTIMISE ?= -O3
SANITISE ?=
# Assertions check the preconditions that headers state. They are on in `make debug` and in the sanitised builds.
ASSERTIONS ?= -DNDEBUG
CSTD := -std=c17 -D_GNU_SOURCE
WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
CFLAGS ?=
# Set-up is part of the targets a new user calls first; `make SETUP=no demo` leaves the machine alone.
SETUP ?= yes
# One short line per file; `make V=1` prints the commands instead.
V ?=
Q := $(if $(V),,@)
say = $(if $(V),,@printf '%-8s %s\n' '$(1)' '$(2)')

ROOMS := base netlists compiler sim rtl detect prove prune report library
LIB_SRC := $(wildcard $(addsuffix /*.c,$(ROOMS)) $(addsuffix /*/*.c,$(ROOMS)))
CLI_SRC := $(wildcard cli/*.c)
# Training is part of the program, and not of the library.
TRAIN_SRC := $(wildcard train/*.c)
TEST_SRC := $(wildcard tests/unit/test_*.c)
SUPPORT_SRC := $(wildcard tests/support/*.c)
TOOL_SRC := $(wildcard tests/tools/*.c)
MEMORY_TESTS := failing.so careless library
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)

ALL_CFLAGS = $(CSTD) $(OPTIMISE) -g $(WARN) -fPIC -fopenmp -fvisibility=hidden -I. -Iinclude -I$(BUILD)/gen \
    -DCOFIBER_VERSION='"$(VERSION)"' $(ASSERTIONS) $(SANITISE) $(CFLAGS)
# Chart.js, which becomes part of the program and of every page that it writes (libjs-chart.js).
CHART_JS ?= /usr/share/javascript/chart.js/chart.min.js
LIBS = -lz -lcjson -lyajl -lcairo -ljpeg -lzip -lprotobuf-c -lnettle -lm -fopenmp

# Sources that protoc-c makes from a description of ONNX's messages.
GEN_SRC := $(BUILD)/gen/compiler/heads/onnx.pb-c.c
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/obj/%.o) $(GEN_SRC:$(BUILD)/gen/%.c=$(BUILD)/obj/%.o)
TRAIN_OBJ := $(TRAIN_SRC:%.c=$(BUILD)/obj/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/obj/%.o)
SUPPORT_OBJ := $(SUPPORT_SRC:%.c=$(BUILD)/obj/%.o)
TESTS := $(TEST_SRC:tests/unit/%.c=$(BUILD)/tests/%)
TOOLS := $(TOOL_SRC:tests/tools/%.c=$(BUILD)/tools/%)
FUZZERS := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)

.PHONY: all
all: $(BUILD)/cofiber $(BUILD)/libcofiber.a $(BUILD)/libcofiber.so checker mpi

$(BUILD)/cofiber: $(CLI_OBJ) $(TRAIN_OBJ) $(BUILD)/libcofiber.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $(CLI_OBJ) $(TRAIN_OBJ) $(BUILD)/libcofiber.a $(LIBS) $(LDFLAGS)

# With P, since files of two rooms may have the same name.
$(BUILD)/libcofiber.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) qcsP $@ $^

$(BUILD)/libcofiber.so: $(LIB_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -shared -Wl,-soname,libcofiber.so.$(SOVERSION) -o $@ $^ $(LIBS) $(LDFLAGS)

# The page's scripts, and the library of its charts, are part of the binary.
$(BUILD)/obj/report/assets.o: ALL_CFLAGS += -DCOFIBER_CHART_JS='"$(CHART_JS)"'
$(BUILD)/obj/report/assets.o: $(wildcard report/page/*) $(CHART_JS)

# The harness of cosim is part of the binary.
$(BUILD)/obj/rtl/tools/harness.o: rtl/harness/cosim.cpp
$(BUILD)/obj/rtl/stream/sources.o: $(wildcard rtl/stream/verilog/* rtl/stream/driver/*)

# The example is linked as a user's program would be: with the shared library, and nothing but its public header.
$(BUILD)/run_frames: examples/run_frames.c include/cofiber.h $(BUILD)/libcofiber.so
	$(call say,LINK,$@)
	$(Q)ln -sf libcofiber.so $(BUILD)/libcofiber.so.$(SOVERSION)
	$(Q)$(CC) $(CSTD) $(OPTIMISE) $(WARN) $(SANITISE) $(CFLAGS) -Iinclude -o $@ $< -L$(BUILD) -lcofiber \
	    -Wl,-rpath,'$$ORIGIN' $(LDFLAGS)

$(BUILD)/gen/%.pb-c.c: %.proto
	@mkdir -p $(BUILD)/gen
	$(call say,PROTOC,$<)
	$(Q)protoc-c --c_out=$(BUILD)/gen $<

# Generated code is not held to our warnings.
$(BUILD)/obj/%.pb-c.o: $(BUILD)/gen/%.pb-c.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CSTD) $(OPTIMISE) -g -fPIC -fvisibility=hidden -I$(BUILD)/gen $(SANITISE) $(CFLAGS) -c -o $@ $<

$(BUILD)/obj/compiler/heads/onnx.o: $(GEN_SRC)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: tests/unit/%.c $(SUPPORT_OBJ) $(BUILD)/libcofiber.a
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(SUPPORT_OBJ) $(BUILD)/libcofiber.a $(LIBS) -lcmocka $(LDFLAGS)

$(BUILD)/tests/test_train%: tests/unit/test_train%.c $(SUPPORT_OBJ) $(TRAIN_OBJ) $(BUILD)/libcofiber.a
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(SUPPORT_OBJ) $(TRAIN_OBJ) $(BUILD)/libcofiber.a $(LIBS) -lcmocka $(LDFLAGS)

# Programs that the tests use.
$(BUILD)/tools/%: tests/tools/%.c $(SUPPORT_OBJ) $(BUILD)/libcofiber.a
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(SUPPORT_OBJ) $(BUILD)/libcofiber.a $(LIBS) -lcmocka $(LDFLAGS)

# For the test of failing allocations: the library to preload, and two programs to preload it into. -fno-builtin, so that
# the compiler leaves out none of their allocations.
$(BUILD)/memory/failing.so: tests/memory/failing.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CSTD) -O2 -g $(WARN) -fno-builtin -fPIC -shared -o $@ $<

$(BUILD)/memory/careless: tests/memory/careless.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CSTD) -O1 -g $(WARN) -fno-builtin -o $@ $<

$(BUILD)/memory/library: tests/memory/library.c include/cofiber.h $(BUILD)/libcofiber.so
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CSTD) $(OPTIMISE) -g $(WARN) $(SANITISE) $(CFLAGS) -Iinclude -o $@ $< -L$(BUILD) -lcofiber \
	    -Wl,-rpath,'$$ORIGIN/..' $(LDFLAGS)

# Fuzz targets and the library under them are built with clang's coverage, in a tree of their own.
FUZZ_OBJ := $(LIB_SRC:%.c=$(BUILD)/fuzz/obj/%.o) $(GEN_SRC:$(BUILD)/gen/%.c=$(BUILD)/fuzz/obj/%.o)
FUZZ_CFLAGS = $(CSTD) -O1 -g -I. -Iinclude -I$(BUILD)/gen -DCOFIBER_VERSION='"$(VERSION)"' \
    -DCOFIBER_CHART_JS='"$(CHART_JS)"' -Wno-unknown-warning-option -Wno-format-zero-length \
    -fsanitize=address,undefined -fno-sanitize-recover=all

.SECONDARY: $(FUZZ_OBJ)
$(BUILD)/fuzz/obj/%.o: %.c $(GEN_SRC)
	@mkdir -p $(@D)
	$(call say,CLANG,$<)
	$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/obj/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	$(call say,CLANG,$<)
	$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<

$(BUILD)/fuzz/%: tests/fuzz/%.c $(FUZZ_OBJ)
	@mkdir -p $(@D)
	$(call say,CLANG,$@)
	$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $< $(FUZZ_OBJ) $(filter-out -fopenmp,$(LIBS)) -lgomp

# What `cofiber train` loads where mpirun starts it: built where Open MPI's compiler is (scripts/setup.sh mpi).
MPICC ?= $(shell command -v mpicc)
.PHONY: mpi
mpi: $(if $(MPICC),$(BUILD)/cofiber-mpi.so)

$(BUILD)/cofiber-mpi.so: train/mpi/exchange.c train/mpi/exchange.h train/exchange.h base/error.c
	$(call say,MPICC,$@)
	$(Q)$(MPICC) $(CSTD) $(OPTIMISE) -g $(WARN) -fPIC -shared -fvisibility=hidden -I. $(SANITISE) $(CFLAGS) -o $@ \
	    train/mpi/exchange.c base/error.c $(LDFLAGS)

include proof/proof.mk

# The verified checker of `cofiber prove`, where Coq and OCaml are.
.PHONY: checker
checker: $(CHECKER)

# ---- what people call ----

.PHONY: help
help:
	@echo 'make              build/cofiber, build/libcofiber.a and .so, optimised'
	@echo 'make demo         set up, build, and run the main job on examples/'
	@echo 'make test         set up, build, and pass the tests'
	@echo 'make test-long    the tests that cannot be short (full size, real frames)'
	@echo 'make proof        the Coq development in proof/, checked (scripts/setup.sh proof)'
	@echo 'make debug        build/debug/cofiber, with assertions'
	@echo 'make test-debug   the tests of that build'
	@echo 'make test-asan    the tests under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make test-tsan    the tests of the simulator under ThreadSanitizer (clang)'
	@echo 'make test-aarch64 the tests of the simulator, cross-built, under qemu-user (see scripts/setup.sh)'
	@echo 'make asan         build/asan/cofiber, sanitised'
	@echo 'make fuzz         run every fuzz target for FUZZ_SECONDS (default 600)'
	@echo 'make install      program, library, header, manual page, pages and completions; PREFIX=/usr/local DESTDIR='
	@echo 'make uninstall    remove what make install put there'
	@echo 'make format       clang-format'
	@echo 'make V=1 ...      print the commands instead of one line per file'

.PHONY: setup
setup:
	@if [ "$(SETUP)" = yes ]; then scripts/setup.sh; fi

# The second make starts after set-up, so that it sees what was installed.
.PHONY: demo
demo: setup
	$(MAKE) --no-print-directory -j2 all
	scripts/demo.sh $(BUILD)/cofiber

.PHONY: tests
tests: all $(TESTS) $(TOOLS) $(MEMORY_TESTS:%=$(BUILD)/memory/%) $(BUILD)/run_frames

.PHONY: test
test: setup
	$(MAKE) --no-print-directory -j2 tests
	tests/run.sh $(BUILD) short

.PHONY: test-long
test-long: setup
	$(MAKE) --no-print-directory -j2 tests
	tests/run.sh $(BUILD) long

DEBUG = BUILD=$(BUILD)/debug OPTIMISE=-Og ASSERTIONS=
.PHONY: debug
debug:
	$(MAKE) --no-print-directory -j2 $(DEBUG) all

.PHONY: test-debug
test-debug: setup
	$(MAKE) --no-print-directory -j2 $(DEBUG) tests
	tests/run.sh $(BUILD)/debug short

SANITISED = BUILD=$(BUILD)/asan OPTIMISE=-O1 ASSERTIONS= \
    SANITISE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'

.PHONY: asan
asan:
	$(MAKE) --no-print-directory -j2 $(SANITISED) all

.PHONY: test-asan
test-asan: setup
	$(MAKE) --no-print-directory -j2 $(SANITISED) tests
	LSAN_OPTIONS=suppressions=$(CURDIR)/tests/support/leaks.supp:print_suppressions=0 tests/run.sh $(BUILD)/asan short

# ThreadSanitizer needs to see OpenMP's barriers: clang's runtime tells it of them through Archer, GCC's does not.
TSAN = BUILD=$(BUILD)/tsan CC=clang OPTIMISE=-O1 ASSERTIONS= SANITISE='-fsanitize=thread -Wno-unknown-warning-option'
TSAN_TESTS = test_sim test_library test_batch test_bitparallel
ARCHER = $(lastword $(wildcard /usr/lib/llvm-*/lib/libarcher.so))
.PHONY: test-tsan
test-tsan:
	@if [ "$(SETUP)" = yes ]; then scripts/setup.sh build tsan; fi
	$(MAKE) --no-print-directory -j2 $(TSAN) $(TSAN_TESTS:%=$(BUILD)/tsan/tests/%)
	for t in $(TSAN_TESTS); do OMP_TOOL_LIBRARIES=$(ARCHER) TSAN_OPTIONS=ignore_noninstrumented_modules=1 \
	    $(BUILD)/tsan/tests/$$t || exit 1; done

# The portable kernels, and all that stands on them, on a processor that is not x86: cross-built and run by qemu-user.
AARCH64 = BUILD=$(BUILD)/aarch64 CC=aarch64-linux-gnu-gcc AR=aarch64-linux-gnu-ar
AARCH64_TESTS = test_kernels test_quantise test_sim test_library test_batch test_vectors test_word test_cell test_compile test_sweep \
    test_bitparallel test_lower
.PHONY: test-aarch64
test-aarch64:
	@if [ "$(SETUP)" = yes ]; then scripts/setup.sh build cross; fi
	$(MAKE) --no-print-directory -j2 $(AARCH64) $(AARCH64_TESTS:%=$(BUILD)/aarch64/tests/%)
	for t in $(AARCH64_TESTS); do OMP_NUM_THREADS=2 qemu-aarch64 $(BUILD)/aarch64/tests/$$t || exit 1; done

FUZZ_SECONDS ?= 600
.PHONY: fuzz
fuzz:
	scripts/setup.sh build fuzz
	$(MAKE) --no-print-directory $(FUZZERS)
	scripts/fuzz.sh $(BUILD)/fuzz $(FUZZ_SECONDS)

# Where `make install` puts the pages, as the links between them expect, and the completions of the shells.
DOCS = $(PREFIX)/share/doc/cofiber
BASH_COMPLETIONS = $(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS = $(PREFIX)/share/zsh/site-functions

.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include \
	    $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BUILD)/cofiber $(DESTDIR)$(PREFIX)/bin/cofiber
	[ ! -e $(BUILD)/cofiber-checker ] || install -m 755 $(BUILD)/cofiber-checker $(DESTDIR)$(PREFIX)/bin/cofiber-checker
	[ ! -e $(BUILD)/cofiber-mpi.so ] || install -m 755 $(BUILD)/cofiber-mpi.so $(DESTDIR)$(PREFIX)/lib/cofiber-mpi.so
	install -m 644 include/cofiber.h $(DESTDIR)$(PREFIX)/include/cofiber.h
	install -m 644 $(BUILD)/libcofiber.a $(DESTDIR)$(PREFIX)/lib/libcofiber.a
	install -m 755 $(BUILD)/libcofiber.so $(DESTDIR)$(PREFIX)/lib/libcofiber.so.$(VERSION)
	ln -sf libcofiber.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libcofiber.so.$(SOVERSION)
	ln -sf libcofiber.so.$(SOVERSION) $(DESTDIR)$(PREFIX)/lib/libcofiber.so
	printf '%s\n' 'prefix=$(PREFIX)' 'Name: cofiber' 'Description: simulator of cofiber detection circuits' \
	    'Version: $(VERSION)' 'Libs: -L$${prefix}/lib -lcofiber' 'Libs.private: $(LIBS)' \
	    'Cflags: -I$${prefix}/include' >$(DESTDIR)$(PREFIX)/lib/pkgconfig/cofiber.pc
	$(BUILD)/cofiber --manual >$(DESTDIR)$(PREFIX)/share/man/man1/cofiber.1
	install -d $(DESTDIR)$(DOCS)/docs $(DESTDIR)$(DOCS)/netlists $(DESTDIR)$(DOCS)/examples $(DESTDIR)$(BASH_COMPLETIONS) \
	    $(DESTDIR)$(ZSH_COMPLETIONS)
	install -m 644 README.md LICENSE $(DESTDIR)$(DOCS)
	install -m 644 docs/*.md docs/*.svg docs/*.png $(DESTDIR)$(DOCS)/docs
	install -m 644 netlists/FORMAT.md $(DESTDIR)$(DOCS)/netlists
	install -m 644 examples/run_frames.c examples/README.md $(DESTDIR)$(DOCS)/examples
	$(BUILD)/cofiber --completion bash >$(DESTDIR)$(BASH_COMPLETIONS)/cofiber
	$(BUILD)/cofiber --completion zsh >$(DESTDIR)$(ZSH_COMPLETIONS)/_cofiber

.PHONY: uninstall
uninstall:
	rm -rf $(DESTDIR)$(DOCS)
	rm -f $(DESTDIR)$(BASH_COMPLETIONS)/cofiber $(DESTDIR)$(ZSH_COMPLETIONS)/_cofiber
	rm -f $(DESTDIR)$(PREFIX)/bin/cofiber $(DESTDIR)$(PREFIX)/bin/cofiber-checker $(DESTDIR)$(PREFIX)/include/cofiber.h \
	    $(DESTDIR)$(PREFIX)/lib/cofiber-mpi.so \
	    $(DESTDIR)$(PREFIX)/lib/libcofiber.a $(DESTDIR)$(PREFIX)/lib/libcofiber.so* \
	    $(DESTDIR)$(PREFIX)/lib/pkgconfig/cofiber.pc $(DESTDIR)$(PREFIX)/share/man/man1/cofiber.1

.PHONY: format
format:
	clang-format -i $(wildcard $(addsuffix /*.[ch],$(ROOMS) $(addsuffix /*,$(ROOMS)) train train/mpi cli include tests/unit tests/fuzz tests/support tests/tools tests/memory examples))

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(LIB_OBJ:.o=.d) $(TRAIN_OBJ:.o=.d) $(FUZZ_OBJ:.o=.d) $(CLI_OBJ:.o=.d) \
    $(SUPPORT_OBJ:.o=.d) $(TESTS:%=%.d) $(TOOLS:%=%.d)
