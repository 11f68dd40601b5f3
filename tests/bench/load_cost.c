#define _GNU_SOURCE
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/load.h"

uint64_t load_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static bool read_line(const char *path, const char *begin, char *line, int cap)
{
	FILE *f = fopen(path, "re");
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, cap, f))
		found = !strncmp(line, begin, strlen(begin));
	(void)fclose(f);
	return found;
}

uint64_t load_cpu_ns(pid_t pid)
{
	char dir[64], path[384], line[256];
	uint64_t ns = 0;
	struct dirent *e;
	DIR *d;

	(void)snprintf(dir, sizeof(dir), "/proc/%d/task", (int)pid);
	d = opendir(dir);
	if (!d)
		return 0;
	/* One thread here. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while ((e = readdir(d))) {
		(void)snprintf(path, sizeof(path), "%s/%s/schedstat", dir,
		               e->d_name);
		if (e->d_name[0] != '.' &&
		    read_line(path, "", line, sizeof(line)))
			ns += strtoull(line, NULL, 10);
	}
	closedir(d);
	return ns;
}

uint64_t load_rss_kib(pid_t pid)
{
	char path[64], line[256];

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (!read_line(path, "VmRSS:", line, sizeof(line)))
		return 0;
	return strtoull(line + 6, NULL, 10);
}
