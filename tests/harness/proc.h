/*
 * proc.h - real programs, started and ended by a test
 *
 * A program runs with an environment of its own (nothing is inherited but
 * PATH and the sanitizers' options) in a folder of its own, its output goes
 * to a file, and it is ready when its --ready-file appears. Children die with
 * the test, however that ends.
 */
#ifndef TESTS_HARNESS_PROC_H
#define TESTS_HARNESS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/attr.h"

enum { PROC_READY_MS = 20000, PROC_END_MS = 15000 };

struct proc {
	char name[64];
	pid_t pid; /* 0: not running */
	char dir[256];
	char log[320];
	char url[128]; /* of the ready file */
	int status;    /* of waitpid(), once ended */
};

/* A new folder under $TMPDIR or /tmp, removed when the test ends. */
const char *proc_temp_dir(void);

/* The path of a file in it that holds @text; valid until the next call. */
const char *proc_temp_file(const char *text);

/* Start $BUILD_DIR/@program (default build/) in folder @dir (made if missing);
 * with $PLAIN_DIR set, all but the server come from there: under TSan it is the
 * server that has threads, and a bot so slowed calls itself full. It is given
 * "--ready-file" and the further arguments @args, environment @env
 * ("NAME=value"), both NULL-terminated or NULL. Fails the test when it is not
 * ready in PROC_READY_MS. */
void proc_start(struct proc *p, const char *program, const char *dir,
                const char *const *args, const char *const *env);

/* The same for a program that ends by itself; returns its exit code, -1 for a
 * signal or for running longer than PROC_END_MS. Its output is in p->log. */
int proc_run(struct proc *p, const char *program, const char *dir,
             const char *const *args, const char *const *env);

/* SIGTERM, and wait. The exit code, or -1 (see proc_run()). */
int proc_stop(struct proc *p);

/* SIGKILL, and wait. */
void proc_kill(struct proc *p);

/* Wait for its end by itself. */
int proc_wait(struct proc *p, unsigned ms);

/* Is it still running? */
bool proc_alive(struct proc *p);

/* The program's output so far, terminated; valid until the next call. */
const char *proc_log(const struct proc *p);

/* Wait until its output has @text; false after @ms. */
bool proc_wait_log(const struct proc *p, const char *text, unsigned ms);

/* A whole file as text; "" if there is none. Valid until the next call. */
const char *proc_file(const char *path);

#endif
