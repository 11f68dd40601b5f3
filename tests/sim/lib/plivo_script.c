#define _GNU_SOURCE
#include "tests/sim/lib/plivo_script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"

enum {
	WORDS_MAX = 6,
	WORD_MAX = 200,       /* [bytes] with terminator */
	FILE_MAX = 64 * 1024, /* [bytes] of a script */
	HOUR_MS = 3600 * 1000,
	LOOPS_MAX = 1000,
};

struct parser {
	struct psim_script *s;
	const char *dir, *sounds;
	char *why;
	unsigned line, depth;
	char w[WORDS_MAX][WORD_MAX];
	int n; /* words of this line */
};

static int PRINTF_LIKE(2, 3) wrong(struct parser *p, const char *fmt, ...)
{
	int n = snprintf(p->why, 200, "line %u: ", p->line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why + n, 200 - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static bool number(const char *word, uint32_t most, uint32_t *out)
{
	uint64_t n;

	if (str_u64(str_of(word), most, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool real(const char *word, double least, double most, double *out)
{
	char *end;

	*out = strtod(word, &end);
	return end != word && !*end && *out >= least && *out <= most;
}

/* The words @at and on are "KEYWORD N", or nothing is there. */
static bool tail(const struct parser *p, int at, const char *keyword,
                 uint32_t most, uint32_t *out)
{
	if (p->n == at)
		return true;
	return p->n == at + 2 && !strcmp(p->w[at], keyword) &&
	       number(p->w[at + 1], most, out);
}

static int load_clip(struct parser *p, struct psim_command *c)
{
	const char *name = p->w[1], *folders[] = {p->dir, p->sounds};
	struct psim_script *s = p->s;
	struct psim_clip *clips;
	char path[1024];
	int err = -ENOENT;

	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].op == PSIM_OP_PLAY && s->v[i].trim == c->trim &&
		    !strcmp(s->v[i].text, name)) {
			c->clip = s->v[i].clip;
			return 0;
		}
	clips = mem_realloc(s->clips, (s->clip_count + 1) * sizeof(*clips));
	if (!clips)
		return -ENOMEM;
	s->clips = clips;
	if (name[0] == '/')
		err = psim_clip_load(&clips[s->clip_count], name);
	for (size_t i = 0; err == -ENOENT && i < ARRAY_LEN(folders); i++) {
		if (!folders[i])
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		err = psim_clip_load(&clips[s->clip_count], path);
	}
	if (err == -ENOENT)
		return wrong(p, "there is no %s", name);
	if (err)
		return wrong(p, "%s is not 16 bit, mono, 8,000 Hz", name);
	if (c->trim)
		psim_clip_trim(&clips[s->clip_count]);
	c->clip = s->clip_count++;
	return 0;
}

static int op_play(struct parser *p, struct psim_command *c)
{
	c->trim = p->n == 3 && !strcmp(p->w[2], "trim");
	if (p->n != 2 + c->trim || strlen(p->w[1]) >= sizeof(c->text))
		return wrong(p, "play FILE.wav [trim]");
	(void)snprintf(c->text, sizeof(c->text), "%.63s", p->w[1]);
	return load_clip(p, c);
}

static int op_silence(struct parser *p, struct psim_command *c)
{
	return p->n == 2 && number(p->w[1], HOUR_MS, &c->ms)
	               ? 0
	               : wrong(p, "silence MS");
}

static int op_tone(struct parser *p, struct psim_command *c)
{
	return p->n == 4 && real(p->w[1], 50, 3900, &c->hz) &&
	                       number(p->w[2], HOUR_MS, &c->ms) &&
	                       real(p->w[3], -90, 0, &c->dbfs)
	               ? 0
	               : wrong(p, "tone HZ MS DBFS");
}

static int op_wait(struct parser *p, struct psim_command *c)
{
	return tail(p, 1, "max", HOUR_MS, &c->max_ms)
	               ? 0
	               : wrong(p, "%s [max MS]", p->w[0]);
}

static int op_wait_silence(struct parser *p, struct psim_command *c)
{
	return p->n >= 2 && number(p->w[1], HOUR_MS, &c->ms) &&
	                       tail(p, 2, "max", HOUR_MS, &c->max_ms)
	               ? 0
	               : wrong(p, "wait-bot-silence MS [max MS]");
}

static int op_barge_in(struct parser *p, struct psim_command *c)
{
	return p->n >= 3 && !strcmp(p->w[1], "after") &&
	                       number(p->w[2], HOUR_MS, &c->ms) &&
	                       tail(p, 3, "max", HOUR_MS, &c->max_ms)
	               ? 0
	               : wrong(p, "barge-in after MS [max MS]");
}

static int op_dtmf(struct parser *p, struct psim_command *c)
{
	if (p->n != 2 || strlen(p->w[1]) >= sizeof(c->text) ||
	    strspn(p->w[1], "0123456789*#ABCD") != strlen(p->w[1]))
		return wrong(p, "dtmf DIGITS");
	(void)snprintf(c->text, sizeof(c->text), "%.63s", p->w[1]);
	return 0;
}

static int op_repeat(struct parser *p, struct psim_command *c)
{
	if (p->n != 2 || !number(p->w[1], LOOPS_MAX, &c->times) || !c->times)
		return wrong(p, "repeat N (1 to %d)", LOOPS_MAX);
	if (++p->depth > PSIM_SCRIPT_DEPTH)
		return wrong(p, "loops go %d deep", PSIM_SCRIPT_DEPTH);
	return 0;
}

static int op_end(struct parser *p, struct psim_command *c)
{
	(void)c;
	if (p->n != 1 || !p->depth)
		return wrong(p, "end of no loop");
	p->depth--;
	return 0;
}

static int op_hangup(struct parser *p, struct psim_command *c)
{
	(void)c;
	return p->n == 1 ? 0 : wrong(p, "hangup takes nothing");
}

static int set_rest(struct parser *p)
{
	struct psim_rest_fault *f = &p->s->rest;
	const char *what = p->n > 1 ? p->w[1] : "";
	int at = 2;

	f->times = UINT32_MAX;
	if (!strcmp(what, "reset"))
		f->kind = PSIM_REST_RESET;
	else if (!strcmp(what, "lost"))
		f->kind = PSIM_REST_LOST;
	else if (!strcmp(what, "delay"))
		f->kind = PSIM_REST_DELAY;
	else if (!strcmp(what, "status"))
		f->kind = PSIM_REST_STATUS;
	else
		return wrong(p, "rest status|delay|reset|lost");
	if (f->kind == PSIM_REST_STATUS || f->kind == PSIM_REST_DELAY) {
		if (p->n < 3 || !number(p->w[2], HOUR_MS, &f->value) ||
		    (f->kind == PSIM_REST_STATUS &&
		     (f->value < 200 || f->value > 599)))
			return wrong(p, "rest %s N", what);
		at = 3;
	}
	return tail(p, at, "times", 100000, &f->times)
	               ? 0
	               : wrong(p, "rest ... [times K]");
}

static int set_fail(struct parser *p, int code)
{
	p->s->pick_up = PSIM_FAILS;
	p->s->fail_code = code;
	return 0;
}

static int set_drop(struct parser *p)
{
	struct psim_script *s = p->s;

	if (p->n < 3 || p->n > 4 || strcmp(p->w[1], "at") != 0 ||
	    !number(p->w[2], HOUR_MS, &s->drop_ms) || !s->drop_ms)
		return wrong(p, "drop-socket at MS [reconnect]");
	s->reconnect = p->n == 4;
	if (s->reconnect && strcmp(p->w[3], "reconnect") != 0)
		return wrong(p, "drop-socket at MS [reconnect]");
	return 0;
}

static int set_dial(struct parser *p)
{
	static const char *const known[] = {"completed", "no-answer", "busy",
	                                    "failed"};

	for (size_t i = 0; i < ARRAY_LEN(known) && p->n == 3; i++) {
		if (strcmp(known[i], p->w[1]) != 0)
			continue;
		p->s->dial_status = known[i];
		return number(p->w[2], HOUR_MS, &p->s->dial_ms)
		               ? 0
		               : wrong(p, "dial STATUS MS");
	}
	return wrong(p, "dial completed|no-answer|busy|failed MS");
}

/* Lines that say how the call goes. 1: this is none of them. */
static int setting(struct parser *p)
{
	struct psim_script *s = p->s;
	const char *what = p->w[0];
	uint32_t code;

	if (!strcmp(what, "answer"))
		return p->n == 3 && !strcmp(p->w[1], "after") &&
		                       number(p->w[2], HOUR_MS, &s->answer_ms)
		               ? 0
		               : wrong(p, "answer after MS");
	if (!strcmp(what, "begin")) {
		s->begin_at_answer = p->n == 2 && !strcmp(p->w[1], "answer");
		return s->begin_at_answer ||
		                       (p->n == 2 && !strcmp(p->w[1], "stream"))
		               ? 0
		               : wrong(p, "begin answer|stream");
	}
	if (!strcmp(what, "rest"))
		return set_rest(p);
	if (!strcmp(what, "drop-socket"))
		return set_drop(p);
	if (!strcmp(what, "dial"))
		return set_dial(p);
	if (!strcmp(what, "fail"))
		return p->n == 2 && number(p->w[1], 9999, &code)
		               ? set_fail(p, (int)code)
		               : wrong(p, "fail CODE");
	if (!strcmp(what, "webhook"))
		return p->n == 3 && !strcmp(p->w[1], "delay") &&
		                       number(p->w[2], HOUR_MS,
		                              &s->webhook_delay_ms)
		               ? 0
		               : wrong(p, "webhook delay MS");
	if (!strcmp(what, "noise"))
		return p->n == 2 && real(p->w[1], -90, -20, &s->noise_dbfs)
		               ? 0
		               : wrong(p, "noise DBFS (-90 to -20)");
	if (p->n != 1)
		return 1;
	if (!strcmp(what, "no-answer"))
		s->pick_up = PSIM_NO_ANSWER;
	else if (!strcmp(what, "busy"))
		return set_fail(p, 3010);
	else if (!strcmp(what, "rejected"))
		return set_fail(p, 3020);
	else if (!strcmp(what, "machine"))
		s->machine = true;
	else
		return 1;
	return 0;
}

static int command(struct parser *p)
{
	static const struct {
		const char *name;
		enum psim_op op;
		int (*read)(struct parser *p, struct psim_command *c);
	} known[] = {
		{"play", PSIM_OP_PLAY, op_play},
		{"silence", PSIM_OP_SILENCE, op_silence},
		{"tone", PSIM_OP_TONE, op_tone},
		{"wait-stream", PSIM_OP_WAIT_STREAM, op_wait},
		{"wait-bot-speech", PSIM_OP_WAIT_SPEECH, op_wait},
		{"wait-bot-silence", PSIM_OP_WAIT_SILENCE, op_wait_silence},
		{"barge-in", PSIM_OP_BARGE_IN, op_barge_in},
		{"dtmf", PSIM_OP_DTMF, op_dtmf},
		{"repeat", PSIM_OP_REPEAT, op_repeat},
		{"end", PSIM_OP_END, op_end},
		{"hangup", PSIM_OP_HANGUP, op_hangup},
		{"wait-hangup", PSIM_OP_WAIT_HANGUP, op_wait},
	};
	struct psim_script *s = p->s;

	if (s->n == PSIM_SCRIPT_MAX)
		return wrong(p, "more than %d commands", PSIM_SCRIPT_MAX);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		int err;

		if (strcmp(p->w[0], known[i].name) != 0)
			continue;
		s->v[s->n].op = known[i].op;
		err = known[i].read(p, &s->v[s->n]);
		if (!err)
			s->n++;
		return err;
	}
	return wrong(p, "what is \"%.60s\"?", p->w[0]);
}

static int one_line(struct parser *p, struct str line)
{
	int err;

	p->n = 0;
	for (line = str_trim(line); line.len; line = str_trim(line)) {
		size_t len = 0;

		/* After dtmf it is a key. */
		if (line.v[0] == '#' && (!p->n || strcmp(p->w[0], "dtmf") != 0))
			break;
		while (len < line.len && line.v[len] != ' ' &&
		       line.v[len] != '\t')
			len++;
		if (p->n == WORDS_MAX ||
		    str_copy(p->w[p->n], WORD_MAX, str_n(line.v, len)))
			return wrong(p, "too long");
		p->n++;
		line = str_n(line.v + len, line.len - len);
	}
	if (!p->n)
		return 0;
	err = setting(p);
	return err == 1 ? command(p) : err;
}

int psim_script_parse(struct psim_script **sp, const char *text,
                      const char *dir, const char *sounds, char why[200])
{
	struct parser *p = mem_zalloc(sizeof(*p));
	struct str rest = str_of(text);
	int err = 0;

	if (!p)
		return -ENOMEM;
	p->dir = dir;
	p->sounds = sounds;
	p->why = why;
	why[0] = '\0';
	p->s = mem_zalloc(sizeof(*p->s));
	if (!p->s) {
		err = -ENOMEM;
	} else {
		p->s->answer_ms = 500;
		p->s->dial_status = "completed";
		p->s->dial_ms = 1000;
	}
	while (!err && rest.len) {
		p->line++;
		err = one_line(p, str_cut(&rest, '\n'));
	}
	if (!err && p->depth)
		err = wrong(p, "a loop without end");
	if (err)
		psim_script_free(&p->s);
	else
		*sp = p->s;
	mem_free(p);
	return err;
}

int psim_script_load(struct psim_script **sp, const char *path,
                     const char *sounds, char why[200])
{
	const char *slash = strrchr(path, '/');
	char dir[1024], *text;
	FILE *f = fopen(path, "r");
	size_t n;
	int err;

	(void)snprintf(why, 200, "%.150s: cannot be read", path);
	if (!f)
		return -errno;
	(void)snprintf(dir, sizeof(dir), "%.*s",
	               slash ? (int)(slash - path) : 1, slash ? path : ".");
	text = mem_zalloc(FILE_MAX + 1);
	if (!text) {
		fclose(f);
		return -ENOMEM;
	}
	n = fread(text, 1, FILE_MAX, f);
	err = ferror(f) || n == FILE_MAX || memchr(text, 0, n) ? -EINVAL : 0;
	fclose(f);
	if (!err)
		err = psim_script_parse(sp, text, dir, sounds, why);
	mem_free(text);
	return err;
}

void psim_script_free(struct psim_script **sp)
{
	struct psim_script *s = *sp;

	*sp = NULL;
	if (!s)
		return;
	for (size_t i = 0; i < s->clip_count; i++)
		psim_clip_fini(&s->clips[i]);
	mem_free(s->clips);
	mem_free(s);
}

int psim_rest_fault_parse(struct psim_rest_fault *f, const char *text)
{
	struct str times = str_of(text);
	struct str value = str_cut(&times, ':');
	const struct str kind = str_cut(&value, '=');
	uint64_t n = 0, k = UINT32_MAX;

	if ((times.v && str_u64(times, 100000, &k)) ||
	    (value.v && str_u64(value, HOUR_MS, &n)))
		return -EINVAL;
	if (str_eq(kind, "status") && n >= 200 && n <= 599)
		f->kind = PSIM_REST_STATUS;
	else if (str_eq(kind, "failed") && n >= 200 && n <= 599)
		f->kind = PSIM_REST_FAILED;
	else if (str_eq(kind, "delay") && value.v)
		f->kind = PSIM_REST_DELAY;
	else if (str_eq(kind, "reset") && !value.v)
		f->kind = PSIM_REST_RESET;
	else if (str_eq(kind, "lost") && !value.v)
		f->kind = PSIM_REST_LOST;
	else if (str_eq(kind, "ok") && !value.v)
		f->kind = PSIM_REST_OK;
	else
		return -EINVAL;
	f->value = (uint32_t)n;
	f->times = (uint32_t)k;
	return 0;
}
