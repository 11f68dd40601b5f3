#include "bot/net/sse.h"

#include "common/str.h"

void sse_init(struct sse *s)
{
	*s = (struct sse){.has_data = false};
	buf_init(&s->line, SSE_EVENT_MAX);
	buf_init(&s->data, SSE_EVENT_MAX);
}

void sse_fini(struct sse *s)
{
	buf_fini(&s->line);
	buf_fini(&s->data);
}

static int add_data(struct sse *s, struct str value)
{
	int err = s->has_data ? buf_adds(&s->data, "\n") : 0;

	s->has_data = true;
	return err ? err : buf_add(&s->data, value.v, value.len);
}

/* A whole line has come; an empty one ends the event. */
static int end_line(struct sse *s, sse_event_h *handler, void *arg)
{
	struct str line = str_n(buf_str(&s->line), s->line.len);
	struct str name = str_cut(&line, ':');
	int err = 0;

	if (!s->line.len) {
		if (s->has_data)
			err = handler(buf_str(&s->data), s->data.len, arg);
		buf_reset(&s->data);
		s->has_data = false;
	} else if (str_eq(name, "data")) {
		if (str_starts(line, " "))
			line = str_n(line.v + 1, line.len - 1);
		err = add_data(s, line.v ? line : str_n("", 0));
	}
	buf_reset(&s->line);
	return err;
}

int sse_feed(struct sse *s, const char *v, size_t len, sse_event_h *handler,
             void *arg)
{
	while (len) {
		size_t n = 0;
		int err;

		if (s->after_cr && *v == '\n') {
			v++;
			len--;
			s->after_cr = false;
			continue;
		}
		s->after_cr = false;
		while (n < len && v[n] != '\n' && v[n] != '\r')
			n++;
		err = buf_add(&s->line, v, n);
		if (err)
			return err;
		if (n == len)
			return 0;
		s->after_cr = v[n] == '\r';
		v += n + 1;
		len -= n + 1;
		err = end_line(s, handler, arg);
		if (err)
			return err;
	}
	return 0;
}
