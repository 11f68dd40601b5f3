#define _GNU_SOURCE /* prctl() */
#include "tests/harness/postgres.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <postgresql/libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/test.h"

enum {
	READY_MS = 20000, /* [ms] a recovery after a kill is part of it */
	LOOK_MS = 10,     /* [ms] between two looks whether it is ready */
	ARGS_MAX = 32,
};

static struct postgres *opened; /* by this process, for atexit() */

static void close_opened(void)
{
	if (opened)
		postgres_close(opened);
}

/* Where Debian has @program, of the newest version there is. */
static void find(char *path, size_t cap, const char *program)
{
	char pattern[96];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "/usr/lib/postgresql/*/bin/%s",
	         program);
	if (glob(pattern, 0, NULL, &found))
		test_fail(__FILE__, __LINE__,
		          "PostgreSQL is not installed: make deps");
	snprintf(path, cap, "%s", found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
}

static void in_child(const struct postgres *pg, const char *program,
                     const char *const *args)
{
	const char *argv[ARGS_MAX];
	char path[128], log[96];
	size_t n = 0;
	int fd;

	find(path, sizeof(path), program);
	if (!geteuid()) {
		/* Changing the user would forget the signal of a death. */
		argv[n++] = "setpriv";
		argv[n++] = "--reuid=nobody";
		argv[n++] = "--regid=nogroup";
		argv[n++] = "--clear-groups";
		argv[n++] = "--pdeathsig=QUIT";
		argv[n++] = "--";
	} else {
		prctl(PR_SET_PDEATHSIG, SIGQUIT);
	}
	argv[n++] = path;
	while (*args && n < ARGS_MAX - 1)
		argv[n++] = *args++;
	argv[n] = NULL;
	snprintf(log, sizeof(log), "%s/log", pg->dir);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || chdir(pg->dir))
		_exit(126);
	fd = open("/dev/null", O_RDONLY);
	dup2(fd, 0);
	setpgid(0, 0);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static pid_t run(const struct postgres *pg, const char *program,
                 const char *const *args)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		test_fail(__FILE__, __LINE__, "fork: %d", errno);
	if (!pid)
		in_child(pg, program, args);
	return pid;
}

static void show_log(const struct postgres *pg)
{
	char path[96], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/log", pg->dir);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		fputs(line, stderr);
	if (f)
		fclose(f);
}

static void make_cluster(const struct postgres *pg)
{
	static const char *const args[] = {"-D",
	                                   "data",
	                                   "-U",
	                                   "dialout",
	                                   "-A",
	                                   "trust",
	                                   "-E",
	                                   "UTF8",
	                                   "--no-sync",
	                                   "--locale=C",
	                                   "--no-instructions",
	                                   "--wal-segsize=1",
	                                   NULL};
	pid_t pid = run(pg, "initdb", args);
	int status;

	if (waitpid(pid, &status, 0) != pid || status) {
		show_log(pg);
		test_fail(__FILE__, __LINE__, "initdb: %d", status);
	}
}

static void address(const struct postgres *pg, const char *name, char *url)
{
	snprintf(url, POSTGRES_URL_MAX, "postgres:///%s?host=%s&user=dialout",
	         name, pg->dir);
}

static pid_t launch(const struct postgres *pg)
{
	const char *const args[] = {
		"-D", "data", "-k", pg->dir, "-c", "listen_addresses=",
		/* A bare root has no /dev/shm. */
		"-c", "dynamic_shared_memory_type=mmap", "-c",
		"shared_buffers=16MB", "-c", "max_connections=100", "-c",
		pg->durable ? "fsync=on" : "fsync=off", "-c",
		"log_min_messages=log", NULL};

	return run(pg, "postgres", args);
}

void postgres_start(struct postgres *pg)
{
	char url[POSTGRES_URL_MAX];
	unsigned ms;

	address(pg, "postgres", url);
	pg->pid = launch(pg);
	for (ms = 0; PQping(url) != PQPING_OK; ms += LOOK_MS) {
		if (ms > test_ms(READY_MS)) {
			show_log(pg);
			test_fail(__FILE__, __LINE__, "PostgreSQL is not up");
		}
		nanosleep(&(struct timespec){0, LOOK_MS * 1000000L}, NULL);
		/* One that was killed leaves backends for a moment, and the
		 * next does not begin beside them. */
		if (waitpid(pg->pid, NULL, WNOHANG) == pg->pid)
			pg->pid = launch(pg);
	}
}

void postgres_open(struct postgres *pg, bool durable)
{
	struct passwd *nobody = getpwnam("nobody");

	memset(pg, 0, sizeof(*pg));
	pg->durable = durable;
	pg->opener = getpid();
	snprintf(pg->dir, sizeof(pg->dir), "/tmp/dialout-pg.XXXXXX");
	if (!mkdtemp(pg->dir))
		test_fail(__FILE__, __LINE__, "mkdtemp: %d", errno);
	if (!geteuid() &&
	    (!nobody || chown(pg->dir, nobody->pw_uid, nobody->pw_gid)))
		test_fail(__FILE__, __LINE__, "chown %s: %d", pg->dir, errno);
	opened = pg;
	atexit(close_opened);
	make_cluster(pg);
	postgres_start(pg);
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void postgres_close(struct postgres *pg)
{
	if (pg->opener != getpid() || !pg->dir[0])
		return;
	if (pg->pid) {
		kill(pg->pid, SIGQUIT);
		waitpid(pg->pid, NULL, 0);
	}
	pg->pid = 0;
	if (!getenv("TEST_KEEP"))
		nftw(pg->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	pg->dir[0] = '\0';
	opened = NULL;
}

void postgres_kill(struct postgres *pg)
{
	kill(pg->pid, SIGKILL);
	waitpid(pg->pid, NULL, 0);
	pg->pid = 0;
}

const char *postgres_sql(const char *url, const char *sql)
{
	static char text[1024];
	PGconn *c = PQconnectdb(url);
	PGresult *r = PQexec(c, sql);
	ExecStatusType status = PQresultStatus(r);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		test_fail(__FILE__, __LINE__, "%s: %s", sql, PQerrorMessage(c));
	text[0] = '\0';
	if (PQntuples(r) && PQnfields(r))
		snprintf(text, sizeof(text), "%s", PQgetvalue(r, 0, 0));
	PQclear(r);
	PQfinish(c);
	return text;
}

void postgres_database(const struct postgres *pg, const char *name,
                       char url[POSTGRES_URL_MAX])
{
	char sql[160];

	address(pg, "postgres", url);
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE template0",
	         name);
	postgres_sql(url, sql);
	address(pg, name, url);
}
