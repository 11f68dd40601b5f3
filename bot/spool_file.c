#define _GNU_SOURCE
#include "bot/spool_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/spool_impl.h"
#include "common/buf.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/mem.h"

enum {
	DIR_MAX = 1024,            /* [bytes] with terminator */
	PATH_SIZE = DIR_MAX + 320, /* a name has 255 at most */
	NAMES_TRIED = 8,
};

static const char prefix[] = "events-", suffix[] = ".spool";

struct spool_file {
	char dir[DIR_MAX], path[PATH_SIZE];
	int fd;
	size_t size; /* [bytes] of whole lines */
};

struct spool_heir {
	char path[PATH_SIZE];
	int fd;
};

/* Is what @fd has open still what has the name? Somebody else may have put
 * another file there, or removed it, before we had the lock. */
static bool is_at(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(path, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int make_folder(const char *dir)
{
	struct stat st;

	if (mkdir(dir, S_IRWXU) && errno != EEXIST)
		return -errno;
	if (stat(dir, &st))
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* A file of a new name, locked before anybody can take it for left. */
static int make_file(struct spool_file *f)
{
	for (int i = 0; i < NAMES_TRIED; i++) {
		char id[CRYPTO_ID_LEN];

		crypto_id(id);
		snprintf(f->path, sizeof(f->path), "%s/%s%s%s", f->dir, prefix,
		         id, suffix);
		f->fd = open(f->path,
		             O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC,
		             S_IRUSR | S_IWUSR);
		if (f->fd < 0 && errno != EEXIST)
			return -errno;
		if (f->fd >= 0 && !flock(f->fd, LOCK_EX | LOCK_NB) &&
		    is_at(f->fd, f->path))
			return 0;
		if (f->fd >= 0)
			close(f->fd);
	}
	return -EBUSY;
}

int spool_file_open(struct spool_file **fp, const char *dir)
{
	struct spool_file *f;
	int err;

	if (strlen(dir) >= DIR_MAX)
		return -ENAMETOOLONG;
	f = mem_zalloc(sizeof(*f));
	if (!f)
		return -ENOMEM;
	snprintf(f->dir, sizeof(f->dir), "%s", dir);
	err = make_folder(dir);
	if (!err)
		err = make_file(f);
	if (err)
		mem_free(f);
	else
		*fp = f;
	return err;
}

void spool_file_close(struct spool_file **fp)
{
	struct spool_file *f = *fp;

	if (!f)
		return;
	*fp = NULL;
	if (!f->size)
		unlink(f->path);
	close(f->fd);
	mem_free(f);
}

size_t spool_file_size(const struct spool_file *f)
{
	return f->size;
}

static int write_all(int fd, const char *v, size_t len)
{
	while (len) {
		ssize_t n = write(fd, v, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			v += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int spool_file_append(struct spool_file *f, const char *v, size_t len)
{
	int err;

	if (f->size + len > SPOOL_FILE_MAX)
		return ERR_LIMIT;
	err = write_all(f->fd, v, len);
	if (!err)
		f->size += len;
	/* Half a line would spoil the next one. */
	else if (ftruncate(f->fd, (off_t)f->size))
		err = -EIO;
	return err;
}

int spool_file_clear(struct spool_file *f)
{
	if (!f->size)
		return 0;
	if (ftruncate(f->fd, 0))
		return -errno;
	f->size = 0;
	return 0;
}

int spool_file_sync(struct spool_file *f)
{
	return fdatasync(f->fd) ? -errno : 0;
}

/* All of a file; at most SPOOL_FILE_MAX of it. */
static int read_all(int fd, struct buf *text)
{
	char block[64 * 1024];
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(fd, block, sizeof(block), at);
		int err;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : 0;
		err = buf_add(text, block, (size_t)n);
		if (err)
			return err == ERR_LIMIT ? 0 : err;
		at += n;
	}
}

static int add_line(const struct spool_line *l, void *arg)
{
	struct buf *out = arg;
	int err = buf_add(out, l->text.v, l->text.len);

	return err ? err : buf_adds(out, "\n");
}

/* Written whole and synced before it has the name. */
static int replace(struct spool_file *f, const struct buf *text)
{
	char temp[PATH_SIZE + 8];
	int err, fd;

	snprintf(temp, sizeof(temp), "%s.new", f->path);
	fd = open(temp, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
	          S_IRUSR | S_IWUSR);
	if (fd < 0)
		return -errno;
	err = flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0;
	if (!err)
		err = write_all(fd, buf_str(text), text->len);
	if (!err && fdatasync(fd))
		err = -errno;
	if (!err && rename(temp, f->path))
		err = -errno;
	if (err) {
		unlink(temp);
		close(fd);
		return err;
	}
	close(f->fd);
	f->fd = fd;
	f->size = text->len;
	return 0;
}

int spool_file_compact(struct spool_file *f)
{
	struct buf old, left;
	size_t bad = 0;
	int err;

	buf_init(&old, SPOOL_FILE_MAX);
	buf_init(&left, SPOOL_FILE_MAX);
	err = read_all(f->fd, &old);
	if (!err)
		err = spool_lines_left(str_n(buf_str(&old), old.len), add_line,
		                       &left, &bad);
	if (!err)
		err = replace(f, &left);
	buf_fini(&left);
	buf_fini(&old);
	return err;
}

/* ---- files of the past ------------------------------------------------- */

static bool is_spool(const char *name)
{
	const size_t n = strlen(name);

	return n > sizeof(suffix) - 1 && str_starts(str_of(name), prefix) &&
	       strcmp(name + n - (sizeof(suffix) - 1), suffix) == 0;
}

/* -1: its bot lives, or it is gone. */
static int take_over(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -1;
	if (!flock(fd, LOCK_EX | LOCK_NB) && is_at(fd, path))
		return fd;
	close(fd);
	return -1;
}

int spool_heir_open(struct spool_heir **hp, const struct spool_file *f)
{
	DIR *d = opendir(f->dir);
	const struct dirent *file;
	struct spool_heir *h;

	if (!d)
		return -errno;
	h = mem_zalloc(sizeof(*h));
	if (!h) {
		closedir(d);
		return -ENOMEM;
	}
	h->fd = -1;
	/* Nobody else reads this folder through @d. */
	// NOLINTNEXTLINE(concurrency-mt-unsafe)
	while (h->fd < 0 && (file = readdir(d))) {
		if (!is_spool(file->d_name))
			continue;
		snprintf(h->path, sizeof(h->path), "%s/%s", f->dir,
		         file->d_name);
		if (strcmp(h->path, f->path) != 0)
			h->fd = take_over(h->path);
	}
	closedir(d);
	if (h->fd < 0) {
		mem_free(h);
		return -ENOENT;
	}
	*hp = h;
	return 0;
}

int spool_heir_read(struct spool_heir *h, struct spool_feed **list, size_t *bad)
{
	struct buf text;
	int err;

	*list = NULL;
	*bad = 0;
	buf_init(&text, SPOOL_FILE_MAX);
	err = read_all(h->fd, &text);
	if (!err)
		err = spool_feeds_read(str_n(buf_str(&text), text.len), list,
		                       bad);
	buf_fini(&text);
	return err;
}

void spool_heir_remove(struct spool_heir **hp)
{
	char temp[PATH_SIZE + 8];

	if (*hp) {
		snprintf(temp, sizeof(temp), "%s.new", (*hp)->path);
		unlink(temp); /* it died in mid-compaction */
		unlink((*hp)->path);
	}
	spool_heir_close(hp);
}

void spool_heir_close(struct spool_heir **hp)
{
	struct spool_heir *h = *hp;

	*hp = NULL;
	if (!h)
		return;
	close(h->fd);
	mem_free(h);
}
