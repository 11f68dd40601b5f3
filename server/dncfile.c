#include "server/dncfile.h"

#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/str.h"
#include "server/app.h"
#include "server/number.h"
#include "server/store/dnc.h"

enum {
	FIELD_MAX = 64,    /* [bytes] a number with decoration */
	EXPORT_LINE = 256, /* [bytes] */
};

struct import {
	struct store *s;
	struct buf *said;
	struct dncfile_sums *sums;
	int column;
	char numbers[STORE_DNC_BATCH][NUMBER_MAX];
	size_t n; /* that wait for their transaction */
};

static bool is_separator(char c)
{
	return c == ',' || c == ';' || c == '\t';
}

/* One field of @line, without its quotes; what is too long is cut. The rest of
 * the line begins behind the separator; rest->v is NULL at its end. */
static void cut_field(struct str *rest, char field[FIELD_MAX])
{
	size_t n = 0, at = 0;
	bool quoted = false;

	while (at < rest->len && (quoted || !is_separator(rest->v[at]))) {
		char c = rest->v[at++];

		if (c == '"')
			quoted = !quoted;
		else if (n < FIELD_MAX - 1)
			field[n++] = c;
	}
	field[n] = '\0';
	if (at == rest->len)
		rest->v = NULL;
	else
		*rest = str_n(rest->v + at + 1, rest->len - at - 1);
}

/* Does the first line name a column of numbers? */
static bool read_names(struct import *im, struct str line)
{
	static const char *const names[] = {"phone_number", "number", "phone",
	                                    "telephone"};
	char field[FIELD_MAX];

	for (int column = 0; line.v; column++) {
		struct str name;

		cut_field(&line, field);
		name = str_trim(str_of(field));
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			if (str_eq_nocase(name, names[i])) {
				im->column = column;
				return true;
			}
	}
	return false;
}

static int flush(struct import *im)
{
	const char *numbers[STORE_DNC_BATCH];
	unsigned fresh = 0;
	int err;

	for (size_t i = 0; i < im->n; i++)
		numbers[i] = im->numbers[i];
	err = im->n ? store_dnc_add_all(im->s, numbers, im->n, app_now_ms(),
	                                &fresh)
	            : 0;
	im->sums->fresh += fresh;
	im->n = 0;
	return err;
}

/* What does not fit is counted all the same. */
static int tell_bad(struct import *im, unsigned long at, const char *field)
{
	int err = 0;

	if (im->sums->bad++ < DNCFILE_TOLD_MAX)
		err = buf_addf(im->said,
		               "line %lu: \"%s\" is no telephone number\n", at,
		               field);
	return err == -ENOMEM ? err : 0;
}

static int take_line(struct import *im, unsigned long at, struct str line)
{
	char field[FIELD_MAX] = "";
	struct str rest = line;

	if (at == 1 && read_names(im, line))
		return 0;
	for (int column = 0; column <= im->column; column++) {
		field[0] = '\0';
		if (rest.v)
			cut_field(&rest, field);
	}
	if (number_parse(im->numbers[im->n], str_of(field)))
		return tell_bad(im, at, field);
	im->sums->taken++;
	return ++im->n == STORE_DNC_BATCH ? flush(im) : 0;
}

/* The next line without its end; false at the end of the file. One that is too
 * long is cut, and so is no number. */
static bool next_line(FILE *in, char line[DNCFILE_LINE_MAX])
{
	size_t n;
	int c;

	if (!fgets(line, DNCFILE_LINE_MAX, in))
		return false;
	n = strlen(line);
	if (n == DNCFILE_LINE_MAX - 1 && line[n - 1] != '\n')
		for (c = getc(in); c != EOF && c != '\n'; c = getc(in))
			;
	return true;
}

int dncfile_import(struct store *s, FILE *in, struct buf *said,
                   struct dncfile_sums *sums)
{
	struct import im = {.s = s, .said = said, .sums = sums};
	char line[DNCFILE_LINE_MAX];
	int err = 0;

	memset(sums, 0, sizeof(*sums));
	for (unsigned long at = 1; !err && next_line(in, line); at++) {
		struct str text = str_of(line);

		/* What some programs begin a file with. */
		if (at == 1 && str_starts(text, "\xef\xbb\xbf"))
			text = str_n(text.v + 3, text.len - 3);
		text = str_trim(text);
		if (text.len && text.v[0] != '#')
			err = take_line(&im, at, text);
	}
	if (!err)
		err = flush(&im);
	if (!err && ferror(in))
		err = -EIO;
	return err;
}

/* ---- the other way ---- */

struct writing {
	dncfile_line_h *h;
	void *arg;
	char last[NUMBER_MAX]; /* the list goes on behind it */
	unsigned long n;
};

static int write_one(const struct store_dnc *d, void *arg)
{
	struct writing *wr = arg;
	char since[APP_TIME_MAX], line[EXPORT_LINE];

	snprintf(wr->last, sizeof(wr->last), "%s", d->number);
	snprintf(line, sizeof(line), "%s,%s,%s\n", d->number,
	         app_time(since, d->at_ms), d->call_id ? d->call_id : "");
	wr->n++;
	return wr->h(line, wr->arg);
}

int dncfile_export(struct store *s, dncfile_line_h *h, void *arg,
                   unsigned long *n)
{
	struct writing wr = {.h = h, .arg = arg};
	unsigned long before;
	int err = h("phone_number,since,call_id\n", arg);

	do {
		before = wr.n;
		if (err >= 0)
			err = store_dnc_list(s, wr.last, write_one, &wr);
	} while (err >= 0 && wr.n > before);
	*n = wr.n;
	return err < 0 ? err : 0;
}
