#define _POSIX_C_SOURCE 200809L
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/plivo_sign.h"
#include "tests/harness/test.h"

#define VECTORS "tests/data/plivo_signature_vectors.json"

enum { FIELDS = 7, LINE_MAX_LEN = 16 * 1024 /* [bytes] */ };

/* Start tests/unit/plivo_sign_cases.py and read what it says. */
static FILE *start_cases(pid_t *pid)
{
	int out[2];
	FILE *in;

	CHECK_INT(0, pipe(out));
	*pid = fork();
	CHECK(*pid >= 0);
	if (!*pid) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execlp("python3", "python3", "tests/unit/plivo_sign_cases.py",
		       VECTORS, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	in = fdopen(out[0], "r");
	CHECK(in != NULL);
	return in;
}

static size_t split(char *line, char *field[FIELDS])
{
	size_t n = 0;

	line[strcspn(line, "\n")] = '\0';
	for (;;) {
		char *tab = strchr(line, '\t');

		CHECK(n < FIELDS);
		field[n++] = line;
		if (!tab)
			return n;
		*tab = '\0';
		line = tab + 1;
	}
}

/* A request as the lines describe it. */
struct base {
	char line[LINE_MAX_LEN];
	char *field[FIELDS]; /* B id token url form nonce signature */
};

static int verify(const struct base *b, const char *name, const char *text)
{
	static const char *const names[] = {"url", "form", "nonce",
	                                    "signature"};
	const char *v[4];
	struct plivo_sign s;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		v[i] = strcmp(name, names[i]) == 0 ? text : b->field[3 + i];
	s = (struct plivo_sign){v[0], str_of(v[1]), v[2]};
	return plivo_sign_verify(&s, v[3], NULL, b->field[2]);
}

static void what_is_signed_decides_and_nothing_else(void)
{
	static char line[LINE_MAX_LEN];
	static struct base b;
	unsigned bases = 0, good = 0, bad = 0;
	char *field[FIELDS];
	int status;
	pid_t pid;
	FILE *in = start_cases(&pid);

	while (fgets(line, sizeof(line), in)) {
		CHECK(strchr(line, '\n'));
		if (line[0] == 'B') {
			memcpy(b.line, line, sizeof(line));
			CHECK_INT(FIELDS, split(b.line, b.field));
			CHECK_INT(0, verify(&b, "", ""));
			bases++;
			continue;
		}
		CHECK_INT(4, split(line, field));
		if (verify(&b, field[2], field[3]) !=
		    (field[1][0] == '1' ? 0 : ERR_AUTH))
			test_fail(__FILE__, __LINE__, "%s: %s %s: want %s",
			          b.field[1], field[2], field[3], field[1]);
		if (field[1][0] == '1')
			good++;
		else
			bad++;
	}
	fclose(in);
	CHECK_INT(pid, waitpid(pid, &status, 0));
	CHECK_INT(0, status);
	CHECK_INT(37, bases);
	CHECK(good > 500);
	CHECK(bad > 50000);
	CHECK_INT(0, mem_live());
}

static const char *text(const json_t *o, const char *key)
{
	const char *v = json_string_value(json_object_get(o, key));

	CHECK(v);
	return v;
}

static void the_older_signatures_are_refused(void)
{
	json_t *list = json_load_file(VECTORS, 0, NULL), *o;
	unsigned n = 0;
	size_t i;

	json_array_foreach(list, i, o)
	{
		const struct plivo_sign s = {text(o, "url"), str_of(NULL),
		                             text(o, "nonce")};
		const char *sig = text(o, "signature");
		const char *token = text(o, "auth_token");

		if (strcmp(text(o, "version"), "V2") != 0)
			continue;
		n++;
		CHECK_INT(ERR_AUTH, plivo_sign_verify(&s, sig, sig, token));
	}
	CHECK_INT(4, n);
	json_decref(list);
}

static const struct plivo_sign ring = {
	"https://h/events/k", {"Event=Ring&CallUUID=u", 21}, "n1"};

static void one_of_many_signatures_is_enough(void)
{
	char good[PLIVO_SIGN_LEN + 1], other[PLIVO_SIGN_LEN + 1], v3[256];

	CHECK_INT(0, plivo_sign_make(good, &ring, "token"));
	CHECK_INT(0, plivo_sign_make(other, &ring, "old"));
	CHECK_INT(0, plivo_sign_verify(&ring, good, NULL, "token"));
	CHECK_INT(0, plivo_sign_verify(&ring, NULL, good, "token"));
	CHECK_INT(0, plivo_sign_verify(&ring, other, good, "token"));
	CHECK_INT(ERR_AUTH, plivo_sign_verify(&ring, other, NULL, "token"));
	snprintf(v3, sizeof(v3), "%s, %s", other, good);
	CHECK_INT(0, plivo_sign_verify(&ring, v3, NULL, "token"));
	snprintf(v3, sizeof(v3), ",,%s,", good);
	CHECK_INT(0, plivo_sign_verify(&ring, v3, other, "token"));
	snprintf(v3, sizeof(v3), "%s %s", other, good);
	CHECK_INT(ERR_AUTH, plivo_sign_verify(&ring, v3, NULL, "token"));
	snprintf(v3, sizeof(v3), "%s=", good);
	CHECK_INT(ERR_AUTH, plivo_sign_verify(&ring, v3, NULL, "token"));
}

static void what_is_missing_is_refused(void)
{
	struct plivo_sign s = ring;
	char good[PLIVO_SIGN_LEN + 1];

	CHECK_INT(0, plivo_sign_make(good, &ring, "token"));
	CHECK_INT(ERR_AUTH, plivo_sign_verify(&ring, NULL, NULL, "token"));
	CHECK_INT(ERR_AUTH, plivo_sign_verify(&ring, "", "", "token"));
	CHECK_INT(ERR_AUTH, plivo_sign_verify(&ring, good, NULL, NULL));
	CHECK_INT(ERR_AUTH, plivo_sign_verify(&ring, good, NULL, ""));
	s.nonce = NULL;
	CHECK_INT(ERR_AUTH, plivo_sign_verify(&s, good, NULL, "token"));
	s.nonce = "";
	CHECK_INT(0, plivo_sign_make(good, &s, "token"));
	CHECK_INT(ERR_AUTH, plivo_sign_verify(&s, good, NULL, "token"));
}

static void a_stream_may_be_signed_under_any_scheme(void)
{
	static const char *const schemes[] = {"http://", "https://", "wss://",
	                                      "ws://"};
	const struct plivo_sign dialled = {"wss://h/b3/ws/ID", {NULL, 0}, "n"};
	const char *scheme = NULL;
	char good[PLIVO_SIGN_LEN + 1];
	size_t i;

	for (i = 0; i < ARRAY_LEN(schemes); i++) {
		char url[64];
		struct plivo_sign s = dialled;

		snprintf(url, sizeof(url), "%sh/b3/ws/ID", schemes[i]);
		s.url = url;
		CHECK_INT(0, plivo_sign_make(good, &s, "token"));
		CHECK_INT(0, plivo_sign_verify_stream(&dialled, good, NULL,
		                                      "token", &scheme));
		CHECK_STR(schemes[i], scheme);
		s.url = "ftp://h/b3/ws/ID";
		CHECK_INT(0, plivo_sign_make(good, &s, "token"));
		CHECK_INT(ERR_AUTH,
		          plivo_sign_verify_stream(&dialled, good, NULL,
		                                   "token", NULL));
	}
}

static void a_flood_of_parameters_is_refused(void)
{
	struct plivo_sign s = ring;
	char form[4 * (PLIVO_SIGN_PAIRS_MAX + 1)];
	char nonce[PLIVO_SIGN_NONCE_MAX + 2];
	struct buf out;
	size_t i;

	for (i = 0; i < sizeof(form); i++)
		form[i] = "a=b&"[i % 4];
	s.form = str_n(form, sizeof(form));
	buf_init(&out, PLIVO_SIGN_TEXT_MAX);
	CHECK_INT(ERR_LIMIT, plivo_sign_text(&out, &s));
	s.form.len -= 4;
	CHECK_INT(0, plivo_sign_text(&out, &s));
	memset(nonce, '1', sizeof(nonce) - 1);
	nonce[sizeof(nonce) - 1] = '\0';
	s.nonce = nonce;
	CHECK_INT(ERR_LIMIT, plivo_sign_verify(&s, "x", NULL, "token"));
	buf_fini(&out);
	CHECK_INT(0, mem_live());
}

static void no_memory_is_an_error(void)
{
	char good[PLIVO_SIGN_LEN + 1];
	long n;

	for (n = 0;; n++) {
		int err;

		mem_fail_after(n);
		err = plivo_sign_make(good, &ring, "token");
		mem_fail_after(-1);
		if (!err)
			break;
		CHECK_INT(-12, err);
		CHECK_INT(0, mem_live());
	}
	CHECK(n >= 3);
}

static const struct test tests[] = {
	TEST_SLOW(what_is_signed_decides_and_nothing_else, 60),
	TEST(the_older_signatures_are_refused),
	TEST(one_of_many_signatures_is_enough),
	TEST(what_is_missing_is_refused),
	TEST(a_stream_may_be_signed_under_any_scheme),
	TEST(a_flood_of_parameters_is_refused),
	TEST(no_memory_is_an_error),
};

TEST_MAIN(tests)
