#include "common/base64.h"

#include "common/base64_part.h"
#include "common/err.h"
#include "tests/harness/test.h"

enum { MAX = 4096, TEXT_MAX = BASE64_LEN(MAX) };

static uint8_t bytes[MAX], back[MAX + 3];
static char text[TEXT_MAX], other[TEXT_MAX];

static uint32_t seed = 1;

static uint8_t next_byte(void)
{
	seed = seed * 1664525 + 1013904223;
	return (uint8_t)(seed >> 24);
}

static void fill(void)
{
	for (size_t i = 0; i < MAX; i++)
		bytes[i] = next_byte();
}

/* By arithmetic on bits, with none of the tables of the module. */
static char reference_char(unsigned v)
{
	if (v < 26)
		return (char)('A' + v);
	if (v < 52)
		return (char)('a' + v - 26);
	if (v < 62)
		return (char)('0' + v - 52);
	return v == 62 ? '+' : '/';
}

static size_t reference_encode(char *dst, const uint8_t *src, size_t len)
{
	size_t n = 0;

	for (size_t bit = 0; bit < len * 8; bit += 6) {
		unsigned v = 0;

		for (size_t i = bit; i < bit + 6; i++) {
			unsigned set =
				i < len * 8 && (src[i / 8] >> (7 - i % 8) & 1);

			v = v << 1 | set;
		}
		dst[n++] = reference_char(v);
	}
	while (n % 4)
		dst[n++] = '=';
	return n;
}

static bool in_alphabet(int c)
{
	for (unsigned v = 0; v < 64; v++) {
		if (reference_char(v) == (char)c)
			return true;
	}
	return false;
}

static void all_ways_agree_on_every_length(void)
{
	fill();
	for (size_t len = 0; len <= MAX; len++) {
		size_t want = reference_encode(other, bytes, len);

		CHECK_INT(BASE64_LEN(len), want);
		CHECK_INT(want, base64_encode(text, bytes, len));
		CHECK(memcmp(text, other, want) == 0);
		memset(text, 'x', sizeof text);
		CHECK_INT(want, base64_table_encode(text, bytes, len));
		CHECK(memcmp(text, other, want) == 0);
		memset(back, 0, sizeof back);
		CHECK_INT(len, base64_decode(back, text, want));
		CHECK(memcmp(back, bytes, len) == 0);
		memset(back, 0, sizeof back);
		CHECK_INT(len, base64_table_decode(back, text, want));
		CHECK(memcmp(back, bytes, len) == 0);
		memset(back, 0, sizeof back);
		CHECK_INT(len, base64_decode_lenient(back, text, want));
		CHECK(memcmp(back, bytes, len) == 0);
	}
}

static void wide_registers_are_used_and_stay_in_bounds(void)
{
	if (!base64_have_avx2())
		return;
	fill();
	for (size_t len = 0; len < 200; len++) {
		size_t chars = reference_encode(other, bytes, len), done;

		memset(text, '!', sizeof text);
		done = base64_avx2_encode(text, bytes, len);
		CHECK(done % 3 == 0 && done <= len && len - done < 28);
		CHECK(memcmp(text, other, done / 3 * 4) == 0);
		CHECK_INT('!', text[done / 3 * 4]);

		memset(back, 0xa5, sizeof back);
		done = base64_avx2_decode(back, other, chars);
		CHECK(done % 4 == 0 && chars - done < 36);
		CHECK(memcmp(back, bytes, done / 4 * 3) == 0);
		CHECK_INT(0xa5, back[done / 4 * 3]);
	}
}

static void a_bad_character_is_found_at_every_position(void)
{
	enum { LEN = 99, CHARS = BASE64_LEN(LEN) };

	fill();
	base64_encode(text, bytes, LEN);
	for (size_t at = 0; at < CHARS; at++) {
		char was = text[at];

		for (int c = 0; c < 256; c++) {
			long want = in_alphabet(c) ? LEN : ERR_PROTO;

			/* Padding may stand at the end. */
			if (c == '=' && at == CHARS - 1)
				continue;
			text[at] = (char)c;
			CHECK_INT(want, base64_decode(back, text, CHARS));
			CHECK_INT(want, base64_table_decode((uint8_t *)back,
			                                    text, CHARS));
		}
		text[at] = was;
	}
}

static void strict_decoding_refuses_what_no_encoder_writes(void)
{
	static const char *const bad[] = {
		"A",    "AA",   "AAA",  "AAAAA",    "====", "A===", "=AAA",
		"AA=A", "AB==", "AAB=", "QQ==QQ==", "AA A", "AA-_", "AAA\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_INT(ERR_PROTO,
		          base64_decode(back, bad[i], strlen(bad[i])));
	CHECK_INT(0, base64_decode(back, "", 0));
	CHECK_INT(0, base64_decode(NULL, NULL, 0));
	CHECK_INT(1, base64_decode(back, "AA==", 4));
	CHECK_INT(2, base64_decode(back, "AAA=", 4));
}

static void lenient_decoding_takes_what_urls_bring(void)
{
	static const char *const same[] = {
		"+/+/+w==", "-_-_-w",   "+/+/+w",
		" / / w==", "-_-_-w==", "-_-_-x",
	};

	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		CHECK_INT(4, base64_decode_lenient(back, same[i],
		                                   strlen(same[i])));
		CHECK(memcmp(back, "\xfb\xff\xbf\xfb", 4) == 0);
	}
	CHECK_INT(ERR_PROTO, base64_decode_lenient(back, "A", 1));
	CHECK_INT(ERR_PROTO, base64_decode_lenient(back, "AA!A", 4));
}

static const struct test tests[] = {
	TEST(all_ways_agree_on_every_length),
	TEST(wide_registers_are_used_and_stay_in_bounds),
	TEST(a_bad_character_is_found_at_every_position),
	TEST(strict_decoding_refuses_what_no_encoder_writes),
	TEST(lenient_decoding_takes_what_urls_bring),
};

TEST_MAIN(tests)
