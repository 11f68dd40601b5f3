#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/demo_rig.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

static const char *build(void)
{
	const char *dir = getenv("BUILD_DIR");

	return dir ? dir : "build";
}

/* Its exit code; what it prints goes to @log. */
static int run_demo(const char *variant, const char *log)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		/* What is asked of these is when the bot speaks; a voice that
		 * other tests keep from its time would tell of them. */
		if (*variant)
			(void)setenv("DEMO_TTS", "flite", 1);
		if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
			_exit(126);
		execl("tests/demo/demo.sh", "demo.sh", build(), variant, NULL);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Where everything is slower, the recording tells of that alone; what counts is
 * that the call took place and that nobody had anything to complain of. */
static void check_slow(const char *variant, const char *text)
{
	static const char *const logs[] = {"dialout-bot.log",
	                                   "dialout-server.log"};
	char path[300];
	/* What greets at a mailbox need not be understood, its beep does. */
	const char *heard = strcmp(variant, "voicemail") != 0
	                            ? "  callee  "
	                            : "with a message for John";

	if (!strstr(text, heard) || !strstr(text, "  bot  "))
		test_fail(__FILE__, __LINE__, "no call:\n%s", text);
	for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
		const char *log;

		snprintf(path, sizeof(path), "%s/demo/%s/%s", build(), variant,
		         logs[i]);
		log = proc_file(path);
		CHECK(strstr(log, "listening url="));
		CHECK(!strstr(log, "Sanitizer"));
		CHECK(!strstr(log, "runtime error"));
	}
}

static void check_files(const char *variant)
{
	static const char *const files[] = {"call.wav", "transcript.json",
	                                    "latency.svg"};
	char path[300];
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/demo/%s/%s", build(), variant,
		         files[i]);
		CHECK_INT(0, stat(path, &st));
		CHECK(st.st_size > 0);
	}
}

void demo_run(const char *variant, const char *const *checked)
{
	char log[300];
	const char *text;
	int code;

	snprintf(log, sizeof(log), "%s/demo.log", proc_temp_dir());
	code = run_demo(variant, log);
	text = proc_file(log);
	if (test_ms(1) > 1) {
		check_slow(variant, text);
		return;
	}
	if (code)
		test_fail(__FILE__, __LINE__, "exit code %d:\n%s", code, text);
	for (; *checked; checked++)
		if (!strstr(text, *checked))
			test_fail(__FILE__, __LINE__, "no \"%s\" in:\n%s",
			          *checked, text);
	check_files(variant);
}
