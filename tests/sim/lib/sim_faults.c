#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/sim.h"

enum { BOMB_RESET, BOMB_HALF_OPEN, BOMB_CLOSE, BOMB_GARBAGE };

static void do_reset(void *arg)
{
	struct simws_faults *f = arg;

	simws_cut(f->ws);
}

static void do_half_open(void *arg)
{
	struct simws_faults *f = arg;

	simws_freeze(f->ws);
}

static void do_close(void *arg)
{
	struct simws_faults *f = arg;
	const char *reason = strchr(f->close_arg, '/');
	struct str code = str_of(f->close_arg);
	uint64_t n = SIMWS_NO_CODE;

	code = str_cut(&code, '/');
	if (str_u64(code, 4999, &n))
		n = 1011;
	simws_close(f->ws, (int)n, reason ? reason + 1 : "");
}

static void do_garbage(void *arg)
{
	struct simws_faults *f = arg;

	simws_text(f->ws, "{\"type\":", 8);
}

/* Reads for 20 ms, then lets the peer wait. */
static void do_read(void *arg)
{
	struct simws_faults *f = arg;

	f->reading = !f->reading;
	simws_pause(f->ws, !f->reading);
	timer_start(f->sim->timers, &f->read, f->reading ? 20 : f->read_ms,
	            do_read, f);
}

void simws_faults_arm(struct simws_faults *f, struct sim *s, struct simws *ws,
                      unsigned stream)
{
	static const struct {
		const char *name;
		timer_h *run;
	} bombs[] = {
		[BOMB_RESET] = {"reset", do_reset},
		[BOMB_HALF_OPEN] = {"half-open", do_half_open},
		[BOMB_CLOSE] = {"close", do_close},
		[BOMB_GARBAGE] = {"garbage", do_garbage},
	};
	const struct simfault *fault;

	*f = (struct simws_faults){.sim = s, .ws = ws};
	for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
		fault = sim_fault(s, bombs[i].name, stream);
		if (!fault)
			continue;
		if (i == BOMB_CLOSE)
			memcpy(f->close_arg, fault->arg, sizeof(fault->arg));
		timer_start(s->timers, &f->timer[i], fault->at_ms, bombs[i].run,
		            f);
	}
	fault = sim_fault(s, "cut-after", stream);
	if (fault)
		simws_cut_after(ws, simfault_number(fault, 1000));
	fault = sim_fault(s, "fragment", stream);
	if (fault)
		simws_fragment(ws, simfault_number(fault, 100));
	fault = sim_fault(s, "slow-read", stream);
	if (fault) {
		f->read_ms = simfault_number(fault, 1000);
		f->reading = true;
		do_read(f);
	}
}

void simws_faults_disarm(struct simws_faults *f)
{
	if (!f->sim)
		return;
	for (size_t i = 0; i < ARRAY_LEN(f->timer); i++)
		timer_stop(f->sim->timers, &f->timer[i]);
	timer_stop(f->sim->timers, &f->read);
}
