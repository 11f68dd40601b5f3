#define _GNU_SOURCE
#include "tests/sim/lib/plivo_xml.h"

#include <errno.h>
#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/sim/lib/plivo_url.h"

enum {
	EXTRA_MAX = 512, /* [bytes] of extraHeaders, Plivo's limit */
	DAY_SEC = 86400, /* streamTimeout when none is given */
};

struct parser {
	XML_Parser xp;
	struct psim_xml *doc;
	struct buf text;
	char *why;
	unsigned depth;
	bool failed;
};

static void PRINTF_LIKE(2, 3) refuse(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	if (p->failed)
		return;
	p->failed = true;
	va_start(ap, fmt);
	vsnprintf(p->why, PSIM_XML_WHY, fmt, ap);
	va_end(ap);
	XML_StopParser(p->xp, XML_FALSE);
}

/* Attribute readers: they refuse what does not fit and go on. */

static bool boolean(struct parser *p, const char *name, const char *value)
{
	if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		refuse(p, "%s=\"%s\" is neither true nor false", name, value);
	return !strcmp(value, "true");
}

static unsigned number(struct parser *p, const char *name, const char *value,
                       unsigned least, unsigned most)
{
	uint64_t n = 0;

	if (str_u64(str_of(value), most, &n) || n < least)
		refuse(p, "%s=\"%s\" is not a number of %u to %u", name, value,
		       least, most);
	return (unsigned)n;
}

static bool is_get(struct parser *p, const char *value)
{
	if (strcmp(value, "GET") != 0 && strcmp(value, "POST") != 0)
		refuse(p, "method \"%s\"", value);
	return !strcmp(value, "GET");
}

static char *copy(struct parser *p, const char *value)
{
	char *text = mem_strdup(value);

	if (!text)
		refuse(p, "no memory");
	return text;
}

static bool web_url(const char *value)
{
	struct psim_url *u = mem_alloc(sizeof(*u));
	const bool ok = u && !psim_url_parse(u, value) &&
	                !strncmp(u->scheme, "http", 4);

	mem_free(u);
	return ok;
}

static void codec(struct parser *p, struct psim_stream_spec *s,
                  const char *value)
{
	static const char *const types[] = {
		[PSIM_ULAW_8K] = "audio/x-mulaw;rate=8000",
		[PSIM_L16_8K] = "audio/x-l16;rate=8000",
		[PSIM_L16_16K] = "audio/x-l16;rate=16000"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (!strcmp(value, types[i])) {
			s->codec = (enum psim_codec)i;
			s->codec_given = true;
			return;
		}
	refuse(p, "contentType=\"%s\"", value);
}

/* k=v pairs, separated by comma or semicolon. */
static void extra_headers(struct parser *p, const char *value)
{
	struct str rest = str_of(value);

	if (rest.len > EXTRA_MAX)
		refuse(p, "extraHeaders of more than 512 bytes");
	for (size_t i = 0; i < rest.len; i++) {
		const unsigned char c = (unsigned char)rest.v[i];

		if (c <= ' ' || c >= 0x7f || strchr("\"\\{}<>", c))
			refuse(p, "extraHeaders with a character of code %u",
			       c);
	}
	while (rest.len && !p->failed) {
		struct str v = str_n(rest.v, strcspn(rest.v, ",;"));
		const struct str k = str_cut(&v, '=');
		const char *end = v.v ? v.v + v.len : NULL;

		if (!k.len || !end) {
			refuse(p, "extraHeaders is not k=v,k=v");
			return;
		}
		end += *end ? 1 : 0;
		rest = str_of(end);
	}
}

static void stream_attr(struct parser *p, struct psim_step *step, const char *k,
                        const char *v, const char **track)
{
	struct psim_stream_spec *s = &step->stream;

	if (!strcmp(k, "bidirectional"))
		s->bidirectional = boolean(p, k, v);
	else if (!strcmp(k, "keepCallAlive"))
		s->keep_alive = boolean(p, k, v);
	else if (!strcmp(k, "contentType"))
		codec(p, s, v);
	else if (!strcmp(k, "audioTrack"))
		*track = v;
	else if (!strcmp(k, "streamTimeout"))
		s->timeout_sec = number(p, k, v, 1, DAY_SEC);
	else if (!strcmp(k, "statusCallbackMethod"))
		s->status_get = is_get(p, v);
	else if (!strcmp(k, "noiseCancellation"))
		(void)boolean(p, k, v);
	else if (!strcmp(k, "noiseCancellationLevel"))
		(void)number(p, k, v, 60, 100);
	else if (!strcmp(k, "statusCallbackUrl") && !s->status_url) {
		if (!web_url(v))
			refuse(p, "statusCallbackUrl=\"%.80s\"", v);
		s->status_url = copy(p, v);
	} else if (!strcmp(k, "extraHeaders") && !s->extra_headers) {
		extra_headers(p, v);
		s->extra_headers = copy(p, v);
	} else
		refuse(p, "<Stream> has no attribute \"%.60s\"", k);
}

static void stream_open(struct parser *p, struct psim_step *step,
                        const char **attr)
{
	const char *track = "inbound";

	step->stream.timeout_sec = DAY_SEC;
	for (; *attr && !p->failed; attr += 2)
		stream_attr(p, step, attr[0], attr[1], &track);
	if (strcmp(track, "inbound") != 0 && strcmp(track, "outbound") != 0 &&
	    strcmp(track, "both") != 0)
		refuse(p, "audioTrack=\"%.40s\"", track);
	if (step->stream.bidirectional && strcmp(track, "inbound") != 0)
		refuse(p, "a bidirectional stream has audioTrack=\"inbound\"");
}

static void hangup_open(struct parser *p, struct psim_step *step,
                        const char **attr)
{
	for (; *attr; attr += 2) {
		if (!strcmp(attr[0], "schedule"))
			step->seconds = number(p, attr[0], attr[1], 1, DAY_SEC);
		else if (strcmp(attr[0], "reason") != 0)
			refuse(p, "<Hangup> has no attribute \"%.60s\"",
			       attr[0]);
		else if (strcmp(attr[1], "rejected") != 0 &&
		         strcmp(attr[1], "busy") != 0)
			refuse(p, "reason=\"%.60s\"", attr[1]);
		else
			(void)snprintf(step->reason, sizeof(step->reason), "%s",
			               attr[1]);
	}
}

static void dial_open(struct parser *p, struct psim_step *step,
                      const char **attr)
{
	step->seconds = 120;
	for (; *attr && !p->failed; attr += 2) {
		const char *k = attr[0], *v = attr[1];

		if (!strcmp(k, "timeout"))
			step->seconds = number(p, k, v, 5, DAY_SEC);
		else if (!strcmp(k, "method"))
			step->get = is_get(p, v);
		else if (!strcmp(k, "callerId") && !step->caller_id)
			step->caller_id = copy(p, v);
		else if (!strcmp(k, "action") && !step->action && web_url(v))
			step->action = copy(p, v);
		else
			refuse(p, "<Dial %.40s=\"%.80s\">", k, v);
	}
}

/* Whom a <Dial> calls: one of them is what we know. */
static void dialled_open(struct parser *p, const char *name)
{
	if (p->depth != 3 ||
	    (strcmp(name, "Number") != 0 && strcmp(name, "User") != 0) ||
	    p->text.len)
		refuse(p, "<%.60s> inside <Dial>", name);
}

/* The small elements: a list of the attributes they may have. */
static void others_open(struct parser *p, struct psim_step *step,
                        const char **attr)
{
	static const char *const allowed[] = {
		[PSIM_SPEAK] = " voice language loop ",
		[PSIM_PLAY] = " loop ",
		[PSIM_WAIT] = " length silence minSilence beep ",
		[PSIM_REDIRECT] = " method ",
	};

	for (; *attr; attr += 2) {
		char spaced[64];

		(void)snprintf(spaced, sizeof(spaced), " %.60s ", attr[0]);
		if (!strstr(allowed[step->verb], spaced))
			refuse(p, "<%s> has no attribute \"%.60s\"", step->name,
			       attr[0]);
		if (!strcmp(attr[0], "method"))
			step->get = is_get(p, attr[1]);
		else if (!strcmp(attr[0], "length"))
			step->seconds = number(p, attr[0], attr[1], 1, DAY_SEC);
		else if (!strcmp(attr[0], "loop"))
			(void)number(p, attr[0], attr[1], 0, 1000);
	}
}

static bool find_verb(const char *name, enum psim_verb *verb)
{
	static const struct {
		const char *name;
		enum psim_verb verb;
	} known[] = {{"Stream", PSIM_STREAM},    {"Hangup", PSIM_HANGUP},
	             {"Speak", PSIM_SPEAK},      {"Play", PSIM_PLAY},
	             {"Wait", PSIM_WAIT},        {"Redirect", PSIM_REDIRECT},
	             {"Record", PSIM_OTHER},     {"Dial", PSIM_DIAL},
	             {"Conference", PSIM_OTHER}, {"MultiPartyCall", PSIM_OTHER},
	             {"GetDigits", PSIM_OTHER},  {"GetInput", PSIM_OTHER},
	             {"PreAnswer", PSIM_OTHER},  {"DTMF", PSIM_OTHER},
	             {"Message", PSIM_OTHER}};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(name, known[i].name)) {
			*verb = known[i].verb;
			return true;
		}
	return false;
}

static void step_open(struct parser *p, const char *name, const char **attr)
{
	struct psim_step *step = &p->doc->v[p->doc->n];

	if (p->doc->n == PSIM_XML_STEPS) {
		refuse(p, "more than %d elements", PSIM_XML_STEPS);
		return;
	}
	if (!find_verb(name, &step->verb)) {
		refuse(p, "<%.60s> is no element of Plivo", name);
		return;
	}
	p->doc->n++;
	step->name = copy(p, name);
	if (!step->name)
		return;
	if (step->verb == PSIM_STREAM)
		stream_open(p, step, attr);
	else if (step->verb == PSIM_HANGUP)
		hangup_open(p, step, attr);
	else if (step->verb == PSIM_DIAL)
		dial_open(p, step, attr);
	else if (step->verb != PSIM_OTHER)
		others_open(p, step, attr);
	buf_reset(&p->text);
}

static void XMLCALL on_open(void *arg, const char *name, const char **attr)
{
	struct parser *p = arg;

	p->depth++;
	if (p->failed)
		return;
	if (p->depth == 1 && (strcmp(name, "Response") != 0 || *attr))
		refuse(p, "the root is not a plain <Response>");
	else if (p->depth == 2)
		step_open(p, name, attr);
	else if (p->depth > 2 && p->doc->v[p->doc->n - 1].verb == PSIM_DIAL)
		dialled_open(p, name);
	else if (p->depth > 2 && p->doc->v[p->doc->n - 1].verb != PSIM_OTHER)
		refuse(p, "<%.60s> inside <%s>", name,
		       p->doc->v[p->doc->n - 1].name);
}

static void stream_url(struct parser *p, const char *text)
{
	struct psim_url *u = mem_alloc(sizeof(*u));

	if (!u || strlen(text) > PSIM_STREAM_URL_MAX ||
	    psim_url_parse(u, text) || strncmp(u->scheme, "ws", 2) != 0 ||
	    strchr(text, '#'))
		refuse(p, "stream URL \"%.90s\" (%zu characters)", text,
		       strlen(text));
	mem_free(u);
}

static void step_close(struct parser *p)
{
	struct psim_step *step = &p->doc->v[p->doc->n - 1];
	const struct str text = str_trim(str_n(buf_str(&p->text), p->text.len));

	step->text = mem_strndup(text.v, text.len);
	if (!step->text)
		refuse(p, "no memory");
	else if (step->verb == PSIM_STREAM)
		stream_url(p, step->text);
	else if ((step->verb == PSIM_REDIRECT || step->verb == PSIM_PLAY) &&
	         !web_url(step->text))
		refuse(p, "<%s> with the URL \"%.90s\"", step->name,
		       step->text);
	else if ((step->verb == PSIM_SPEAK || step->verb == PSIM_DIAL) &&
	         !text.len)
		refuse(p, "<%s> without text", step->name);
	else if ((step->verb == PSIM_HANGUP || step->verb == PSIM_WAIT) &&
	         text.len)
		refuse(p, "<%s> with text", step->name);
}

static void XMLCALL on_close(void *arg, const char *name)
{
	struct parser *p = arg;

	(void)name;
	p->depth--;
	if (p->depth == 1 && !p->failed)
		step_close(p);
}

static void XMLCALL on_text(void *arg, const char *v, int len)
{
	struct parser *p = arg;

	if (p->failed)
		return;
	if (p->depth == 1) {
		if (str_trim(str_n(v, (size_t)len)).len)
			refuse(p, "text between the elements");
	} else if (buf_add(&p->text, v, (size_t)len)) {
		refuse(p, "no memory");
	}
}

/* No document of Plivo's has one, and entities could grow without bound. */
static void XMLCALL on_doctype(void *arg, const char *name, const char *sysid,
                               const char *pubid, int internal)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)internal;
	refuse(arg, "a document type");
}

int psim_xml_parse(struct psim_xml **xp, const char *text, size_t len,
                   char why[PSIM_XML_WHY])
{
	struct parser p = {.why = why};
	int err = 0;

	(void)snprintf(why, PSIM_XML_WHY, "more than 100 KB");
	if (len > PSIM_XML_MAX)
		return -EINVAL;
	p.doc = mem_zalloc(sizeof(*p.doc));
	p.xp = XML_ParserCreate(NULL);
	if (!p.doc || !p.xp) {
		err = -ENOMEM;
		goto out;
	}
	buf_init(&p.text, PSIM_XML_MAX);
	XML_SetUserData(p.xp, &p);
	XML_SetElementHandler(p.xp, on_open, on_close);
	XML_SetCharacterDataHandler(p.xp, on_text);
	XML_SetStartDoctypeDeclHandler(p.xp, on_doctype);
	if (XML_Parse(p.xp, text, (int)len, 1) != XML_STATUS_OK) {
		if (!p.failed)
			(void)snprintf(why, PSIM_XML_WHY, "line %lu: %s",
			               XML_GetCurrentLineNumber(p.xp),
			               XML_ErrorString(XML_GetErrorCode(p.xp)));
		err = -EINVAL;
	}
	buf_fini(&p.text);
out:
	if (p.xp)
		XML_ParserFree(p.xp);
	if (err)
		psim_xml_free(&p.doc);
	else
		*xp = p.doc;
	return err;
}

void psim_xml_free(struct psim_xml **xp)
{
	struct psim_xml *x = *xp;

	*xp = NULL;
	if (!x)
		return;
	for (size_t i = 0; i < x->n; i++) {
		mem_free(x->v[i].name);
		mem_free(x->v[i].text);
		mem_free(x->v[i].action);
		mem_free(x->v[i].caller_id);
		mem_free(x->v[i].stream.status_url);
		mem_free(x->v[i].stream.extra_headers);
	}
	mem_free(x);
}

const char *psim_codec_type(enum psim_codec c)
{
	return c == PSIM_ULAW_8K ? "audio/x-mulaw" : "audio/x-l16";
}

unsigned psim_codec_hz(enum psim_codec c)
{
	return c == PSIM_L16_16K ? 16000 : 8000;
}
