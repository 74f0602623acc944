# Cofiber. `make` builds build/cofiber; `make help` lists the rest.

VERSION := 0.1.0
SOVERSION := 0

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= gcc
OPTIMISE ?= -O3
SANITISE ?=
CSTD := -std=c17 -D_GNU_SOURCE
WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
CFLAGS ?=
# Set-up is part of the targets a new user calls first; `make SETUP=no demo` leaves the machine alone.
SETUP ?= yes

ROOMS := base netlists compiler sim rtl
LIB_SRC := $(wildcard $(addsuffix /*.c,$(ROOMS)))
CLI_SRC := $(wildcard cli/*.c)
TEST_SRC := $(wildcard tests/unit/test_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)

ALL_CFLAGS = $(CSTD) $(OPTIMISE) -g $(WARN) -fPIC -fopenmp -fvisibility=hidden -I. -Iinclude \
    -DCOFIBER_VERSION='"$(VERSION)"' $(SANITISE) $(CFLAGS)
LIBS = -lcjson -lnettle -lgmp -lm -fopenmp

LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/obj/%.o)
TESTS := $(TEST_SRC:tests/unit/%.c=$(BUILD)/tests/%)
FUZZERS := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)

.PHONY: all
all: $(BUILD)/cofiber $(BUILD)/libcofiber.a $(BUILD)/libcofiber.so

$(BUILD)/cofiber: $(CLI_OBJ) $(BUILD)/libcofiber.a
	$(CC) $(ALL_CFLAGS) -o $@ $(CLI_OBJ) $(BUILD)/libcofiber.a $(LIBS) $(LDFLAGS)

$(BUILD)/libcofiber.a: $(LIB_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libcofiber.so: $(LIB_OBJ)
	$(CC) $(ALL_CFLAGS) -shared -Wl,-soname,libcofiber.so.$(SOVERSION) -o $@ $^ $(LIBS) $(LDFLAGS)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libcofiber.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(BUILD)/libcofiber.a $(LIBS) -lcmocka $(LDFLAGS)

# Fuzz targets are linked against sources built with clang's coverage, in a tree of their own.
$(BUILD)/fuzz/%: tests/fuzz/%.c $(LIB_SRC)
	@mkdir -p $(@D)
	clang $(CSTD) -O1 -g -I. -Iinclude -DCOFIBER_VERSION='"$(VERSION)"' -Wno-unknown-warning-option \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $< $(LIB_SRC) -lcjson -lnettle -lgmp -lm

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(TESTS:%=%.d)
