#include "server/csv.h"

#include <string.h>

#include "common/err.h"

void csv_init(struct csv *c, struct str text)
{
	memset(c, 0, sizeof(*c));
	if (str_starts(text, "\xef\xbb\xbf"))
		text = str_n(text.v + 3, text.len - 3);
	c->rest = text;
	c->line = 1;
	buf_init(&c->cells, text.len);
}

void csv_fini(struct csv *c)
{
	buf_fini(&c->cells);
}

/* Length of the line break at @i, 0 if there is none; the end is none. */
static size_t line_break(struct str t, size_t i)
{
	if (i < t.len && t.v[i] == '\n')
		return 1;
	if (i < t.len && t.v[i] == '\r')
		return i + 1 < t.len && t.v[i + 1] == '\n' ? 2 : 1;
	return 0;
}

static void skip(struct csv *c, size_t n)
{
	c->rest = str_n(c->rest.v + n, c->rest.len - n);
}

static void skip_line(struct csv *c)
{
	size_t i = 0;

	while (i < c->rest.len && !line_break(c->rest, i))
		i++;
	skip(c, i + line_break(c->rest, i));
	c->line++;
}

/* From behind the quote at @*i to behind the one that closes it. */
static int read_quoted(struct csv *c, size_t *i, unsigned *lines,
                       const char **why)
{
	struct str t = c->rest;
	size_t at = *i + 1;
	int err = 0;

	for (; at < t.len && !err; at++) {
		if (t.v[at] == '"') {
			if (at + 1 >= t.len || t.v[at + 1] != '"')
				break;
			at++;
		}
		*lines += t.v[at] == '\n';
		err = buf_add(&c->cells, t.v + at, 1);
	}
	if (err)
		return err;
	*why = "a quote is not closed";
	if (at >= t.len)
		return ERR_PROTO;
	*i = at + 1;
	*why = "there is something behind a closing quote";
	if (*i < t.len && t.v[*i] != ',' && !line_break(t, *i))
		return ERR_PROTO;
	return 0;
}

static int read_plain(struct csv *c, size_t *i, const char **why)
{
	struct str t = c->rest;
	size_t at = *i;
	int err;

	while (at < t.len && t.v[at] != ',' && t.v[at] != '"' &&
	       !line_break(t, at))
		at++;
	*why = "there is a quote inside a cell";
	if (at < t.len && t.v[at] == '"')
		return ERR_PROTO;
	err = buf_add(&c->cells, t.v + *i, at - *i);
	*i = at;
	return err;
}

static int read_record(struct csv *c, const char **why)
{
	unsigned lines = 1;
	size_t i = 0;
	int err;

	for (;;) {
		*why = "there are too many cells";
		if (c->n == CSV_CELLS_MAX)
			return ERR_PROTO;
		c->begins[c->n] = c->cells.len;
		if (i < c->rest.len && c->rest.v[i] == '"')
			err = read_quoted(c, &i, &lines, why);
		else
			err = read_plain(c, &i, why);
		if (err)
			return err;
		c->begins[++c->n] = c->cells.len;
		if (i >= c->rest.len || c->rest.v[i] != ',')
			break;
		i++;
	}
	skip(c, i + line_break(c->rest, i));
	c->line += lines;
	return 1;
}

int csv_next(struct csv *c, const char **why)
{
	int err;

	while (c->rest.len && line_break(c->rest, 0))
		skip_line(c);
	if (!c->rest.len)
		return 0;
	c->at_line = c->line;
	c->n = 0;
	buf_reset(&c->cells);
	err = read_record(c, why);
	if (err == ERR_PROTO)
		skip_line(c);
	return err;
}

struct str csv_cell(const struct csv *c, unsigned i)
{
	return str_n(buf_str(&c->cells) + c->begins[i],
	             c->begins[i + 1] - c->begins[i]);
}

int csv_put(struct buf *out, const char *text)
{
	int err = 0;

	if (!text)
		return 0;
	/* A telephone number is left as it is. */
	if (strchr("=@\t\r", text[0]) && text[0])
		err = buf_adds(out, "'");
	if (!err && !strpbrk(text, ",\"\r\n"))
		return buf_adds(out, text);
	if (!err)
		err = buf_adds(out, "\"");
	for (; *text && !err; text++)
		err = *text == '"' ? buf_adds(out, "\"\"")
		                   : buf_add(out, text, 1);
	return err ? err : buf_adds(out, "\"");
}
