#include "bot/engine/moonshine_vocab.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/str.h"

enum {
	PIECES = 32000,
	SPECIAL = 3,            /* unknown, begin, end */
	FILE_MAX = 1024 * 1024, /* [bytes]; it has a quarter of that */
};

static const char SPACE[] = "\xe2\x96\x81"; /* U+2581 */

struct vocab {
	struct buf text;
	struct str piece[PIECES];
};

static int read_file(struct buf *b, const char *path)
{
	FILE *f = fopen(path, "rb");
	char chunk[4096];
	size_t n;
	int err = 0;

	if (!f)
		return -errno;
	do {
		n = fread(chunk, 1, sizeof(chunk), f);
		err = buf_add(b, chunk, n);
	} while (n && !err);
	(void)fclose(f);
	return err;
}

int vocab_new(struct vocab **vp, const char *path)
{
	struct vocab *v = mem_zalloc(sizeof(*v));
	struct str rest;
	int err;

	if (!v)
		return -ENOMEM;
	buf_init(&v->text, FILE_MAX);
	err = read_file(&v->text, path);
	rest = str_n(v->text.v, v->text.len);
	for (size_t i = 0; i < PIECES && !err; i++) {
		if (!rest.v)
			err = ERR_PROTO;
		v->piece[i] = str_cut(&rest, '\n');
	}
	if (err)
		vocab_free(&v);
	else
		*vp = v;
	return err;
}

void vocab_free(struct vocab **vp)
{
	struct vocab *v = *vp;

	if (!v)
		return;
	buf_fini(&v->text);
	mem_free(v);
	*vp = NULL;
}

/* A piece such as "<0x0A>" is that byte. Control characters are white space,
 * and bytes of characters beyond ASCII do not occur in English. */
static int add_byte(struct buf *text, struct str piece)
{
	int byte =
		str_hex4((const char[]){'0', '0', piece.v[3], piece.v[4]}, 4);
	char c = (char)byte;

	if (byte < 0 || byte > 126)
		return 0;
	return buf_add(text, byte < ' ' ? " " : &c, 1);
}

static int add_piece(struct buf *text, struct str piece)
{
	const size_t len = sizeof(SPACE) - 1;
	int err = 0;

	if (piece.len == 6 && str_starts(piece, "<0x"))
		return add_byte(text, piece);
	while (piece.len && !err) {
		if (str_starts(piece, SPACE)) {
			err = buf_add(text, " ", 1);
			piece = str_n(piece.v + len, piece.len - len);
		} else {
			err = buf_add(text, piece.v, 1);
			piece = str_n(piece.v + 1, piece.len - 1);
		}
	}
	return err;
}

int vocab_text(const struct vocab *v, const int64_t *tokens, size_t n,
               struct buf *text)
{
	struct buf b;
	struct str all;
	int err = 0;

	buf_init(&b, text->limit);
	for (size_t i = 0; i < n && !err; i++)
		if (tokens[i] >= SPECIAL && tokens[i] < PIECES)
			err = add_piece(&b, v->piece[tokens[i]]);
	all = str_trim(str_n(b.v, b.len));
	if (!err && all.len)
		err = buf_add(text, all.v, all.len);
	buf_fini(&b);
	return err;
}
