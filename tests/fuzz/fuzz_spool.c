/*
 * Files of events, as a disk that lost its power may give them back. What is
 * read is what lines written by us said, and writing it again changes nothing.
 */
#include "bot/spool_impl.h"
#include "common/buf.h"
#include "tests/fuzz/fuzz.h"

static size_t write_again(struct buf *out, const struct spool_feed *list)
{
	size_t n = 0;

	for (const struct spool_feed *f = list; f; f = f->next)
		for (const struct spool_event *e = f->head; e; e = e->next) {
			must(e->id >= e->json &&
			     e->id + e->id_len <= e->json + e->len);
			must(e->json[e->len] == '\0');
			must(!spool_line_event(out, e, f->call_id, f->url));
			n++;
		}
	return n;
}

/* The text as it is, and every line of it with a sum that is right. */
static void seal_all(struct buf *out, struct str text)
{
	while (text.len) {
		struct str line = str_cut(&text, '\n');

		must(!spool_line_seal(out, line));
	}
}

static void read_and_write(struct str text)
{
	struct spool_feed *list, *again;
	struct buf first, second;
	size_t bad = 0, n;

	buf_init(&first, 1 << 24);
	buf_init(&second, 1 << 24);
	must(!spool_feeds_read(text, &list, &bad));
	n = write_again(&first, list);
	bad = 0;
	must(!spool_feeds_read(str_n(buf_str(&first), first.len), &again,
	                       &bad));
	must(!bad);
	must(write_again(&second, again) == n);
	must(first.len == second.len);
	spool_feed_free(list);
	spool_feed_free(again);
	buf_fini(&first);
	buf_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *v = fuzz_copy(data, len);
	struct buf sealed;

	buf_init(&sealed, 1 << 24);
	read_and_write(str_n(v, len));
	seal_all(&sealed, str_n(v, len));
	read_and_write(str_n(buf_str(&sealed), sealed.len));
	buf_fini(&sealed);
	free(v);
	must(mem_live() == 0);
	return 0;
}
