#include "common/opt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/dotenv.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

enum {
	NAME_MAX_LEN = 64, /* [bytes] of a name that is compared for typing */
	SHADOWED_MAX = 4096,
};

struct opt_set {
	char **texts; /* one per row; NULL where the default stands */
	const struct opt *table;
	size_t n;
	struct buf shadowed;
};

/* Edits (insert, delete, change, swap neighbours) that turn @a into @b. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][NAME_MAX_LEN + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *row = rows[i % 3], *up = rows[(i + 2) % 3];
		const unsigned *two_up = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = up[j - 1] + (a[i - 1] != b[j - 1]);

			if (up[j] + 1 < best)
				best = up[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && two_up[j - 2] + 1 < best)
				best = two_up[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[la % 3][lb];
}

/* Short names have too many honest neighbours: HOST is no misspelt PORT. */
static bool looks_like(const char *name, const char *ours)
{
	size_t len = strlen(ours);
	unsigned d = distance(name, ours);

	return d && d <= (len < 5 ? 0U : len < 8 ? 1U : 2U);
}

static bool is_ours(const struct opt *table, size_t n, const char *const *known,
                    const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(table[i].name, name))
			return true;
	for (; known && *known; known++)
		if (!strcmp(*known, name))
			return true;
	return false;
}

static int check_typing(const struct opt *table, size_t n,
                        const char *const *known, const struct dotenv *env,
                        struct buf *faults)
{
	const char *name;
	int err = 0;

	name = dotenv_name(env, 0);
	for (size_t i = 1; name && !err; name = dotenv_name(env, i++)) {
		const char *ours = NULL;

		if (is_ours(table, n, known, name))
			continue;
		for (size_t j = 0; j < n && !ours; j++)
			if (looks_like(name, table[j].name))
				ours = table[j].name;
		if (ours)
			err = buf_addf(faults,
			               "%s in .env is unknown: write %s if you "
			               "mean that\n",
			               name, ours);
	}
	return err;
}

/* Index of @v among the choices, or -1. */
static int choice(const struct opt *o, const char *v)
{
	struct str rest = str_of(o->choices);

	for (int i = 0; rest.v; i++) {
		struct str c = str_cut(&rest, '|');
		bool same = c.len == strlen(v) &&
		            ((o->flags & OPT_NOCASE) ? str_eq_nocase(c, v)
		                                     : str_eq(c, v));

		if (same)
			return i;
	}
	return -1;
}

/* Put @v into the struct. A fault of the value is a line in @faults; then the
 * default is there. */
static int set(const struct opt *o, char *cfg, const char *v,
               struct buf *faults);

static int fault(const struct opt *o, char *cfg, struct buf *faults)
{
	int err =
		o->type == OPT_NUMBER
			? buf_addf(faults,
	                           "%s must be a number from %u to %u: set "
	                           "one\n",
	                           o->name, o->min, o->max)
			: buf_addf(faults, "%s must be one of %s: choose one\n",
	                           o->name, o->choices);

	return err ? err : set(o, cfg, o->def, faults);
}

static int set(const struct opt *o, char *cfg, const char *v,
               struct buf *faults)
{
	void *member = cfg + o->offset;
	uint64_t number;
	int index;

	switch (o->type) {
	case OPT_TEXT:
		memcpy(member, &v, sizeof(v));
		return 0;
	case OPT_NUMBER:
		if (!v)
			return 0;
		if (str_u64(str_of(v), o->max, &number) || number < o->min)
			return fault(o, cfg, faults);
		memcpy(member, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
		return 0;
	case OPT_CHOICE:
	default:
		index = v ? choice(o, v) : 0;
		if (index < 0)
			return fault(o, cfg, faults);
		memcpy(member, &index, sizeof(index));
		return 0;
	}
}

static const char *unless_empty(const char *v)
{
	return v && *v ? v : NULL;
}

/* The value of one row, by precedence. */
static int pick(struct opt_set *s, const struct opt *o,
                const struct dotenv *env, const char **out)
{
	// Nobody changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe)
	const char *outer = unless_empty(getenv(o->name));
	const char *inner = NULL;

	if (!(o->flags & OPT_ENV_ONLY))
		inner = unless_empty(dotenv_get(env, o->name));
	*out = outer ? outer : inner;
	if (outer && inner && strcmp(outer, inner) != 0)
		return buf_addf(&s->shadowed, "%s%s",
		                s->shadowed.len ? ", " : "", o->name);
	return 0;
}

static int fill(struct opt_set *s, char *cfg, const struct dotenv *env,
                struct buf *faults)
{
	int err = 0;

	for (size_t i = 0; i < s->n && !err; i++) {
		const char *v;

		err = pick(s, &s->table[i], env, &v);
		if (!err && v) {
			s->texts[i] = mem_strdup(v);
			if (!s->texts[i])
				return -ENOMEM;
		}
		if (!err)
			err = set(&s->table[i], cfg,
			          s->texts[i] ? s->texts[i] : s->table[i].def,
			          faults);
	}
	return err;
}

int opt_load(struct opt_set **sp, const struct opt *table, size_t n, void *cfg,
             const char *dotenv, const char *const *known, struct buf *faults)
{
	struct opt_set *s = mem_zalloc(sizeof(*s));
	struct dotenv *env = NULL;
	size_t had = faults->len;
	bool filled = false;
	int err = -ENOMEM;

	if (!s)
		return -ENOMEM;
	s->table = table;
	s->n = n;
	buf_init(&s->shadowed, SHADOWED_MAX);
	s->texts = mem_zalloc(n * sizeof(*s->texts));
	if (!s->texts)
		goto out;

	err = dotenv ? dotenv_read(&env, dotenv, faults)
	             : dotenv_parse(&env, str_of(""), "", faults);
	if (err)
		goto out;
	err = check_typing(table, n, known, env, faults);
	if (!err)
		err = fill(s, cfg, env, faults);
	filled = !err;
	if (!err && faults->len != had)
		err = -EINVAL;
out:
	dotenv_free(&env);
	if (!filled)
		opt_free(&s);
	*sp = s;
	return err;
}

bool opt_given(const struct opt_set *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->table[i].name, name))
			return s->texts[i] != NULL;
	return false;
}

const char *opt_shadowed(const struct opt_set *s)
{
	return buf_str(&s->shadowed);
}

/* The password of "scheme://user:password@host" or "...?password=it"; empty if
 * there is none. */
static struct str password_of(const char *url)
{
	static const char name[] = "password=";
	const char *user = strstr(url, "://"), *at, *from;

	user = user ? user + 3 : url + strlen(url);
	at = user + strcspn(user, "@/?");
	from = user + strcspn(user, ":@/?");
	if (*at == '@' && *from == ':')
		return str_n(from + 1, (size_t)(at - from - 1));
	from = strstr(user, name);
	from = from ? from + strlen(name) : url + strlen(url);
	return str_n(from, strcspn(from, "&"));
}

static int print_login(struct buf *out, const char *url)
{
	struct str secret = password_of(url);
	int err = buf_add(out, url, (size_t)(secret.v - url));

	if (!err && secret.len)
		err = buf_adds(out, "***");
	return err ? err : buf_adds(out, secret.v + secret.len);
}

static int print_value(struct buf *out, const struct opt *o, const char *cfg)
{
	struct str rest = str_of(o->choices), c = rest;
	uint32_t number;
	const char *text;
	int index;

	switch (o->type) {
	case OPT_TEXT:
		memcpy(&text, cfg + o->offset, sizeof(text));
		if (text && (o->flags & OPT_SECRET))
			text = "***";
		if (text && (o->flags & OPT_LOGIN))
			return print_login(out, text);
		return buf_adds(out, text ? text : "");
	case OPT_NUMBER:
		memcpy(&number, cfg + o->offset, sizeof(number));
		return buf_addf(out, "%u", number);
	case OPT_CHOICE:
	default:
		memcpy(&index, cfg + o->offset, sizeof(index));
		for (; index >= 0 && rest.v; index--)
			c = str_cut(&rest, '|');
		return buf_add(out, c.v, c.len);
	}
}

int opt_print(struct buf *out, const struct opt *table, size_t n,
              const void *cfg)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		err = buf_addf(out, "%s=", table[i].name);
		if (!err)
			err = print_value(out, &table[i], cfg);
		if (!err)
			err = buf_adds(out, "\n");
	}
	return err;
}

void opt_hide(const struct opt *table, size_t n, const void *cfg)
{
	for (size_t i = 0; i < n; i++) {
		const char *text;
		struct str rest;

		if (table[i].type != OPT_TEXT ||
		    !(table[i].flags & (OPT_SECRET | OPT_LOGIN)))
			continue;
		memcpy(&text, (const char *)cfg + table[i].offset,
		       sizeof(text));
		if (text && (table[i].flags & OPT_LOGIN)) {
			const struct str secret = password_of(text);

			(void)log_hide(secret.v, secret.len);
			continue;
		}
		for (rest = str_of(text ? text : ""); rest.len;) {
			const struct str item = str_trim(str_cut(&rest, ','));

			/* One that is too short to hide is no secret. */
			(void)log_hide(item.v, item.len);
		}
	}
}

/* @text as a comment of lines of at most 78 columns. */
static int add_comment(struct buf *out, const char *text)
{
	struct str rest = str_of(text);
	size_t column = 0;
	int err = 0;

	while (rest.v && !err) {
		struct str word = str_cut(&rest, ' ');

		if (!column || column + 1 + word.len > 78) {
			err = buf_addf(out, "%s# ", column ? "\n" : "");
			column = 2;
		} else {
			err = buf_adds(out, " ");
			column++;
		}
		if (!err)
			err = buf_add(out, word.v, word.len);
		column += word.len;
	}
	return err ? err : buf_adds(out, "\n");
}

static int add_row(struct buf *out, const struct opt *o)
{
	int err = add_comment(out, o->help);

	if (!err && o->type == OPT_NUMBER)
		err = buf_addf(out, "# (%u to %u)\n", o->min, o->max);
	if (!err && o->type == OPT_CHOICE)
		err = buf_addf(out, "# (%s)\n", o->choices);
	if (!err)
		err = buf_addf(out, "%s%s=%s\n",
		               (o->flags & OPT_EXAMPLE) ? "" : "#", o->name,
		               o->def ? o->def : "");
	return err;
}

int opt_example(struct buf *out, struct buf *seen, const struct opt *table,
                size_t n)
{
	const char *group = "";
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct opt *o = &table[i];
		struct buf key;

		buf_init(&key, NAME_MAX_LEN + 2);
		err = buf_addf(&key, "\n%s\n", o->name);
		if (err || strstr(buf_str(seen), buf_str(&key))) {
			buf_fini(&key);
			continue;
		}
		buf_fini(&key);
		if (strcmp(group, o->group) != 0)
			err = buf_addf(out, "%s# ---- %s ----\n",
			               out->len ? "\n" : "", o->group);
		group = o->group;
		if (!err)
			err = buf_adds(out, "\n");
		if (!err)
			err = add_row(out, o);
		if (!err)
			err = buf_addf(seen, "%s%s\n", seen->len ? "" : "\n",
			               o->name);
	}
	return err;
}

void opt_free(struct opt_set **sp)
{
	struct opt_set *s = *sp;

	if (!s)
		return;
	for (size_t i = 0; s->texts && i < s->n; i++)
		mem_free(s->texts[i]);
	mem_free(s->texts);
	buf_fini(&s->shadowed);
	mem_free(s);
	*sp = NULL;
}
