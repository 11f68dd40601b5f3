#define _GNU_SOURCE /* prctl(), ppoll() */
#include "tests/harness/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/test.h"

enum { ENV_MAX = 128, ARGS_MAX = 64, FILE_MAX_LEN = 8 << 20, SHOWN_MAX = 900 };

static char temp[128];

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A program that was killed, or was not asked how it ended, may have said
 * before what the sanitizers found. */
static void show_report(const char *path)
{
	static const char *const marks[] = {"Sanitizer:", "runtime error:"};
	const char *text = proc_file(path);

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		const char *at = strstr(text, marks[i]);

		if (at)
			fprintf(stderr, "%s: %.4000s\n", path, at);
	}
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
	const char *dot = strrchr(path, '.');

	(void)st;
	(void)ftw;
	if (type == FTW_F && dot && !strcmp(dot, ".log"))
		show_report(path);
	return remove(path);
}

static void remove_temp(void)
{
	if (temp[0] && !getenv("TEST_KEEP"))
		nftw(temp, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *proc_temp_dir(void)
{
	const char *base = getenv("TMPDIR");

	if (temp[0])
		return temp;
	snprintf(temp, sizeof(temp), "%s/dialout-test.XXXXXX",
	         base ? base : "/tmp");
	if (!mkdtemp(temp))
		test_fail(__FILE__, __LINE__, "mkdtemp %s", temp);
	atexit(remove_temp);
	return temp;
}

const char *proc_temp_file(const char *text)
{
	static char path[300];
	static unsigned n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/file%u", proc_temp_dir(), n++);
	f = fopen(path, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
	return path;
}

/* Build the child's environment: @env before what is let through. */
static char **make_env(const char *const *env)
{
	static const char *const passed[] = {
		"PATH",         "HOME",           "TMPDIR",
		"ASAN_OPTIONS", "UBSAN_OPTIONS",  "TSAN_OPTIONS",
		"LSAN_OPTIONS", "XDG_CACHE_HOME", "MODELS_DIR",
	};
	char **all = calloc(ENV_MAX, sizeof(*all));
	size_t n = 0;

	for (; env && *env && n < ENV_MAX - 17; env++)
		all[n++] = strdup(*env);
	/* Nothing of one test may reach another, nor the user's cache. */
	if (asprintf(&all[n], "GREETINGS_DIR=%s/greetings", proc_temp_dir()) >
	    0)
		n++;
	for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
		const char *v = getenv(passed[i]);

		if (v && asprintf(&all[n], "%s=%s", passed[i], v) > 0)
			n++;
	}
	return all;
}

static void exec_child(const char *path, const struct proc *p,
                       const char *const *args, char **env, const char *ready)
{
	const char *argv[ARGS_MAX];
	size_t n = 0;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	argv[n++] = path;
	if (ready) {
		argv[n++] = "--ready-file";
		argv[n++] = ready;
	}
	for (; args && *args && n < ARGS_MAX - 1; args++)
		argv[n++] = *args;
	argv[n] = NULL;
	fd = open(p->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || chdir(p->dir))
		_exit(126);
	fd = open("/dev/null", O_RDONLY);
	dup2(fd, 0);
	execve(path, (char *const *)(uintptr_t)argv, env);
	_exit(127);
}

static const char *build_dir(const char *program)
{
	const char *build = getenv("BUILD_DIR"), *plain = getenv("PLAIN_DIR");

	if (plain && strcmp(program, "dialout-server") != 0)
		return plain;
	return build ? build : "build";
}

static void spawn(struct proc *p, const char *program, const char *dir,
                  const char *const *args, const char *const *env,
                  const char *ready)
{
	char path[512], *real;
	char **all = make_env(env);

	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "%s", program);
	snprintf(p->dir, sizeof(p->dir), "%s", dir);
	snprintf(p->log, sizeof(p->log), "%s/%s.log", dir, program);
	if (mkdir(dir, 0700) && errno != EEXIST)
		test_fail(__FILE__, __LINE__, "mkdir %s", dir);
	snprintf(path, sizeof(path), "%s/%s", build_dir(program), program);
	real = realpath(path, NULL);
	if (!real)
		test_fail(__FILE__, __LINE__, "%s is not built", path);
	fflush(NULL);
	p->pid = fork();
	if (p->pid < 0)
		test_fail(__FILE__, __LINE__, "fork: %d", errno);
	if (!p->pid)
		exec_child(real, p, args, all, ready);
	free(real);
	for (size_t i = 0; all[i]; i++)
		free(all[i]);
	free(all);
}

/* Sleep until something in the folder changes, at most @ms. */
static void wait_change(int watch, long ms)
{
	struct pollfd pfd = {.fd = watch, .events = POLLIN};
	char events[4096];

	if (poll(&pfd, 1,
	         (int)(ms < 0     ? 0
	               : ms > 200 ? 200
	                          : ms)) > 0 &&
	    read(watch, events, sizeof(events)) < 0)
		test_fail(__FILE__, __LINE__, "inotify: %d", errno);
}

static int watch_dir(const char *dir)
{
	int watch = inotify_init1(IN_CLOEXEC);

	if (watch < 0 ||
	    inotify_add_watch(watch, dir, IN_MOVED_TO | IN_MODIFY) < 0)
		test_fail(__FILE__, __LINE__, "inotify %s: %d", dir, errno);
	return watch;
}

/* What there is room for in a message. */
static const char *end_of(const char *text)
{
	size_t len = strlen(text);

	return len > SHOWN_MAX ? text + len - SHOWN_MAX : text;
}

void proc_start(struct proc *p, const char *program, const char *dir,
                const char *const *args, const char *const *env)
{
	long until = now_ms() + test_ms(PROC_READY_MS);
	char ready[320];
	FILE *f = NULL;
	int watch;

	if (mkdir(dir, 0700) && errno != EEXIST)
		test_fail(__FILE__, __LINE__, "mkdir %s", dir);
	snprintf(ready, sizeof(ready), "%s/%s.ready", dir, program);
	unlink(ready);
	watch = watch_dir(dir);
	spawn(p, program, dir, args, env, ready);
	for (f = fopen(ready, "r"); !f; f = fopen(ready, "r")) {
		if (now_ms() > until || !proc_alive(p))
			test_fail(__FILE__, __LINE__, "%s is not ready:\n%s",
			          program, end_of(proc_log(p)));
		wait_change(watch, until - now_ms());
	}
	if (!fgets(p->url, sizeof(p->url), f))
		test_fail(__FILE__, __LINE__, "%s: empty ready file", program);
	p->url[strcspn(p->url, "\r\n")] = '\0';
	fclose(f);
	close(watch);
}

int proc_run(struct proc *p, const char *program, const char *dir,
             const char *const *args, const char *const *env)
{
	spawn(p, program, dir, args, env, NULL);
	return proc_wait(p, test_ms(PROC_END_MS));
}

bool proc_alive(struct proc *p)
{
	if (p->pid && waitpid(p->pid, &p->status, WNOHANG) == p->pid)
		p->pid = 0;
	return p->pid != 0;
}

int proc_wait(struct proc *p, unsigned ms)
{
	sigset_t set, old;
	struct timespec left;
	long until = now_ms() + ms;

	/* SIGCHLD ends the wait; blocked, it cannot come in between. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	while (proc_alive(p) && now_ms() < until) {
		long rest = until - now_ms();

		rest = rest > 100 ? 100 : rest;
		left = (struct timespec){0, rest * 1000000};
		sigtimedwait(&set, NULL, &left);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (p->pid) {
		proc_kill(p);
		return -1;
	}
	return WIFEXITED(p->status) ? WEXITSTATUS(p->status) : -1;
}

int proc_stop(struct proc *p)
{
	if (!proc_alive(p))
		return WIFEXITED(p->status) ? WEXITSTATUS(p->status) : -1;
	kill(p->pid, SIGTERM);
	return proc_wait(p, test_ms(PROC_END_MS));
}

void proc_kill(struct proc *p)
{
	if (!p->pid)
		return;
	kill(p->pid, SIGKILL);
	waitpid(p->pid, &p->status, 0);
	p->pid = 0;
}

const char *proc_file(const char *path)
{
	static char *text;
	FILE *f = fopen(path, "r");
	size_t n = 0;

	free(text);
	text = calloc(1, FILE_MAX_LEN + 1);
	if (f) {
		n = fread(text, 1, FILE_MAX_LEN, f);
		fclose(f);
	}
	text[n] = '\0';
	return text;
}

const char *proc_log(const struct proc *p)
{
	return proc_file(p->log);
}

bool proc_wait_log(const struct proc *p, const char *text, unsigned ms)
{
	long until = now_ms() + ms;
	int watch = watch_dir(p->dir);
	bool found = strstr(proc_log(p), text) != NULL;

	while (!found && now_ms() < until) {
		wait_change(watch, until - now_ms());
		found = strstr(proc_log(p), text) != NULL;
	}
	close(watch);
	return found;
}
