# dialout - one Makefile for everything; `make help` lists the targets.
#
# A second build beside the plain one, such as a sanitizer's, is the same file
# with another folder: make BUILD=build/asan SAN=address,undefined tests

BUILD   ?= build
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
# A cross compiler brings its own: make CC=aarch64-linux-gnu-gcc BUILD=...
AR      := $(if $(filter default,$(origin AR)),$(patsubst \
	%-gcc,%-,$(filter %-gcc,$(CC)))ar,$(AR))
SAN     ?=
OPT     ?= -O2 -g
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wmissing-declarations -Wold-style-definition \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wconversion \
	-Wsign-conversion -Wundef -Wvla -Wswitch-enum -Wformat=2 \
	-Wnull-dereference -Werror
# The tests' tables of functions and Check's macros are the only relaxation.
WARN_TEST := $(WARN) -Wno-null-dereference -Wno-format-nonliteral

HARDEN := $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong -fPIE
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer)
CFLAGS  := -std=c11 -I. -MMD -MP -pthread $(OPT) $(HARDEN) $(SANFLAGS) \
	-DDIALOUT_VERSION='"$(VERSION)"'
LDFLAGS := -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS)

LIBS_COMMON := -ljansson -lcurl -lmbedcrypto -lm
LIBS_SERVER := -lcivetweb -lsqlite3 -lpq
LIBS_BOT    := -lwebsockets -luv -lflite_cmu_us_rms -lflite_usenglish \
	-lflite_cmulex -lflite -ldl
LIBS_TEST   := -lcheck -lsubunit -lrt -lexpat -lnghttp2 -lssl -lcrypto

# ---- what there is to build -------------------------------------------------

COMMON_SRC := $(wildcard common/*.c common/curl/*.c)
SERVER_SRC := $(filter-out server/main.c,$(wildcard server/*.c server/*/*.c))
BOT_SRC    := $(filter-out bot/main.c bot/agents/%,$(wildcard bot/*.c bot/*/*.c))
AGENT_SRC  := $(wildcard bot/agents/*.c)
HOOKED_SRC := $(wildcard tests/hooks/*.c)
TEST_SRC   := $(wildcard tests/harness/*.c tests/fake/*.c)
CONF_SRC   := $(filter-out tests/conform/test_%.c,$(wildcard tests/conform/*.c))
SIMLIB_SRC := $(wildcard tests/sim/lib/*.c)
SIM_SRC    := $(wildcard tests/sim/*-sim.c)
UNIT_SRC   := $(wildcard tests/unit/*.c)
CONFORM_SRC := $(wildcard tests/conform/test_*.c)
FLOW_SRC   := $(wildcard tests/flow/flow_*.c)
FLOWLIB_SRC:= $(filter-out $(FLOW_SRC),$(wildcard tests/flow/*.c))
E2E_SRC    := $(wildcard tests/e2e/e2e_*.c)
E2ELIB_SRC := $(filter-out $(E2E_SRC),$(wildcard tests/e2e/*.c))
BENCH_SRC  := $(wildcard tests/bench/bench_*.c)
BENCHLIB_SRC := $(filter-out $(BENCH_SRC),$(wildcard tests/bench/*.c))
DEMO_SRC   := $(wildcard tests/demo/*.c)
FUZZ_SRC   := $(wildcard tests/fuzz/fuzz_*.c)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

PROGRAMS := $(if $(wildcard server/main.c),$(BUILD)/dialout-server) \
	$(if $(wildcard bot/main.c),$(BUILD)/dialout-bot)
# Code of agents: shared objects, and what `make HOOKS=file.c` compiles in.
HOOKS   ?=
AGENTS  := $(patsubst bot/agents/%.c,$(BUILD)/agents/%.so,$(AGENT_SRC))
HOOKED  := $(patsubst tests/%.c,$(BUILD)/%.so,$(HOOKED_SRC))
HOOK_OBJ := $(patsubst %.c,$(BUILD)/obj/in/%.o,$(HOOKS))
# What the bot was linked with last: another list links it anew.
HOOK_LIST := $(BUILD)/obj/hooks
ifneq ($(HOOKS)$(wildcard $(HOOK_LIST)),)
$(shell mkdir -p $(BUILD)/obj; echo '$(HOOKS)' | cmp -s - $(HOOK_LIST) || \
	echo '$(HOOKS)' >$(HOOK_LIST))
endif
SIMS  := $(patsubst tests/sim/%.c,$(BUILD)/%,$(SIM_SRC)) \
	$(patsubst tests/demo/%.c,$(BUILD)/demo-%,$(DEMO_SRC))
TESTS := $(patsubst tests/%.c,$(BUILD)/%,$(UNIT_SRC) $(CONFORM_SRC) \
	$(FLOW_SRC) $(E2E_SRC))
BENCHES := $(patsubst tests/%.c,$(BUILD)/%,$(BENCH_SRC))
BENCH_BOT := $(BUILD)/bench/bench_bot
FUZZERS := $(patsubst tests/%.c,$(BUILD)/%,$(FUZZ_SRC))

LIBCOMMON := $(BUILD)/libcommon.a
LIBSERVER := $(BUILD)/libserver.a
LIBBOT    := $(BUILD)/libbot.a
LIBTEST   := $(BUILD)/libtest.a
LIBSIM    := $(BUILD)/libsim.a

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

# ---- packages ---------------------------------------------------------------

DEPS_BUILD := gcc libc6-dev make pkg-config libwebsockets-dev \
	libwebsockets-evlib-uv libuv1-dev libcurl4-openssl-dev libjansson-dev \
	libmbedtls-dev libcivetweb-dev libsqlite3-dev libpq-dev flite1-dev \
	libexpat1-dev libssl-dev libnghttp2-dev ca-certificates python3-minimal \
	tzdata
DEPS_DEMO  := $(DEPS_BUILD) asterisk-core-sounds-en-wav curl python3
DEPS_TEST  := $(DEPS_DEMO) check openssl postgresql python3-phonenumbers
# Asterisk's voices in all of their languages; some are GSM alone.
DEPS_BENCH := $(DEPS_TEST) asterisk-core-sounds-es-wav \
	asterisk-core-sounds-fr-wav asterisk-core-sounds-it-wav \
	asterisk-core-sounds-ru-wav asterisk-prompt-es-co \
	asterisk-prompt-fr-armelle asterisk-prompt-it-menardi-wav libgsm1
DEPS_LINT  := $(DEPS_TEST) clang clang-format clang-tidy cppcheck \
	libclang-rt-14-dev

deps: ## install what is missing: packages and models, for all targets
	@deploy/deps.sh packages $(DEPS_TEST) models:all
	@deploy/deps.sh models all

deps-build deps-demo deps-test deps-bench deps-lint: deps-%:
	@deploy/deps.sh packages $(DEPS_$(shell echo $* | tr a-z A-Z)) \
		models:$(if $(filter build,$*),light,all)

# ---- compile and link -------------------------------------------------------

all: layers $(PROGRAMS) $(AGENTS) $(SIMS) ## build the programs and the simulators

tests: all $(TESTS) $(HOOKED) ## build the tests, too

layers:
	@tests/lint/layers.sh

Q_CC = @printf '  CC      %s\n' $<;
Q_AR = @printf '  AR      %s\n' $@;
Q_LD = @printf '  LINK    %s\n' $@;

# Engines compute; the rest of the program talks. Only they gain from -O3, or
# from -O2 under the sanitizers.
$(BUILD)/obj/bot/engine/%.o $(BUILD)/obj/bot/media/%.o: CFLAGS := \
	$(patsubst -O1,-O2,$(patsubst -O2,-O3,$(CFLAGS)))
$(BUILD)/obj/tests/%.o: WARN := $(WARN_TEST)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q_CC) $(CC) $(CFLAGS) $(WARN) -c -o $@ $<

$(BUILD)/obj/in/%.o: %.c
	@mkdir -p $(@D)
	$(Q_CC) $(CC) $(CFLAGS) $(WARN) -DDIALOUT_COMPILED_IN -c -o $@ $<

SO = $(Q_LD) $(CC) $(filter-out -fPIE,$(CFLAGS)) -fPIC $(WARN) -shared \
	-MF $(BUILD)/obj/$(notdir $@).d -Wl,-z,relro,-z,now -o $@ $<

$(BUILD)/agents/%.so: bot/agents/%.c
	@mkdir -p $(@D) $(BUILD)/obj
	$(SO)

$(BUILD)/hooks/%.so: tests/hooks/%.c
	@mkdir -p $(@D) $(BUILD)/obj
	$(SO)

# The plan of numbers: text that `make plan` has made of libphonenumber's data.
$(BUILD)/gen/plan_table.c: server/plan.txt deploy/plan.py
	@mkdir -p $(@D)
	@python3 deploy/plan.py table server/plan.txt >$@

$(BUILD)/obj/gen/plan_table.o: $(BUILD)/gen/plan_table.c
	@mkdir -p $(@D)
	$(Q_CC) $(CC) $(CFLAGS) $(WARN) -c -o $@ $<

plan: ## renew server/plan.txt from Debian's python3-phonenumbers
	@deploy/deps.sh packages python3 python3-phonenumbers
	@/usr/bin/python3 deploy/plan.py extract >server/plan.txt.new
	@mv server/plan.txt.new server/plan.txt

$(LIBCOMMON): $(call obj,$(COMMON_SRC))
$(LIBSERVER): $(call obj,$(SERVER_SRC)) $(BUILD)/obj/gen/plan_table.o
$(LIBBOT): $(call obj,$(BOT_SRC))
$(LIBTEST): $(call obj,$(TEST_SRC) $(CONF_SRC) $(FLOWLIB_SRC) $(E2ELIB_SRC) \
	$(BENCHLIB_SRC))
$(LIBSIM): $(call obj,$(SIMLIB_SRC))
$(LIBCOMMON) $(LIBSERVER) $(LIBBOT) $(LIBTEST) $(LIBSIM):
	@mkdir -p $(@D)
	$(Q_AR) rm -f $@; $(AR) rcs $@ $^

LINK = $(Q_LD) $(CC) $(CFLAGS) $(LDFLAGS) -o $@

$(BUILD)/dialout-server: $(BUILD)/obj/server/main.o $(LIBSERVER) $(LIBCOMMON)
	$(LINK) $^ $(LIBS_SERVER) $(LIBS_COMMON)

$(BUILD)/dialout-bot: $(BUILD)/obj/bot/main.o $(HOOK_OBJ) $(LIBBOT) \
		$(LIBCOMMON) $(wildcard $(HOOK_LIST)) | $(AGENTS)
	$(LINK) $(filter-out $(HOOK_LIST),$^) $(LIBS_BOT) $(LIBS_COMMON)

$(BUILD)/demo-%: $(BUILD)/obj/tests/demo/%.o $(LIBBOT) $(LIBCOMMON)
	$(LINK) $^ $(LIBS_BOT) $(LIBS_COMMON)

$(BUILD)/%-sim: $(BUILD)/obj/tests/sim/%-sim.o $(LIBSIM) $(LIBCOMMON)
	$(LINK) $^ -lwebsockets -luv -lexpat -lnghttp2 -lssl -lcrypto \
		$(LIBS_COMMON)

$(TESTS): | $(AGENTS) $(HOOKED)

$(TESTS) $(BENCHES): $(BUILD)/%: $(BUILD)/obj/tests/%.o $(LIBTEST) $(LIBSIM) \
		$(LIBBOT) $(LIBSERVER) $(LIBCOMMON)
	@mkdir -p $(@D)
	$(LINK) $^ $(LIBS_SERVER) $(LIBS_BOT) $(LIBS_TEST) $(LIBS_COMMON)

# The bot with providers that do nothing, for the bench alone.
$(BENCH_BOT): $(BUILD)/obj/bot/main.o \
		$(BUILD)/obj/tests/bench/bot/null.o $(LIBBOT) $(LIBCOMMON)
	@mkdir -p $(@D)
	$(LINK) -Wl,--wrap=vad_feed $^ $(LIBS_BOT) $(LIBS_COMMON)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# ---- run --------------------------------------------------------------------

# Those who name no -j get all cores where much is built at once.
PARALLEL = $(MAKE) --no-print-directory \
	$(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# `make deps-*` is quick when nothing is missing, and says nothing then.
run: deps-build ## server and one bot with ./.env; Ctrl-C ends both
	@$(PARALLEL) all
	@deploy/deps.sh models light
	@deploy/run.sh $(BUILD)

demo: deps-demo ## a whole call here, with no account; VARIANT=barge-in|cough|voicemail
	@deploy/deps.sh models all
	@$(PARALLEL) all
	@tests/demo/demo.sh $(BUILD) $(VARIANT)

test: deps-test ## unit, conformance, flow and end-to-end tests
	@deploy/deps.sh models all
	@$(PARALLEL) tests
	@tests/run.sh $(BUILD) $(T)

# ---- gates ------------------------------------------------------------------

ASAN := address,undefined
# $(1): folder, $(2): sanitizers, $(3): compiler, $(4): what to build
SAN_BUILD = $(PARALLEL) BUILD=$(1) SAN=$(2) CC=$(3) OPT="-O1 -g1" $(4)
SAN_RUN   = TEST_TIME_SCALE=6 tests/run.sh

check-san: check-asan-gcc check-asan-clang check-tsan ## ASan+UBSan, TSan

# All that they run, without running it.
san-programs: deps-lint
	@$(call SAN_BUILD,build/asan,$(ASAN),gcc,tests)
	@$(call SAN_BUILD,build/clang,$(ASAN),clang,tests)
	@$(call SAN_BUILD,build/tsan,thread,gcc,$(TSAN_PROGRAMS))

check-asan-gcc: deps-lint ## the tests under ASan+UBSan, by gcc
	@$(call SAN_BUILD,build/asan,$(ASAN),gcc,tests)
	@$(SAN_RUN) build/asan $(T)

check-asan-clang: deps-lint ## the same by clang
	@$(call SAN_BUILD,build/clang,$(ASAN),clang,tests)
	@$(SAN_RUN) build/clang $(T)

TSAN_PROGRAMS = build/tsan/dialout-server \
	$(shell tests/run.sh build/tsan --threads --list)

check-tsan: deps-lint ## what has threads under TSan
	@$(PARALLEL) all
	@$(call SAN_BUILD,build/tsan,thread,gcc,$(TSAN_PROGRAMS))
	@PLAIN_DIR=$(BUILD) $(SAN_RUN) build/tsan --threads

C_ALL = $(shell git ls-files '*.c' '*.h' 2>/dev/null)

lint: deps-lint layers ## format, style, clang-tidy, cppcheck
	@tests/lint/lint.sh $(BUILD)

lint-layers: layers

format: deps-lint ## clang-format on every file
	@clang-format -i $(C_ALL)

fuzz: deps-lint ## libFuzzer on every parser, FUZZ_SECONDS (60) each
	@$(MAKE) --no-print-directory BUILD=build/fuzzing CC=clang \
		SAN=fuzzer-no-link,$(ASAN) OPT="-O1 -g" fuzzers
	@tests/fuzz/run.sh build/fuzzing $(T)

fuzzers: $(FUZZERS)

$(FUZZERS): $(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(LIBBOT) \
		$(LIBSERVER) $(LIBCOMMON)
	@mkdir -p $(@D)
	$(LINK) -fsanitize=fuzzer $^ $(LIBS_SERVER) $(LIBS_BOT) $(LIBS_COMMON)

# Ten thousand starts, five hundred kills of servers, two thousand answers of
# Plivo's that say nothing clear; with PostgreSQL also
# twenty of the database, under four servers. A bot is killed under two hundred
# calls, and hangs under one hundred.
TORTURE := TORTURE_STARTS=10000 TORTURE_KILLS=500 TORTURE_DB_KILLS=20 \
	TORTURE_SERVERS=4 TORTURE_CLIENTS=128 TORTURE_LOST_CALLS=200 \
	TORTURE_HUNG_CALLS=100 \
	TORTURE_UNCLEAR=20 TORTURE_STALLS=3 \
	PACE_SECONDS=300 TEST_TIME_SCALE=60
# Ten thousand calls' callbacks in disorder, three thousand answers that say
# nothing clear, ten thousand forged streams, every text at every place.
STORMS := STORM_CALLS=10000 AMBIGUOUS_CALLS=3000 AMBIGUOUS_STALLS=500 \
	FORGED_STREAMS=10000 INJECTIONS=1000 TEST_TIME_SCALE=60
STORM_TESTS := $(addprefix $(BUILD)/unit/test_,forged injection ambiguous storm)

torture: deps-test ## what is promised of a call, through kills; long
	@$(PARALLEL) all $(BUILD)/e2e/e2e_torture \
		$(BUILD)/e2e/e2e_torture_postgres $(BUILD)/e2e/e2e_again \
		$(BUILD)/e2e/e2e_pace \
		$(STORM_TESTS)
	@for t in $(STORM_TESTS); do $(STORMS) $$t 2>$$t.log || exit 1; done
	@BUILD_DIR=$(BUILD) $(TORTURE) $(BUILD)/e2e/e2e_torture
	@BUILD_DIR=$(BUILD) $(TORTURE) $(BUILD)/e2e/e2e_torture_postgres
	@BUILD_DIR=$(BUILD) $(TORTURE) $(BUILD)/e2e/e2e_again
	@BUILD_DIR=$(BUILD) $(TORTURE) $(BUILD)/e2e/e2e_pace

# ---- measure ----------------------------------------------------------------

bench: deps-bench ## calls per core, latency, memory, who answers
	@deploy/deps.sh models light
	@$(PARALLEL) all $(BENCHES) $(BENCH_BOT)
	@tests/bench/run.sh $(BUILD)

bench-answer: deps-bench ## who or what has answered: a confusion table
	@deploy/deps.sh models light
	@$(PARALLEL) all $(BENCHES)
	@tests/bench/answer.sh $(BUILD)

bench-speech: deps-test ## the embedded recogniser and voice
	@deploy/deps.sh models all
	@$(PARALLEL) all $(BENCHES)
	@tests/bench/speech.sh $(BUILD)

bench-script: deps-test ## the scripted model on sixty dialogues and thirty more
	@$(PARALLEL) all $(BENCHES)
	@$(BUILD)/bench/bench_script
	@$(BUILD)/bench/bench_script bot/agents/default.script \
		tests/data/dialogues_fresh.txt

# All that a flow test is linked with, for a bot/turn.c of another place.
mutate: deps-test ## is each rule of the turn missed when it is gone? minutes
	@$(PARALLEL) $(filter $(BUILD)/flow/%,$(TESTS)) $(BUILD)/unit/test_turn
	@MUTATE_CC="$(CC) $(subst ",\",$(filter-out -MMD -MP,$(CFLAGS))) $(LDFLAGS)" \
		MUTATE_LIBS="$(LIBTEST) $(LIBSIM) $(LIBBOT) $(LIBSERVER) \
		$(LIBCOMMON) $(LIBS_SERVER) $(LIBS_BOT) $(LIBS_TEST) $(LIBS_COMMON)" \
		tests/flow/mutate.sh $(BUILD)

test-peers: deps-test ## the simulators against the official SDKs
	@$(PARALLEL) all
	@tests/sim/peers/run.sh $(BUILD)

# ---- install ----------------------------------------------------------------

# A bot with keys needs the light models; others go along if they were fetched.
install: all ## programs, agents, units; PREFIX and DESTDIR are honoured
	@deploy/deps.sh models light
	@deploy/install.sh "$(BUILD)" "$(DESTDIR)" "$(PREFIX)"

uninstall: ## remove what install put there, but not what was configured
	@deploy/install.sh "$(BUILD)" "$(DESTDIR)" "$(PREFIX)" remove

test-deploy: all ## what make install and make run do
	@deploy/deps.sh packages systemd
	@BUILD=$(BUILD) tests/deploy/install.sh
	@BUILD=$(BUILD) tests/deploy/run.sh

clean: ## remove what was built
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  %-14s %s\n", $$1, $$2}' \
		$(firstword $(MAKEFILE_LIST))

.PHONY: all tests layers deps deps-build deps-demo deps-test deps-bench \
	deps-lint run demo \
	test check-san san-programs check-asan-gcc check-asan-clang check-tsan lint \
	lint-layers format fuzz fuzzers torture bench bench-answer bench-speech \
	bench-script \
	mutate test-peers install uninstall test-deploy plan clean help
