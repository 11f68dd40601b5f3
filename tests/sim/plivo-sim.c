/*
 * plivo-sim - Plivo and the person called, for demo, tests and benches
 *
 * Serves the REST API of Plivo, calls webhooks, reads answer XML and streams
 * the voice of a scripted callee (tests/sim/lib/plivo_script.h has the
 * language) to the bot. It is strict: what Plivo's reference does not allow is
 * kept as a violation. It says what it did, never what the bot understood.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/str.h"
#include "tests/sim/lib/plivo_sim.h"

static const char usage[] =
	"usage: plivo-sim [options]\n"
	"  --listen HOST:PORT      127.0.0.1:0; port 0 takes a free one\n"
	"  --ready-file PATH       gets the URL once it serves\n"
	"  --auth-id ID            MAXXXXXXXXXXXXXXXXXX\n"
	"  --auth-token TOKEN      simulated-auth-token\n"
	"  --main-token TOKEN      of the main account; the same\n"
	"  --number NUMBER         rented for 'from' (repeatable; none: any)\n"
	"  --barred PREFIX         destinations answered with 403\n"
	"  --callee NUMBER=SCRIPT  who answers there (repeatable)\n"
	"  --script SCRIPT         who answers elsewhere\n"
	"  --sounds DIR            recordings that scripts play\n"
	"  --record DIR            a stereo WAV a call: callee left, bot "
	"right\n"
	"  --journal FILE          JSON lines of all that happened\n"
	"  --quiet                 nothing of that on standard output\n"
	"  --tones                 'heard' lists the tones of the speech\n"
	"  --words FILE            a 'word' for each that the bot's tones\n"
	"                          say, of those in it (see wordtone.h)\n"
	"  --word-scale F          length of these tones, 1\n"
	"  --cps N                 calls a second, 2; 0: no limit\n"
	"  --rate N                requests in 5 s, 300; 0: no limit\n"
	"  --setup MS              before it rings, 50\n"
	"  --sign on|off|bad       signatures, on\n"
	"  --stream-scheme S       as which upgrades are signed, http\n"
	"  --stream-form ref|strings|bare   shape of stream messages\n"
	"  --stream-events docs|guide       names of stream callbacks\n"
	"  --stream-retry MS       between attempts to connect, 500\n"
	"  --close-code N          of the stream at the end, 1000; 0: none\n"
	"  --send-stop             a stop event before that\n"
	"  --ping MS               pings to the bot; 0: none\n"
	"  --pause MS              longer silence is no underrun, 1000\n"
	"  --webhook-delay MS      every webhook is late\n"
	"  --duplicate             callbacks are delivered twice\n"
	"  --shuffle               callbacks come late and out of order\n"
	"  --rest-fault F[:TIMES]  status=N, delay=MS, reset; lost, failed=N:\n"
	"                          the call is placed all the same\n"
	"  --unclear N             so many of 100 calls get one of these\n"
	"  --stalls N              so many of 100 of them no answer, for 25 s\n"
	"  --ca FILE               certificates for https and wss\n"
	"  --exit-after-calls N    and their last webhooks\n"
	"  --fail-on-violation     exit status 3 when there was one\n"
	"  --help\n"
	"GET /sim/state, /sim/journal?since=N; POST /sim/hangup/UUID,\n"
	"/sim/drop/UUID, /sim/dtmf/UUID/DIGITS, /sim/fault (body as above)\n";

enum option_id {
	OPT_LISTEN = 256,
	OPT_READY,
	OPT_ID,
	OPT_TOKEN,
	OPT_MAIN,
	OPT_NUMBER,
	OPT_BARRED,
	OPT_CALLEE,
	OPT_SCRIPT,
	OPT_SOUNDS,
	OPT_RECORD,
	OPT_JOURNAL,
	OPT_QUIET,
	OPT_TONES,
	OPT_WORDS,
	OPT_SCALE,
	OPT_CPS,
	OPT_RATE,
	OPT_SETUP,
	OPT_SIGN,
	OPT_SCHEME,
	OPT_FORM,
	OPT_EVENTS,
	OPT_RETRY,
	OPT_CLOSE,
	OPT_STOP,
	OPT_PING,
	OPT_PAUSE,
	OPT_HOOK,
	OPT_DUPLICATE,
	OPT_SHUFFLE,
	OPT_FAULT,
	OPT_UNCLEAR,
	OPT_STALLS,
	OPT_CA,
	OPT_EXIT,
	OPT_FAIL,
	OPT_HELP,
};

static const struct option options[] = {
	{"listen", 1, NULL, OPT_LISTEN},
	{"ready-file", 1, NULL, OPT_READY},
	{"auth-id", 1, NULL, OPT_ID},
	{"auth-token", 1, NULL, OPT_TOKEN},
	{"main-token", 1, NULL, OPT_MAIN},
	{"number", 1, NULL, OPT_NUMBER},
	{"barred", 1, NULL, OPT_BARRED},
	{"callee", 1, NULL, OPT_CALLEE},
	{"script", 1, NULL, OPT_SCRIPT},
	{"sounds", 1, NULL, OPT_SOUNDS},
	{"record", 1, NULL, OPT_RECORD},
	{"journal", 1, NULL, OPT_JOURNAL},
	{"quiet", 0, NULL, OPT_QUIET},
	{"tones", 0, NULL, OPT_TONES},
	{"words", 1, NULL, OPT_WORDS},
	{"word-scale", 1, NULL, OPT_SCALE},
	{"cps", 1, NULL, OPT_CPS},
	{"rate", 1, NULL, OPT_RATE},
	{"setup", 1, NULL, OPT_SETUP},
	{"sign", 1, NULL, OPT_SIGN},
	{"stream-scheme", 1, NULL, OPT_SCHEME},
	{"stream-form", 1, NULL, OPT_FORM},
	{"stream-events", 1, NULL, OPT_EVENTS},
	{"stream-retry", 1, NULL, OPT_RETRY},
	{"close-code", 1, NULL, OPT_CLOSE},
	{"send-stop", 0, NULL, OPT_STOP},
	{"ping", 1, NULL, OPT_PING},
	{"pause", 1, NULL, OPT_PAUSE},
	{"webhook-delay", 1, NULL, OPT_HOOK},
	{"duplicate", 0, NULL, OPT_DUPLICATE},
	{"shuffle", 0, NULL, OPT_SHUFFLE},
	{"rest-fault", 1, NULL, OPT_FAULT},
	{"unclear", 1, NULL, OPT_UNCLEAR},
	{"stalls", 1, NULL, OPT_STALLS},
	{"ca", 1, NULL, OPT_CA},
	{"exit-after-calls", 1, NULL, OPT_EXIT},
	{"fail-on-violation", 0, NULL, OPT_FAIL},
	{"help", 0, NULL, OPT_HELP},
	{NULL, 0, NULL, 0}};

static bool text_option(struct psim_options *o, int id, const char *value)
{
	switch (id) {
	case OPT_LISTEN:
		o->listen = value;
		break;
	case OPT_READY:
		o->ready_file = value;
		break;
	case OPT_ID:
		o->auth_id = value;
		break;
	case OPT_TOKEN:
		o->auth_token = value;
		break;
	case OPT_MAIN:
		o->main_token = value;
		break;
	case OPT_BARRED:
		o->barred = value;
		break;
	case OPT_SCRIPT:
		o->default_script = value;
		break;
	case OPT_SOUNDS:
		o->sounds = value;
		break;
	case OPT_RECORD:
		o->record_dir = value;
		break;
	case OPT_JOURNAL:
		o->journal = value;
		break;
	case OPT_WORDS:
		o->words = value;
		break;
	case OPT_CA:
		o->ca = value;
		break;
	default:
		return false;
	}
	return true;
}

static bool flag_option(struct psim_options *o, int id)
{
	bool *const flags[] = {
		[OPT_QUIET - OPT_LISTEN] = &o->quiet,
		[OPT_TONES - OPT_LISTEN] = &o->tones,
		[OPT_STOP - OPT_LISTEN] = &o->send_stop,
		[OPT_DUPLICATE - OPT_LISTEN] = &o->duplicate,
		[OPT_SHUFFLE - OPT_LISTEN] = &o->shuffle,
		[OPT_FAIL - OPT_LISTEN] = &o->fail_on_violation,
	};
	const size_t i = (size_t)(id - OPT_LISTEN);

	if (i >= ARRAY_LEN(flags) || !flags[i])
		return false;
	*flags[i] = true;
	return true;
}

/* 1: taken; 0: not a number; -1: a bad one. */
static int number_option(struct psim_options *o, int id, const char *value)
{
	uint32_t *const numbers[] = {
		[OPT_RATE - OPT_LISTEN] = &o->rate_limit,
		[OPT_SETUP - OPT_LISTEN] = &o->setup_ms,
		[OPT_RETRY - OPT_LISTEN] = &o->retry_ms,
		[OPT_PING - OPT_LISTEN] = &o->ping_ms,
		[OPT_PAUSE - OPT_LISTEN] = &o->hole_max_ms,
		[OPT_HOOK - OPT_LISTEN] = &o->hook_ms,
		[OPT_EXIT - OPT_LISTEN] = &o->exit_after,
		[OPT_UNCLEAR - OPT_LISTEN] = &o->unclear,
		[OPT_STALLS - OPT_LISTEN] = &o->stalls,
	};
	const size_t i = (size_t)(id - OPT_LISTEN);
	uint64_t n;

	if (id == OPT_CLOSE) {
		if (str_u64(str_of(value), 4999, &n) || (n && n < 1000))
			return -1;
		o->close_code = (int)n;
		return 1;
	}
	if (id == OPT_CPS || id == OPT_SCALE) {
		double *to = id == OPT_CPS ? &o->cps : &o->word_scale;
		char *end;

		*to = strtod(value, &end);
		return end != value && !*end && *to >= 0 ? 1 : -1;
	}
	if (i >= ARRAY_LEN(numbers) || !numbers[i])
		return 0;
	if (str_u64(str_of(value), 3600 * 1000, &n))
		return -1;
	*numbers[i] = (uint32_t)n;
	return 1;
}

/* The index of @value in a list of words that ends in NULL, or -1. */
static int word(const char *value, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(value, words[i]))
			return i;
	return -1;
}

static bool add_callee(struct psim_options *o, char *value)
{
	char *equals = strchr(value, '=');

	if (!equals || o->callee_count == PSIM_CALLEES_MAX)
		return false;
	*equals = '\0';
	o->callees[o->callee_count].number = value + (*value == '+');
	o->callees[o->callee_count++].path = equals + 1;
	return true;
}

static bool other_option(struct psim_options *o, int id, char *value)
{
	static const char *const signs[] = {"on", "off", "bad", NULL};
	static const char *const forms[] = {"ref", "strings", "bare", NULL};
	static const char *const events[] = {"docs", "guide", NULL};
	static const char *const schemes[] = {"http", "https", "wss", "ws",
	                                      NULL};
	int n = 0;

	if (!value)
		return false;
	switch (id) {
	case OPT_SIGN:
		n = word(value, signs);
		o->sign = (enum psim_signing)n;
		break;
	case OPT_FORM:
		n = word(value, forms);
		o->form = (enum psim_form)n;
		break;
	case OPT_EVENTS:
		n = word(value, events);
		o->guide_events = n == 1;
		break;
	case OPT_SCHEME:
		n = word(value, schemes);
		o->stream_scheme = value;
		break;
	case OPT_NUMBER:
		if (o->number_count == PSIM_NUMBERS_MAX)
			return false;
		o->numbers[o->number_count++] = value;
		break;
	case OPT_CALLEE:
		return add_callee(o, value);
	case OPT_FAULT:
		return !psim_rest_fault_parse(&o->fault, value);
	default:
		return false;
	}
	return n >= 0;
}

/* 0: go on; 1: help was asked for; 2: a bad option. */
static int read_options(struct psim_options *o, int argc, char **argv)
{
	int id;

	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		const char *value = optarg ? optarg : "";
		int n;

		if (id == OPT_HELP)
			return 1;
		if (id == '?')
			return 2;
		if (text_option(o, id, value) || flag_option(o, id))
			continue;
		n = number_option(o, id, value);
		if (n == 1 || (!n && other_option(o, id, optarg)))
			continue;
		fprintf(stderr, "plivo-sim: option --%s: \"%s\"\n",
		        options[id - OPT_LISTEN].name, value);
		return 2;
	}
	return optind < argc ? 2 : 0;
}

int main(int argc, char **argv)
{
	/* Large, and there is one of each. */
	static struct psim_options o = {
		.listen = "127.0.0.1:0",
		.auth_id = "MAXXXXXXXXXXXXXXXXXX",
		.auth_token = "simulated-auth-token",
		.sounds = "/usr/share/asterisk/sounds/en_US_f_Allison",
		.stream_scheme = "http",
		.cps = 2,
		.word_scale = 1,
		.rate_limit = 300,
		.setup_ms = 50,
		.retry_ms = 500,
		.hole_max_ms = 1000,
		.close_code = 1000,
	};
	static struct psim s;
	unsigned violations;

	switch (read_options(&o, argc, argv)) {
	case 0:
		break;
	case 1:
		fputs(usage, stdout);
		return 0;
	default:
		fputs("plivo-sim: see --help\n", stderr);
		return 2;
	}
	if (o.record_dir)
		(void)mkdir(o.record_dir, 0777);
	if (psim_start(&s, &o))
		return 1;
	psim_run(&s);
	violations = s.journal.violations;
	psim_fini(&s);
	return o.fail_on_violation && violations ? 3 : 0;
}
