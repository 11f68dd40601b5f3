/*
 * dialout-server: places calls through Plivo, answers its webhooks, keeps the
 * ledger. Options, start, signals, orderly stop; everything else is elsewhere.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/notify.h"
#include "server/config.h"
#include "server/dnccmd.h"
#include "server/eventscmd.h"
#include "server/keycmd.h"
#include "server/pause.h"
#include "server/run.h"

enum { EXIT_CONFIG = 2, PATH_LEN = 4096 };

struct args {
	const char *ready_file;
	bool check;
};

static int usage(FILE *out, int code)
{
	fputs("usage: dialout-server [--check] [--ready-file PATH]\n"
	      "       dialout-server key add|list|revoke ...\n"
	      "       dialout-server dnc add|look|remove NUMBER\n"
	      "       dialout-server dnc import|export FILE\n"
	      "       dialout-server events list|dead|retry\n"
	      "       dialout-server pause [REASON]\n"
	      "       dialout-server resume\n"
	      "\n"
	      "Places calls through Plivo and answers its webhooks. Options "
	      "come from the\nenvironment and from .env in the working "
	      "directory.\n"
	      "\n"
	      "  --check            print the configuration and end; 2 if it "
	      "has faults\n"
	      "  --ready-file PATH  write the server's URL there when it "
	      "serves\n"
	      "  --version, --help\n"
	      "\n"
	      "Variables:\n",
	      out);
	for (size_t i = 0; i < server_options_n; i++)
		fprintf(out, "  %-22s %s\n", server_options[i].name,
		        server_options[i].help);
	return code;
}

/* -1: go on; otherwise the code to exit with. */
static int read_args(struct args *a, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help"))
			return usage(stdout, 0);
		if (!strcmp(argv[i], "--version"))
			return puts("dialout-server " DIALOUT_VERSION) < 0;
		if (!strcmp(argv[i], "--check")) {
			a->check = true;
		} else if (!strcmp(argv[i], "--ready-file") && i + 1 < argc) {
			a->ready_file = argv[++i];
		} else {
			fprintf(stderr,
			        "dialout-server: %s is unknown: look at what "
			        "follows\n\n",
			        argv[i]);
			return usage(stderr, EXIT_CONFIG);
		}
	}
	return -1;
}

typedef int command_h(struct buf *out, int argc, char **argv,
                      const char *dotenv);

/* What the first word may be, besides options. */
static const struct {
	const char *word;
	command_h *run;
} commands[] = {
	{"key", keycmd_run},          {"dnc", dnccmd_run},
	{"events", eventscmd_run},    {"pause", pause_run},
	{"resume", pause_resume_run},
};

static int ledger_command(command_h *run, int argc, char **argv)
{
	struct buf out;
	int code;

	buf_init(&out, CONFIG_TEXT_MAX);
	code = run(&out, argc, argv, ".env");
	fputs(buf_str(&out), code ? stderr : stdout);
	buf_fini(&out);
	return code;
}

/* Whoever reads the file finds all of it: it appears by its name at once. */
static int write_ready(const char *path, const char *url)
{
	char temp[PATH_LEN];
	FILE *f;
	int bad;

	if (!path)
		return 0;
	if ((size_t)snprintf(temp, sizeof(temp), "%s.tmp", path) >=
	    sizeof(temp))
		return -ENAMETOOLONG;
	f = fopen(temp, "w");
	if (!f)
		return -errno;
	bad = fprintf(f, "%s\n", url) < 0;
	bad |= fclose(f) != 0;
	if (bad || rename(temp, path))
		return errno ? -errno : -EIO;
	return 0;
}

/* What a stranger who reaches the port may do, where that is not nothing. */
static void say_open(const struct config *cfg)
{
	if (!cfg->api_key)
		log_line(LOG_WARN, "server", NULL,
		         "event=open what=/start hint=\"anybody who reaches it "
		         "can place calls, unless API_KEY is set or a key was "
		         "made\"");
	if (cfg->verify != VERIFY_ENFORCE)
		log_line(LOG_WARN, "server", NULL,
		         "event=open what=webhooks hint=\"Plivo's signatures "
		         "are %s, unless PLIVO_VERIFY=enforce\"",
		         cfg->verify == VERIFY_LOG
		                 ? "looked at, and only logged"
		                 : "not looked at");
}

static int serve(const struct config *cfg, const struct args *a,
                 const sigset_t *ends)
{
	struct app *app;
	char why[RUN_WHY_MAX], url[64];
	int err, sig;

	err = run_open(&app, cfg, why);
	if (err) {
		fprintf(stderr, "dialout-server: %s\n", why);
		return EXIT_FAILURE;
	}
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", run_port(app));
	err = write_ready(a->ready_file, url);
	if (err) {
		fprintf(stderr, "dialout-server: %s: %s\n", a->ready_file,
		        err_str(err));
		run_close(&app);
		return EXIT_FAILURE;
	}
	fprintf(stderr, "listening url=%s\n", url);
	say_open(cfg);
	notify_send("READY=1");
	sigwait(ends, &sig);
	notify_send("STOPPING=1");
	log_line(LOG_INFO, "server", NULL, "event=stopping signal=%d", sig);
	run_close(&app);
	return EXIT_SUCCESS;
}

static int print_config(const struct config *cfg)
{
	struct buf out;
	int err;

	buf_init(&out, CONFIG_TEXT_MAX);
	err = server_config_print(&out, cfg);
	if (!err)
		fputs(buf_str(&out), stdout);
	buf_fini(&out);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct args a = {NULL, false};
	struct config cfg;
	struct buf faults;
	sigset_t ends;
	int code;

	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(commands); i++)
		if (!strcmp(argv[1], commands[i].word))
			return ledger_command(commands[i].run, argc - 2,
			                      argv + 2);
	code = read_args(&a, argc, argv);
	if (code >= 0)
		return code;
	/* Before any thread exists, so that all of them leave these alone. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* A dump would have the credentials in it. */
	prctl(PR_SET_DUMPABLE, 0);

	buf_init(&faults, CONFIG_TEXT_MAX);
	if (server_config_load(&cfg, ".env", &faults)) {
		fprintf(stderr, "%s", buf_str(&faults));
		code = EXIT_CONFIG;
	} else {
		log_set_level((enum log_level)cfg.log_level);
		server_config_hide(&cfg);
		if (*opt_shadowed(cfg.set))
			log_line(LOG_INFO, "server", NULL,
			         "event=env_wins over=.env names=%s",
			         LOG_TEXT(opt_shadowed(cfg.set)));
		code = a.check ? print_config(&cfg) : serve(&cfg, &a, &ends);
	}
	buf_fini(&faults);
	server_config_fini(&cfg);
	return code;
}
