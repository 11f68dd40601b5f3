#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "tests/sim/lib/sim_int.h"
#include "tests/sim/lib/simmem.h"
#include "tests/sim/lib/simtls.h"

struct setup {
	const char *listen, *ready, *cert, *key_file;
	uint32_t seed;
};

static void help(const struct sim_app *app, const struct simopt *common,
                 size_t n_common)
{
	printf("%s-sim [--option value]...\n", app->name);
	for (size_t i = 0; i < n_common + app->n_opts; i++) {
		const struct simopt *o =
			i < n_common ? &common[i] : &app->opts[i - n_common];

		printf("  --%-18s %s\n", o->name, o->help);
	}
	printf("  --%-18s %s\n", "fault NAME[:ARG]", "one of:");
	for (const char *const *p = app->faults; *p; p++)
		printf("  %-20s   %s\n", "", *p);
}

static const struct simopt *find(const struct simopt *opts, size_t n,
                                 const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(opts[i].name, name) == 0)
			return &opts[i];
	return NULL;
}

/* 0, or -EINVAL. */
static int set(const struct simopt *o, const char *value)
{
	uint64_t n;
	char *end;

	switch (o->type) {
	case SIMOPT_TEXT:
		*(const char **)o->dst = value;
		return 0;
	case SIMOPT_NUMBER:
		if (str_u64(str_of(value), UINT32_MAX, &n))
			return -EINVAL;
		*(uint32_t *)o->dst = (uint32_t)n;
		return 0;
	case SIMOPT_REAL:
		*(double *)o->dst = strtod(value, &end);
		return end == value || *end ? -EINVAL : 0;
	case SIMOPT_FLAG:
		break;
	}
	return -EINVAL;
}

/* One option and its value; the index behind it, or -EINVAL. */
static int take(struct sim *s, const struct simopt *common, size_t n_common,
                char **argv, int i)
{
	const struct simopt *o;
	const char *why, *name = argv[i];

	if (strncmp(name, "--", 2) != 0)
		return -EINVAL;
	name += 2;
	o = find(common, n_common, name);
	if (!o)
		o = find(s->app->opts, s->app->n_opts, name);
	if (o && o->type == SIMOPT_FLAG) {
		*(bool *)o->dst = true;
		return i + 1;
	}
	if (!argv[i + 1])
		return -EINVAL;
	if (o)
		return set(o, argv[i + 1]) ? -EINVAL : i + 2;
	if (strcmp(name, "fault") != 0)
		return -EINVAL;
	why = sim_add_fault(s, str_of(argv[i + 1]));
	if (why)
		fprintf(stderr, "%s: %s\n", argv[i + 1], why);
	return why ? -EINVAL : i + 2;
}

static int read_options(struct sim *s, struct setup *u, int argc, char **argv)
{
	const struct simopt common[] = {
		{"listen", SIMOPT_TEXT, &u->listen,
	         "host:port, port 0 takes a free one (127.0.0.1:0)"},
		{"ready-file", SIMOPT_TEXT, &u->ready,
	         "write the URL there when serving"},
		{"tls-cert", SIMOPT_TEXT, &u->cert, "PEM chain: serve TLS"},
		{"tls-key", SIMOPT_TEXT, &u->key_file, "PEM key"},
		{"key", SIMOPT_TEXT, &s->key, "required credential (any)"},
		{"seed", SIMOPT_NUMBER, &u->seed, "of what is random (1)"},
	};
	int i = 1;

	while (i < argc) {
		int next;

		if (strcmp(argv[i], "--help") == 0) {
			help(s->app, common, ARRAY_LEN(common));
			return 1;
		}
		next = take(s, common, ARRAY_LEN(common), argv, i);
		if (next < 0) {
			fprintf(stderr, "%s-sim: %s: see --help\n",
			        s->app->name, argv[i]);
			return -EINVAL;
		}
		i = next;
	}
	return 0;
}

static void on_request(struct simreq *r, void *arg)
{
	struct sim *s = arg;

	if (!sim_control(s, r))
		s->app->request(s, r);
}

/* Written under another name first: whoever sees the file sees all of it. */
static int write_ready(const char *path, const char *url)
{
	char tmp[4096];
	FILE *f;
	int n = snprintf(tmp, sizeof(tmp), "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof(tmp))
		return -ENAMETOOLONG;
	f = fopen(tmp, "w");
	if (!f)
		return -errno;
	fprintf(f, "%s\n", url);
	if (fclose(f) != 0 || rename(tmp, path) != 0)
		return -errno;
	return 0;
}

static int announce(const struct setup *u, uint16_t port)
{
	const char *colon = strrchr(u->listen, ':');
	char url[256];

	snprintf(url, sizeof(url), "%s://%.*s:%u", u->cert ? "https" : "http",
	         (int)(colon - u->listen), u->listen, (unsigned)port);
	fprintf(stderr, "listening url=%s\n", url);
	if (u->ready && write_ready(u->ready, url)) {
		perror(u->ready);
		return 1;
	}
	return 0;
}

static int serve(struct sim *s, const struct setup *u)
{
	struct simtls_ctx *tls = NULL;
	struct simhttp *http = NULL;
	uint16_t port = 0;
	int rc = 1, err;

	if (u->cert) {
		tls = simtls_ctx_new(u->cert,
		                     u->key_file ? u->key_file : u->cert,
		                     s->app->h2);
		if (!tls)
			return 1;
	}
	err = simhttp_listen(&http, s->net, u->listen, tls, on_request, s,
	                     &port);
	if (err)
		fprintf(stderr, "%s-sim: cannot listen on %s: %s\n",
		        s->app->name, u->listen, err_str(err));
	else
		rc = announce(u, port);
	if (rc == 0)
		simnet_run(s->net);
	simnet_free(&s->net);
	simhttp_free(&http);
	simtls_ctx_free(&tls);
	return rc;
}

int sim_main(int argc, char **argv, const struct sim_app *app)
{
	struct setup u = {.listen = "127.0.0.1:0", .seed = 1};
	struct sim s = {.app = app};
	int rc = read_options(&s, &u, argc, argv);

	if (rc)
		return rc < 0 ? 2 : 0;
	s.random = 0x9e3779b97f4a7c15U ^ ((uint64_t)u.seed << 20);
	s.violations = json_array();
	s.requests = json_array();
	s.counts = json_object();
	ASSERT(simnet_new(&s.net) == 0);
	s.timers = simnet_timers(s.net);
	s.began_ms = simnet_now_ms(s.net);
	rc = app->start ? app->start(&s) : 0;
	if (rc == 0)
		rc = serve(&s, &u);
	simnet_free(&s.net);
	if (app->stop)
		app->stop(&s);
	json_decref(s.violations);
	json_decref(s.requests);
	json_decref(s.counts);
	return rc;
}
