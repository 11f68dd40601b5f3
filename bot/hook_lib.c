#define _POSIX_C_SOURCE 200809L
#include "bot/hook_lib.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bot/hook_room.h"
#include "common/err.h"
#include "common/log.h"
#include "common/str.h"

enum {
	PATH_LEN_MAX = 1024, /* [bytes] with terminator */
	UPWARD = 3,          /* folders above the program's */
};

static const char suffix[] = ".so";

/* What is known: compiled in, or loaded from a path. */
static struct lib {
	const struct dialout_hooks *hooks;
	char path[PATH_LEN_MAX]; /* "": compiled in */
	bool awake;              /* load() has agreed */
} libs[HOOK_LIBS_MAX];
static size_t n_libs;

static int fail(char fault[HOOK_FAULT_MAX], int err, const char *path,
                const char *what)
{
	snprintf(fault, HOOK_FAULT_MAX, "%.100s: %.140s", path, what);
	return err;
}

void dialout_hooks_add(const struct dialout_hooks *hooks)
{
	if (n_libs < HOOK_LIBS_MAX)
		libs[n_libs++].hooks = hooks;
}

static const char *wrong_with(const struct dialout_hooks *h)
{
	if (!h)
		return "dialout_hooks() gave none";
	if (h->abi != DIALOUT_ABI)
		return "was made for another version of hooks.h";
	if (h->size != sizeof(*h))
		return "its struct dialout_hooks has another size";
	if (!h->name || !h->name[0])
		return "has no name";
	for (const char *p = h->name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-", *p))
			return "has a name of other characters than "
			       "[A-Za-z0-9_-]";
	return NULL;
}

/* For the first time: does it want to be loaded? */
static int wake(struct lib *lib, const char *path, char fault[HOOK_FAULT_MAX])
{
	const struct dialout_hooks *h = lib->hooks;
	const char *why = wrong_with(h);
	char what[64];
	int code;

	if (why)
		return fail(fault, -EINVAL, path, why);
	if (lib->awake)
		return 0;
	code = h->load ? h->load(&hook_room_host) : 0;
	if (code) {
		snprintf(what, sizeof(what), "load() returned %d", code);
		return fail(fault, -EINVAL, path, what);
	}
	lib->awake = true;
	log_line(LOG_INFO, "hooks", NULL, "event=loaded hooks=%s path=%s",
	         h->name, LOG_TEXT(path));
	return 0;
}

static int give(const struct dialout_hooks **hp, struct lib *lib,
                const char *path, char fault[HOOK_FAULT_MAX])
{
	const int err = wake(lib, path, fault);

	if (!err)
		*hp = lib->hooks;
	return err;
}

static int load_path(const struct dialout_hooks **hp, const char *path,
                     char fault[HOOK_FAULT_MAX])
{
	const struct dialout_hooks *(*entry)(void) = NULL;
	struct lib *lib;
	void *so, *symbol;
	int err;

	for (size_t i = 0; i < n_libs; i++)
		if (strcmp(libs[i].path, path) == 0)
			return give(hp, &libs[i], path, fault);
	if (n_libs == HOOK_LIBS_MAX)
		return fail(fault, ERR_LIMIT, path, "more than 32 of them");
	so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!so)
		// One thread loads. NOLINTNEXTLINE(concurrency-mt-unsafe)
		return fail(fault, -EINVAL, path, dlerror());
	symbol = dlsym(so, "dialout_hooks");
	if (!symbol) {
		dlclose(so);
		return fail(fault, -EINVAL, path,
		            "exports no dialout_hooks(): DIALOUT_HOOKS() is "
		            "missing");
	}
	/* POSIX has functions and objects of one size; C has no cast. */
	memcpy(&entry, &symbol, sizeof(entry));
	lib = &libs[n_libs];
	lib->hooks = entry();
	snprintf(lib->path, sizeof(lib->path), "%s", path);
	err = give(hp, lib, path, fault);
	if (err) {
		memset(lib, 0, sizeof(*lib));
		dlclose(so);
	} else {
		n_libs++;
	}
	return err;
}

static bool is_there(char path[PATH_LEN_MAX], const char *dir,
                     const char *below, const char *name)
{
	const int n = snprintf(path, PATH_LEN_MAX, "%s%s/%s", dir, below, name);

	return n > 0 && n < PATH_LEN_MAX && access(path, R_OK) == 0;
}

/* Beside the agent file, in the build folder, or where it was installed. */
static bool look_for(char path[PATH_LEN_MAX], const char *dir, const char *name)
{
	char exe[PATH_LEN_MAX / 2];
	ssize_t n;

	if (is_there(path, dir, "", name))
		return true;
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	for (int up = 0; up < UPWARD; up++) {
		char *slash = strrchr(exe, '/');

		if (!slash)
			break;
		*slash = '\0';
		if (is_there(path, exe, "/agents", name) ||
		    is_there(path, exe, "/lib/dialout/agents", name))
			return true;
	}
	return false;
}

static int find_compiled_in(const struct dialout_hooks **hp, const char *name,
                            char fault[HOOK_FAULT_MAX])
{
	for (size_t i = 0; i < n_libs; i++)
		if (!libs[i].path[0] && libs[i].hooks && libs[i].hooks->name &&
		    strcmp(libs[i].hooks->name, name) == 0)
			return give(hp, &libs[i], name, fault);
	return fail(fault, -ENOENT, name,
	            "is not compiled in, and has no .so at its end");
}

int hook_lib_find(const struct dialout_hooks **hp, const char *dir,
                  const char *name, char fault[HOOK_FAULT_MAX])
{
	const size_t n = strlen(name), tail = sizeof(suffix) - 1;
	char path[PATH_LEN_MAX];

	*hp = NULL;
	if (n < tail || strcmp(name + n - tail, suffix) != 0)
		return find_compiled_in(hp, name, fault);
	if (name[0] == '/') {
		if (n >= sizeof(path))
			return fail(fault, ERR_LIMIT, name, "is too long");
		memcpy(path, name, n + 1);
		if (access(path, R_OK) != 0)
			return fail(fault, -errno, path, err_str(-errno));
	} else if (!look_for(path, dir, name)) {
		return fail(fault, -ENOENT, name,
		            "is neither beside the agent file nor in agents/ "
		            "of the build folder, nor in lib/dialout/agents");
	}
	return load_path(hp, path, fault);
}

void hook_lib_unload(void)
{
	for (size_t i = 0; i < n_libs; i++)
		if (libs[i].awake && libs[i].hooks->unload)
			libs[i].hooks->unload();
	n_libs = 0;
}
