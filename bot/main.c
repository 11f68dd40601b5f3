/*
 * dialout-bot - holds the conversations of outbound calls
 *
 * Reads its configuration, opens the parts, serves until a signal, and ends in
 * order. Exit codes: 0, ended as told; 1, could not serve; 2, the
 * configuration is at fault.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/admit.h"
#include "bot/config.h"
#include "bot/net/net.h"
#include "bot/setup.h"
#include "bot/worker.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/timer.h"

enum {
	TEXT_MAX = 64 * 1024, /* [bytes] of faults and of --check */
	URL_TEXT_MAX = 128,   /* [bytes] with terminator */
	EXIT_CONFIG = 2,
};

struct program {
	struct bot_config cfg;
	struct net *net;
	struct setup setup;
	struct worker *worker;
	const char *ready_file;
	bool check_only;
	struct timer watchdog;
	uint32_t watchdog_ms;
};

static const char usage[] =
	"dialout-bot: the media worker of dialout\n"
	"\n"
	"  --check             print the configuration, or its faults, and "
	"exit\n"
	"  --ready-file PATH   write the URL there when it serves\n"
	"  --help, --version\n"
	"\n"
	"Options come from the environment and from ./.env; env.example lists\n"
	"them all.\n";

/* Returns an exit code, or -1 to go on. */
static int read_arguments(struct program *p, int argc, char **argv)
{
	static const struct option options[] = {
		{"check", no_argument, NULL, 'c'},
		{"ready-file", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};

	for (;;) {
		// One thread here. NOLINTNEXTLINE(concurrency-mt-unsafe)
		int c = getopt_long(argc, argv, "", options, NULL);

		if (c < 0)
			break;
		if (c == 'c')
			p->check_only = true;
		else if (c == 'r')
			p->ready_file = optarg;
		else if (c == 'h')
			return fputs(usage, stdout) < 0;
		else if (c == 'v')
			return printf("dialout-bot %s\n", DIALOUT_VERSION) < 0;
		else
			return EXIT_CONFIG;
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "dialout-bot: %s: no such option, see --help\n",
	        argv[optind]);
	return EXIT_CONFIG;
}

static int read_config(struct program *p)
{
	struct buf text;
	int err, code = -1;

	buf_init(&text, TEXT_MAX);
	err = bot_config_load(&p->cfg, ".env", &text);
	if (err) {
		fprintf(stderr, "%s",
		        text.len ? text.v : "configuration not read\n");
		code = EXIT_CONFIG;
	} else {
		opt_hide(bot_options, bot_options_n, &p->cfg);
	}
	if (!err && p->check_only) {
		buf_reset(&text);
		err = opt_print(&text, bot_options, bot_options_n, &p->cfg);
		fputs(buf_str(&text), stdout);
		code = err ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	buf_fini(&text);
	return code;
}

static void say_choices(const struct bot_config *c)
{
	const char *shadowed = opt_shadowed(c->opts);

	if (shadowed[0])
		log_line(LOG_WARN, "bot", NULL,
		         "event=env_wins_over_dotenv names=%s", shadowed);
	log_line(LOG_INFO, "bot", NULL, "event=providers stt=%s llm=%s tts=%s",
	         c->stt, c->llm, c->tts);
	if (c->accept == ACCEPT_ANY && !c->behind_platform)
		log_line(LOG_WARN, "bot", NULL,
		         "event=accepts_any hint=\"BOT_ACCEPT=any lets "
		         "everybody talk at your expense\"");
}

static void drained_handler(void *arg)
{
	struct program *p = arg;

	net_stop(p->net);
}

/* Ctrl-C means now, a supervisor's signal means in order. */
static void signal_handler(int signum, void *arg)
{
	struct program *p = arg;

	notify_send("STOPPING=1");
	worker_drain(p->worker, signum == SIGINT ? 0 : p->cfg.drain_sec,
	             drained_handler, p);
}

static void watchdog_handler(void *arg)
{
	struct program *p = arg;

	notify_send("WATCHDOG=1");
	timer_start(net_timers(p->net), &p->watchdog, p->watchdog_ms,
	            watchdog_handler, p);
}

static unsigned capacity_of(const struct bot_config *c)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (c->capacity)
		return c->capacity;
	if (c->behind_platform)
		return 1; /* the platform starts a container a call */
	return admit_measure(c->embedded, cores > 0 ? (unsigned)cores : 1);
}

static int open_all(struct program *p)
{
	struct worker_params prm = {.cfg = &p->cfg, .session = &p->setup.env};
	int err = net_new(&p->net, p->cfg.ca_file);

	if (err)
		return err;
	err = setup_open(&p->setup, &p->cfg, p->net);
	if (err)
		return err;
	prm.net = p->net;
	prm.capacity = capacity_of(&p->cfg);
	log_line(LOG_INFO, "bot", NULL, "event=capacity calls=%u",
	         prm.capacity);
	err = worker_open(&p->worker, &prm);
	if (err)
		log_line(LOG_ERROR, "bot", NULL,
		         "event=cannot_listen address=%s why=%s", p->cfg.addr,
		         LOG_TEXT(err_str(err)));
	if (!err)
		err = net_on_signal(p->net, SIGTERM, signal_handler, p);
	if (!err)
		err = net_on_signal(p->net, SIGINT, signal_handler, p);
	return err;
}

/* The file appears whole or not at all. */
static int write_ready_file(const char *path, const char *url)
{
	char part[4096];
	FILE *f;
	int n = snprintf(part, sizeof(part), "%s.part", path);
	bool ok;

	if (n < 0 || (size_t)n >= sizeof(part))
		return ERR_LIMIT;
	f = fopen(part, "w");
	if (!f)
		return -errno;
	ok = fprintf(f, "%s\n", url) > 0;
	ok = fclose(f) == 0 && ok;
	return ok && rename(part, path) == 0 ? 0 : -errno;
}

static int say_ready(struct program *p)
{
	const char *colon = strrchr(p->cfg.addr, ':');
	int host_len = (int)(colon - p->cfg.addr);
	const char *host = p->cfg.addr;
	char url[URL_TEXT_MAX];
	int err = 0;

	if (!host_len || !strncmp(host, "0.0.0.0:", 8) ||
	    !strncmp(host, "[::]:", 5)) {
		host = "127.0.0.1";
		host_len = (int)strlen(host);
	}
	snprintf(url, sizeof(url), "http://%.*s:%u", host_len, host,
	         worker_port(p->worker));
	fprintf(stderr, "listening url=%s\n", url);
	if (p->ready_file)
		err = write_ready_file(p->ready_file, url);
	if (err)
		log_line(LOG_ERROR, "bot", NULL, "event=ready_file why=%s",
		         LOG_TEXT(err_str(err)));
	notify_send("READY=1");
	p->watchdog_ms = notify_watchdog_ms();
	if (p->watchdog_ms)
		watchdog_handler(p);
	return err;
}

static void close_all(struct program *p)
{
	worker_close(&p->worker);
	if (p->net)
		timer_stop(net_timers(p->net), &p->watchdog);
	setup_close(&p->setup);
	net_free(&p->net);
	bot_config_fini(&p->cfg);
}

int main(int argc, char **argv)
{
	static struct program p;
	int code = read_arguments(&p, argc, argv), err;

	if (code < 0)
		code = read_config(&p);
	if (code >= 0) {
		bot_config_fini(&p.cfg);
		return code;
	}
	log_set_level((enum log_level)p.cfg.log_level);
	say_choices(&p.cfg);
	err = open_all(&p);
	if (!err)
		err = say_ready(&p);
	if (!err)
		err = net_run(p.net);
	close_all(&p);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
