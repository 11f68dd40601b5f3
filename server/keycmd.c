#define _POSIX_C_SOURCE 200809L
#include "server/keycmd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/str.h"
#include "server/access.h"
#include "server/app.h"
#include "server/budget.h"
#include "server/ledgercmd.h"
#include "server/store/keys.h"
#include "server/store/store.h"

enum {
	KEY_LEN = 2 * (CRYPTO_ID_LEN - 1) + 4, /* [bytes] with terminator */
};

static const char usage_text[] =
	"usage: dialout-server key add NAME [--scope start,read,admin] [--rate "
	"N] "
	"[--budget S]\n"
	"       dialout-server key list\n"
	"       dialout-server key revoke NAME\n"
	"\n"
	"  --scope   what it may do: start calls, read them (the default is "
	"start,read),\n"
	"            admin: pause and resume\n"
	"  --rate    calls it may start: a number a minute, or a list such as "
	"10/minute,\n"
	"            100/hour,500/day\n"
	"  --budget  seconds that its calls may talk, together: a number a "
	"day, "
	"or such a\n"
	"            list; each call reserves CALL_TIME_LIMIT until it has "
	"ended\n";

static bool name_ok(const char *name)
{
	size_t n = strlen(name);

	return n && n < ACCESS_NAME_MAX && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
	                    "WXYZ0123456789_.-") == n &&
	       strcmp(name, "env") != 0 && strcmp(name, "open") != 0;
}

static bool scopes_ok(const char *scopes)
{
	struct str rest = str_of(scopes);

	while (rest.v) {
		struct str one = str_cut(&rest, ',');

		if (!str_eq(one, "start") && !str_eq(one, "read") &&
		    !str_eq(one, "admin"))
			return false;
	}
	return true;
}

/* One option and its value. 0, or why not. */
static const char *read_option(struct store_key *k, const char *name,
                               const char *value)
{
	struct budget b;

	if (!strcmp(name, "--scope")) {
		k->scopes = value;
		return scopes_ok(value) ? NULL
		                        : "--scope is start, read, admin, or "
		                          "several with commas";
	}
	if (!strcmp(name, "--rate")) {
		if (budget_parse(&b, value, BUDGET_MINUTE))
			return "--rate is a number of calls a minute, or a "
			       "list such as 10/minute,500/day";
		k->rates = value;
		return NULL;
	}
	if (!strcmp(name, "--budget")) {
		if (budget_parse(&b, value, BUDGET_DAY))
			return "--budget is a number of seconds a day, or a "
			       "list such as 600/hour,3600/day";
		k->budgets = value;
		return NULL;
	}
	return "there is no such option";
}

static void make_key(char text[KEY_LEN], char hash[2 * CRYPTO_SHA256_LEN + 1])
{
	uint8_t digest[CRYPTO_SHA256_LEN];
	char a[CRYPTO_ID_LEN], b[CRYPTO_ID_LEN];

	crypto_id(a);
	crypto_id(b);
	snprintf(text, KEY_LEN, "dk_%s%s", a, b);
	crypto_sha256(digest, text, strlen(text));
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hash + 2 * i, 3, "%02x", digest[i]);
}

static int add(struct store *s, struct buf *out, int argc, char **argv)
{
	char text[KEY_LEN], hash[2 * CRYPTO_SHA256_LEN + 1];
	struct store_key k = {.name = argv[0],
	                      .hash = hash,
	                      .scopes = "start,read",
	                      .created_ms = app_now_ms()};
	int err;

	if (!name_ok(k.name))
		return ledgercmd_say(out, LEDGERCMD_USAGE,
		                     "dialout-server: a key's name has at most "
		                     "%d of [A-Za-z0-9_.-] and is neither env "
		                     "nor open: choose another\n",
		                     ACCESS_NAME_MAX - 1);
	for (int i = 1; i < argc; i += 2) {
		const char *why =
			i + 1 < argc ? read_option(&k, argv[i], argv[i + 1])
				     : "it needs a value";

		if (why)
			return ledgercmd_say(out, LEDGERCMD_USAGE,
			                     "dialout-server: %s: %s. See "
			                     "dialout-server key --help\n",
			                     argv[i], why);
	}
	make_key(text, hash);
	err = store_key_add(s, &k);
	if (err == -EEXIST)
		return ledgercmd_say(
			out, LEDGERCMD_FAILED,
			"dialout-server: there is or was a key %s: choose "
			"another name\n",
			k.name);
	if (err)
		return ledgercmd_say(out, LEDGERCMD_FAILED,
		                     "dialout-server: the ledger failed: %s. "
		                     "Look at DATABASE_URL\n",
		                     err_str(err));
	return ledgercmd_say(out, 0, "%s\n", text);
}

/* The day and minute, or "-". */
static void write_time(char dst[32], int64_t ms)
{
	time_t sec = (time_t)(ms / 1000);
	struct tm tm;

	if (!ms || !gmtime_r(&sec, &tm))
		snprintf(dst, 32, "-");
	else
		strftime(dst, 32, "%Y-%m-%dT%H:%MZ", &tm);
}

/* What was given then, or a number of a ledger of before. */
static const char *write_limit(char dst[32], const char *list, int64_t v)
{
	if (list)
		return list;
	if (v)
		snprintf(dst, 32, "%" PRId64, v);
	else
		snprintf(dst, 32, "-");
	return dst;
}

static int list_one(const struct store_key *k, void *arg)
{
	char rate[32], budget[32], created[32], revoked[32];

	write_time(created, k->created_ms);
	write_time(revoked, k->revoked_ms);
	return buf_addf(arg, "%-24s %-11s %8s %10s  %-18s %s\n", k->name,
	                k->scopes, write_limit(rate, k->rates, k->rate),
	                write_limit(budget, k->budgets, k->budget), created,
	                revoked);
}

static int list(struct store *s, struct buf *out)
{
	int err = buf_addf(out, "%-24s %-11s %8s %10s  %-18s %s\n", "name",
	                   "scope", "rate", "budget", "made", "revoked");

	if (!err)
		err = store_keys(s, list_one, out);
	if (err) {
		buf_reset(out);
		return ledgercmd_say(out, LEDGERCMD_FAILED,
		                     "dialout-server: the ledger failed: %s. "
		                     "Look at DATABASE_URL\n",
		                     err_str(err));
	}
	return 0;
}

static int revoke(struct store *s, struct buf *out, const char *name)
{
	int err = store_key_revoke(s, name, app_now_ms());

	if (err == -ENOENT)
		return ledgercmd_say(
			out, LEDGERCMD_FAILED,
			"dialout-server: there is no key %s that could be "
			"revoked: look at dialout-server key list\n",
			name);
	if (err)
		return ledgercmd_say(out, LEDGERCMD_FAILED,
		                     "dialout-server: the ledger failed: %s. "
		                     "Look at DATABASE_URL\n",
		                     err_str(err));
	return ledgercmd_say(out, 0, "revoked %s\n", name);
}

static int run(struct store *s, struct buf *out, int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[0], "add"))
		return add(s, out, argc - 1, argv + 1);
	if (argc == 1 && !strcmp(argv[0], "list"))
		return list(s, out);
	if (argc == 2 && !strcmp(argv[0], "revoke"))
		return revoke(s, out, argv[1]);
	return ledgercmd_say(out, LEDGERCMD_USAGE, "%s", usage_text);
}

int keycmd_run(struct buf *out, int argc, char **argv, const char *dotenv)
{
	return ledgercmd_run(out, argc, argv, dotenv, usage_text, run);
}
