#include "bot/clip.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "bot/greetings.h"
#include "bot/provider/provider.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

static const struct provider_cfg voice = {.model = "m", .voice = "v"};
static const struct provider_cfg other = {.model = "m", .voice = "w"};

static struct clip *make(const char *text, size_t ms)
{
	struct clip *c;
	uint8_t block[8];

	CHECK_INT(0, clip_new(&c, str_of(text), AUDIO_ULAW_8K));
	CHECK_INT(0, clip_say(c, str_of("Hello you.")));
	CHECK_INT(0, clip_say(c, str_of("Bye.")));
	CHECK_INT(0, clip_word(c, str_of("Hello"), 10, 20));
	CHECK_INT(0, clip_word(c, str_of("you."), 30, 45));
	for (size_t i = 0; i < ms; i++) {
		memset(block, (int)(i % 251), sizeof(block));
		CHECK_INT(0, clip_audio(c, block, sizeof(block)));
	}
	return c;
}

static void check_same(const struct clip *a, const struct clip *b)
{
	CHECK_STR(a->asked, b->asked);
	CHECK_STR(buf_str(&a->spoken), buf_str(&b->spoken));
	CHECK_INT(a->audio.len, b->audio.len);
	CHECK(memcmp(a->audio.v, b->audio.v, a->audio.len) == 0);
	CHECK_INT(a->n_words, b->n_words);
	for (size_t i = 0; i < a->n_words; i++) {
		const struct str x = clip_word_text(a, i);
		const struct str y = clip_word_text(b, i);

		CHECK(x.len == y.len && !memcmp(x.v, y.v, x.len));
		CHECK_INT(a->word[i].begin_ms, b->word[i].begin_ms);
		CHECK_INT(a->word[i].end_ms, b->word[i].end_ms);
	}
}

static void path_in(char path[128], const char *name)
{
	(void)snprintf(path, 128, "%s/%s", proc_temp_dir(), name);
}

static unsigned count_clips(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	unsigned n = 0;

	CHECK(dir);
	/* One thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while ((e = readdir(dir)) != NULL)
		n += strstr(e->d_name, ".clip") != NULL;
	closedir(dir);
	return n;
}

static void a_clip_comes_back_from_its_file_as_it_was(void)
{
	struct clip *c = make("Hello\nyou. Bye.", 700), *back, *copy;
	char path[128];
	struct stat st;

	path_in(path, "x.clip");
	CHECK_INT(0, clip_save(c, path));
	CHECK_INT(0, stat(path, &st));
	CHECK_INT(S_IRUSR | S_IWUSR, st.st_mode & 0777);
	CHECK_INT(0, clip_load(&back, path, str_of("Hello\nyou. Bye."),
	                       AUDIO_ULAW_8K));
	check_same(c, back);
	CHECK_INT(0, clip_copy(&copy, back));
	check_same(c, copy);
	clip_free(&c);
	clip_free(&back);
	clip_free(&copy);
	CHECK_INT(0, mem_live());
}

static void a_file_for_another_text_or_format_is_none(void)
{
	struct clip *c = make("Hello", 10), *back = NULL;
	char path[128];

	path_in(path, "x.clip");
	CHECK_INT(-ENOENT,
	          clip_load(&back, path, str_of("Hello"), AUDIO_ULAW_8K));
	CHECK_INT(0, clip_save(c, path));
	CHECK_INT(-EINVAL,
	          clip_load(&back, path, str_of("Hallo"), AUDIO_ULAW_8K));
	CHECK_INT(-EINVAL,
	          clip_load(&back, path, str_of("Hello"), AUDIO_L16_8K));
	CHECK(!back);
	clip_free(&c);
}

/* Cut at every length and changed at every byte of its head, it is refused or
 * read as a clip of the same text; never anything else. */
static void a_damaged_file_is_refused(void)
{
	struct clip *c = make("Hello", 2), *back = NULL;
	char path[128], file[1024];
	size_t len;
	FILE *f;

	path_in(path, "x.clip");
	CHECK_INT(0, clip_save(c, path));
	clip_free(&c);
	f = fopen(path, "r");
	CHECK(f);
	len = fread(file, 1, sizeof(file), f);
	(void)fclose(f);
	CHECK(len > 60 && len < sizeof(file));
	for (size_t cut = 0; cut < len; cut++) {
		f = fopen(path, "w");
		CHECK_INT(cut, fwrite(file, 1, cut, f));
		(void)fclose(f);
		CHECK_INT(-EINVAL, clip_load(&back, path, str_of("Hello"),
		                             AUDIO_ULAW_8K));
	}
	for (size_t i = 0; i < 60; i++) {
		file[i] ^= 1;
		f = fopen(path, "w");
		CHECK_INT(len, fwrite(file, 1, len, f));
		(void)fclose(f);
		file[i] ^= 1;
		if (!clip_load(&back, path, str_of("Hello"), AUDIO_ULAW_8K))
			CHECK_STR("Hello", back->asked);
		clip_free(&back);
	}
	CHECK_INT(0, mem_live());
}

static void limits_hold(void)
{
	struct clip *c = make("Hello", 1);
	static uint8_t second[8000];

	for (int i = 0; i < 59; i++)
		CHECK_INT(0, clip_audio(c, second, sizeof(second)));
	CHECK_INT(ERR_LIMIT, clip_audio(c, second, sizeof(second)));
	for (size_t i = c->n_words; i < CLIP_WORDS_MAX; i++)
		CHECK_INT(0, clip_word(c, str_of("x"), 1, 2));
	CHECK_INT(ERR_LIMIT, clip_word(c, str_of("x"), 1, 2));
	clip_free(&c);
}

static const struct clip *find(struct greetings *g,
                               const struct provider_cfg *cfg, const char *text)
{
	return greetings_find(g, "cartesia", cfg, str_of(text), AUDIO_ULAW_8K);
}

static void greetings_are_kept_by_voice_and_text(void)
{
	struct clip *c = make("Hello", 5);
	struct greetings *g;

	CHECK_INT(0, greetings_new(&g, NULL));
	CHECK(!find(g, &voice, "Hello"));
	greetings_keep(g, "cartesia", &voice, c);
	CHECK(find(g, &voice, "Hello") != NULL);
	check_same(c, find(g, &voice, "Hello"));
	CHECK(!find(g, &other, "Hello"));
	CHECK(!find(g, &voice, "Hallo"));
	CHECK(!greetings_find(g, "elevenlabs", &voice, str_of("Hello"),
	                      AUDIO_ULAW_8K));
	CHECK(!greetings_find(g, "cartesia", &voice, str_of("Hello"),
	                      AUDIO_L16_8K));
	greetings_free(&g);
	clip_free(&c);
	CHECK_INT(0, mem_live());
}

static void memory_keeps_the_last_used(void)
{
	struct greetings *g;
	char text[32];

	CHECK_INT(0, greetings_new(&g, NULL));
	for (int i = 0; i <= GREETINGS_MEMORY; i++) {
		struct clip *c;

		(void)snprintf(text, sizeof(text), "Hello %d", i);
		c = make(text, 1);
		greetings_keep(g, "cartesia", &voice, c);
		clip_free(&c);
		if (i)
			CHECK(find(g, &voice, "Hello 0") != NULL);
	}
	CHECK(!find(g, &voice, "Hello 1"));
	CHECK(find(g, &voice, "Hello 2") != NULL);
	greetings_free(&g);
}

static void a_folder_outlives_the_program_and_has_a_limit(void)
{
	struct clip *c = make("Hello", 5);
	struct greetings *g;
	char path[128], text[32];

	path_in(path, "a/b/greetings");
	CHECK_INT(0, greetings_new(&g, path));
	greetings_keep(g, "cartesia", &voice, c);
	greetings_free(&g);
	CHECK_INT(0, greetings_new(&g, path));
	CHECK(find(g, &voice, "Hello") != NULL);
	check_same(c, find(g, &voice, "Hello"));
	clip_free(&c);
	for (int i = 0; i < GREETINGS_FILES + 20; i++) {
		(void)snprintf(text, sizeof(text), "Hello %d", i);
		c = make(text, 1);
		greetings_keep(g, "cartesia", &voice, c);
		clip_free(&c);
	}
	greetings_free(&g);
	CHECK_INT(GREETINGS_FILES, count_clips(path));
	CHECK_INT(0, mem_live());
}

static void without_a_folder_it_is_memory_alone(void)
{
	struct clip *c = make("Hello", 5);
	struct greetings *g;

	CHECK_INT(0, greetings_new(&g, "/proc/nowhere"));
	greetings_keep(g, "cartesia", &voice, c);
	CHECK(find(g, &voice, "Hello") != NULL);
	greetings_free(&g);
	clip_free(&c);
}

static const struct test tests[] = {
	TEST(a_clip_comes_back_from_its_file_as_it_was),
	TEST(a_file_for_another_text_or_format_is_none),
	TEST(a_damaged_file_is_refused),
	TEST(limits_hold),
	TEST(greetings_are_kept_by_voice_and_text),
	TEST(memory_keeps_the_last_used),
	TEST(a_folder_outlives_the_program_and_has_a_limit),
	TEST(without_a_folder_it_is_memory_alone),
};

TEST_MAIN(tests)
