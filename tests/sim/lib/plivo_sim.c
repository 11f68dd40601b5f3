#define _GNU_SOURCE
#include "tests/sim/lib/plivo_sim.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/crypto.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_call.h"
#include "tests/sim/lib/plivo_hook.h"
#include "tests/sim/lib/plivo_rest.h"

enum {
	LAST_WORDS_MS = 3000, /* for webhooks once we are told to stop */
	SETTLE_MS = 300,      /* for sockets that close */
	CALLS_KEPT = 20000,   /* ended calls, for CDRs */
	WORDS_MAX = 1 << 20,  /* [bytes] of a vocabulary */
};

/* What somebody does for whom no script was written. */
static const char default_script[] = "answer after 500\n"
				     "wait-bot-speech max 15000\n"
				     "wait-bot-silence 1200 max 30000\n"
				     "silence 500\n"
				     "hangup\n";

void psim_uuid(char out[PSIM_UUID_LEN])
{
	uint8_t v[16];

	crypto_random(v, sizeof(v));
	v[6] = (uint8_t)((v[6] & 0x0f) | 0x40);
	v[8] = (uint8_t)((v[8] & 0x3f) | 0x80);
	(void)snprintf(out, PSIM_UUID_LEN,
	               "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	               "%02x%02x%02x%02x%02x%02x",
	               v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8],
	               v[9], v[10], v[11], v[12], v[13], v[14], v[15]);
}

void psim_note(struct psim *s, const struct psim_call *c, const char *event,
               json_t *extra)
{
	psim_journal_put(&s->journal, event, c ? c->uuid : NULL,
	                 c ? psim_call_ms(c) : -1, extra);
}

static void complain(struct psim *s, const struct psim_call *c,
                     const char *event, const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	psim_note(s, c, event,
	          json_pack("{s:o}", "what",
	                    json_stringn_nocheck(text, strlen(text))));
}

void psim_violation(struct psim *s, const struct psim_call *c, const char *fmt,
                    ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(s, c, "violation", fmt, ap);
	va_end(ap);
}

void psim_warning(struct psim *s, const struct psim_call *c, const char *fmt,
                  ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(s, c, "warning", fmt, ap);
	va_end(ap);
}

struct psim_script *psim_script_for(const struct psim *s, const char *number)
{
	for (size_t i = 0; i < s->o->callee_count; i++)
		if (!strcmp(s->o->callees[i].number, number))
			return s->scripts[i];
	return s->scripts[PSIM_CALLEES_MAX];
}

static int load_scripts(struct psim *s)
{
	const struct psim_options *o = s->o;
	char why[200];
	int err = 0;

	for (size_t i = 0; !err && i < o->callee_count; i++)
		err = psim_script_load(&s->scripts[i], o->callees[i].path,
		                       o->sounds, why);
	if (!err && o->default_script)
		err = psim_script_load(&s->scripts[PSIM_CALLEES_MAX],
		                       o->default_script, o->sounds, why);
	else if (!err)
		err = psim_script_parse(&s->scripts[PSIM_CALLEES_MAX],
		                        default_script, NULL, o->sounds, why);
	if (err)
		fprintf(stderr, "plivo-sim: script: %s\n", why);
	return err;
}

static int load_words(struct psim *s)
{
	FILE *f;
	int err = 0;

	if (!s->o->words)
		return 0;
	f = fopen(s->o->words, "r");
	s->vocabulary = f ? mem_zalloc(WORDS_MAX + 1) : NULL;
	if (!s->vocabulary ||
	    fread(s->vocabulary, 1, WORDS_MAX, f) == WORDS_MAX || ferror(f))
		err = -EINVAL;
	if (f)
		fclose(f);
	if (err)
		fprintf(stderr, "plivo-sim: %s: no file of words\n",
		        s->o->words);
	return err;
}

static int write_ready(const struct psim *s)
{
	char url[128], tmp[1024];
	FILE *f;
	int err = 0;

	(void)snprintf(url, sizeof(url), "http://%.*s:%d",
	               (int)(strrchr(s->o->listen, ':') - s->o->listen),
	               s->o->listen, s->port);
	fprintf(stderr, "listening url=%s\n", url);
	if (!s->o->ready_file)
		return 0;
	(void)snprintf(tmp, sizeof(tmp), "%s.tmp%ld", s->o->ready_file,
	               (long)getpid());
	f = fopen(tmp, "w");
	if (!f)
		return -errno;
	if (fprintf(f, "%s\n", url) < 0)
		err = -EIO;
	if (fclose(f) || err || rename(tmp, s->o->ready_file))
		err = -EIO;
	return err;
}

static void on_bad_request(const char *why, void *arg)
{
	psim_violation(arg, NULL, "REST: %s", why);
}

int psim_start(struct psim *s, const struct psim_options *o)
{
	int err;

	memset(s, 0, sizeof(*s));
	s->o = o;
	s->fault = o->fault;
	list_init(&s->calls);
	list_init(&s->hooks);
	err = psim_journal_open(&s->journal, o->journal, o->quiet);
	if (err) {
		fprintf(stderr, "plivo-sim: journal: %s\n", err_str(err));
		return err;
	}
	err = load_scripts(s);
	if (!err)
		err = load_words(s);
	if (!err)
		err = psim_loop_init(&s->loop, o->ca);
	if (err) {
		psim_journal_close(&s->journal);
		return err;
	}
	err = psim_httpd_open(&s->httpd, &s->loop, o->listen, &s->port,
	                      psim_rest_handle, on_bad_request, s);
	if (!err)
		err = write_ready(s);
	if (err) {
		fprintf(stderr, "plivo-sim: %s: %s\n", o->listen, err_str(err));
		psim_fini(s);
	}
	return err;
}

static void on_quit(void *arg)
{
	struct psim *s = arg;

	psim_loop_stop(&s->loop);
}

static void leave_in(struct psim *s, uint32_t ms)
{
	psim_timer(&s->loop, &s->quit, ms, on_quit, s);
}

void psim_stop(struct psim *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	for (struct link *l = s->calls.next; l != &s->calls; l = l->next)
		psim_call_end(psim_call_of(l), 5010, "Plivo");
	leave_in(s, s->hook_count ? LAST_WORDS_MS : SETTLE_MS);
}

/* Bound what is remembered; the newest are the ones somebody asks for. */
static void forget_oldest(struct psim *s)
{
	struct link *l = s->calls.next;

	if (s->ended > CALLS_KEPT && l != &s->calls) {
		struct psim_call *c = psim_call_of(l);

		if (c->state == PSIM_ENDED &&
		    c->ended_us + 60000000 < psim_now_us())
			psim_call_free(&c);
	}
}

void psim_settled(struct psim *s)
{
	if (s->stopping) {
		if (!s->hook_count)
			leave_in(s, SETTLE_MS);
		return;
	}
	forget_oldest(s);
	if (s->o->exit_after && s->ended >= s->o->exit_after &&
	    s->ended == s->call_count) {
		s->stopping = true;
		leave_in(s, s->hook_count ? LAST_WORDS_MS : SETTLE_MS);
	}
}

static void on_signal(uv_signal_t *sig, int number)
{
	(void)number;
	psim_stop(sig->data);
}

void psim_run(struct psim *s)
{
	uv_signal_t term, intr;

	signal(SIGPIPE, SIG_IGN);
	uv_signal_init(&s->loop.uv, &term);
	uv_signal_init(&s->loop.uv, &intr);
	term.data = intr.data = s;
	uv_signal_start(&term, on_signal, SIGTERM);
	uv_signal_start(&intr, on_signal, SIGINT);
	psim_loop_run(&s->loop);
	uv_close((uv_handle_t *)&term, NULL);
	uv_close((uv_handle_t *)&intr, NULL);
	uv_run(&s->loop.uv, UV_RUN_NOWAIT);
}

void psim_fini(struct psim *s)
{
	psim_timer_stop(&s->loop, &s->quit);
	psim_timer_stop(&s->loop, &s->turn);
	psim_httpd_close(&s->httpd);
	while (!list_empty(&s->calls)) {
		struct psim_call *c = psim_call_of(s->calls.next);

		psim_call_end(c, 5010, "Plivo");
		psim_call_free(&c);
	}
	psim_hook_close_all(s);
	psim_loop_fini(&s->loop);
	for (size_t i = 0; i < ARRAY_LEN(s->scripts); i++)
		psim_script_free(&s->scripts[i]);
	mem_free(s->vocabulary);
	psim_journal_close(&s->journal);
}
