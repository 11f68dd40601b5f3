#define _POSIX_C_SOURCE 200809L
#include "common/dotenv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

struct entry {
	struct entry *next;
	char *name, *value;
};

struct dotenv {
	struct entry *first, **tail;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Length of the name at the beginning of @s. */
static size_t name_len(struct str s)
{
	size_t n = 0;

	while (n < s.len &&
	       (s.v[n] == '_' || (s.v[n] >= 'A' && s.v[n] <= 'Z') ||
	        (s.v[n] >= 'a' && s.v[n] <= 'z') ||
	        (n && s.v[n] >= '0' && s.v[n] <= '9')))
		n++;
	return n;
}

static struct entry *find(const struct dotenv *d, struct str name)
{
	for (struct entry *e = d->first; e; e = e->next)
		if (str_eq(name, e->name))
			return e;
	return NULL;
}

/* Append what ${...} stands for; @ref is what the braces hold. */
static int add_reference(const struct dotenv *d, struct buf *out,
                         struct str ref)
{
	struct str name = str_n(ref.v, name_len(ref));
	struct str rest = str_n(ref.v + name.len, ref.len - name.len);
	const struct entry *e = find(d, name);
	char key[128];
	const char *v;

	if (str_copy(key, sizeof(key), name))
		return ERR_LIMIT;
	/* Nobody changes the environment while it is read. */
	// NOLINTNEXTLINE(concurrency-mt-unsafe)
	v = getenv(key);
	if (!v || !*v)
		v = e ? e->value : NULL;
	if (v && *v)
		return buf_adds(out, v);
	return str_starts(rest, ":-") ? buf_add(out, rest.v + 2, rest.len - 2)
	                              : 0;
}

/* Expand a reference at the beginning of @s; @used is its length, 0 if there
 * is none. */
static int expand(const struct dotenv *d, struct buf *out, struct str s,
                  size_t *used)
{
	const char *end;

	*used = 0;
	if (!str_starts(s, "${"))
		return 0;
	end = memchr(s.v, '}', s.len);
	if (!end || !name_len(str_n(s.v + 2, s.len - 2)))
		return 0;
	*used = (size_t)(end - s.v) + 1;
	return add_reference(d, out, str_n(s.v + 2, *used - 3));
}

static int plain_value(const struct dotenv *d, struct buf *out, struct str s)
{
	int err = 0;

	for (size_t i = 0; i < s.len; i++)
		if (s.v[i] == '#' && (!i || is_blank(s.v[i - 1])))
			s.len = i;
	s = str_trim(s);
	while (s.len && !err) {
		size_t used;

		err = expand(d, out, s, &used);
		if (!err && !used) {
			err = buf_add(out, s.v, 1);
			used = 1;
		}
		s = str_n(s.v + used, s.len - used);
	}
	return err;
}

static char unescaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

/* @s begins with a quote. -EINVAL: it does not end, or more follows. */
static int quoted_value(const struct dotenv *d, struct buf *out, struct str s)
{
	char quote = s.v[0];
	size_t i = 1, used;
	int err = 0;

	while (i < s.len && s.v[i] != quote && !err) {
		if (quote == '"' && s.v[i] == '\\' && i + 1 < s.len) {
			char c = unescaped(s.v[i + 1]);

			if (!strchr("nrt\"\\$", s.v[i + 1]))
				err = buf_add(out, "\\", 1);
			if (!err)
				err = buf_add(out, &c, 1);
			i += 2;
			continue;
		}
		used = 0;
		if (quote == '"')
			err = expand(d, out, str_n(s.v + i, s.len - i), &used);
		if (!err && !used) {
			err = buf_add(out, &s.v[i], 1);
			used = 1;
		}
		i += used;
	}
	if (err)
		return err;
	if (i >= s.len)
		return -EINVAL;
	s = str_trim(str_n(s.v + i + 1, s.len - i - 1));
	return s.len && s.v[0] != '#' ? -EINVAL : 0;
}

static int put(struct dotenv *d, struct str name, struct buf *value)
{
	struct entry *e = find(d, name);
	char *text = mem_strdup(buf_str(value));

	if (!text)
		return -ENOMEM;
	if (e) {
		mem_free(e->value);
		e->value = text;
		return 0;
	}
	e = mem_zalloc(sizeof(*e));
	if (e)
		e->name = mem_strndup(name.v, name.len);
	if (!e || !e->name) {
		mem_free(e);
		mem_free(text);
		return -ENOMEM;
	}
	e->value = text;
	*d->tail = e;
	d->tail = &e->next;
	return 0;
}

/* -EINVAL: not a line of this format. */
static int parse_line(struct dotenv *d, struct str line)
{
	struct buf value;
	struct str name;
	int err;

	line = str_trim(line);
	if (!line.len || line.v[0] == '#')
		return 0;
	if (str_starts(line, "export") && line.len > 6 && is_blank(line.v[6]))
		line = str_trim(str_n(line.v + 6, line.len - 6));
	name = str_n(line.v, name_len(line));
	line = str_trim(str_n(line.v + name.len, line.len - name.len));
	if (!name.len || !line.len || line.v[0] != '=')
		return -EINVAL;
	line = str_trim(str_n(line.v + 1, line.len - 1));

	buf_init(&value, DOTENV_VALUE_MAX);
	if (line.len && (line.v[0] == '"' || line.v[0] == '\''))
		err = quoted_value(d, &value, line);
	else
		err = plain_value(d, &value, line);
	if (!err && value.len && memchr(value.v, '\0', value.len))
		err = -EINVAL;
	if (!err)
		err = put(d, name, &value);
	buf_fini(&value);
	return err;
}

int dotenv_parse(struct dotenv **dp, struct str text, const char *name,
                 struct buf *faults)
{
	struct dotenv *d = mem_zalloc(sizeof(*d));
	unsigned n = 0;
	int err = 0;

	if (!d)
		return -ENOMEM;
	d->tail = &d->first;
	if (str_starts(text, "\xef\xbb\xbf"))
		text = str_n(text.v + 3, text.len - 3);

	while (text.v && err != -ENOMEM) {
		int bad = parse_line(d, str_cut(&text, '\n'));

		n++;
		if (!bad)
			continue;
		err = bad == -ENOMEM ? bad : -EINVAL;
		if (buf_addf(faults, "%s: line %u: %s\n", name, n,
		             bad == -EINVAL ? "write NAME=value"
		                            : err_str(bad)))
			err = -ENOMEM;
	}
	if (err)
		dotenv_free(&d);
	*dp = d;
	return err;
}

static int read_all(int fd, struct buf *text)
{
	char piece[4096];
	ssize_t n;
	int err = 0;

	while (!err) {
		n = read(fd, piece, sizeof(piece));
		if (n < 0)
			return -errno;
		if (!n)
			return 0;
		err = buf_add(text, piece, (size_t)n);
	}
	return err;
}

int dotenv_read(struct dotenv **dp, const char *path, struct buf *faults)
{
	struct buf text;
	int fd, err = 0;

	buf_init(&text, DOTENV_FILE_MAX);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		err = -errno;
	if (fd >= 0) {
		err = read_all(fd, &text);
		close(fd);
	}
	if (err) {
		int more = buf_addf(faults, "%s: %s\n", path, err_str(err));

		err = more ? more : err;
	} else {
		err = dotenv_parse(dp, str_n(buf_str(&text), text.len), path,
		                   faults);
	}
	buf_fini(&text);
	return err;
}

const char *dotenv_get(const struct dotenv *d, const char *name)
{
	const struct entry *e = find(d, str_of(name));

	return e ? e->value : NULL;
}

const char *dotenv_name(const struct dotenv *d, size_t i)
{
	const struct entry *e = d->first;

	for (; e && i; i--)
		e = e->next;
	return e ? e->name : NULL;
}

void dotenv_free(struct dotenv **dp)
{
	struct entry *e = *dp ? (*dp)->first : NULL;

	while (e) {
		struct entry *next = e->next;

		mem_free(e->name);
		mem_free(e->value);
		mem_free(e);
		e = next;
	}
	mem_free(*dp);
	*dp = NULL;
}
