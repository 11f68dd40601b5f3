#include "server/number.h"

#include <errno.h>

#include "tests/harness/test.h"

static const char *parsed(const char *text)
{
	static char out[NUMBER_MAX];

	return number_parse(out, str_of(text)) ? "none" : out;
}

static void a_number_may_be_written_as_people_write_it(void)
{
	CHECK_STR("+15551234567", parsed("+15551234567"));
	CHECK_STR("+15551234567", parsed("15551234567"));
	CHECK_STR("+15551234567", parsed("+1 (555) 123-4567"));
	CHECK_STR("+15551234567", parsed(" 1.555.123.4567 "));
	CHECK_STR("+4915112345678", parsed("+49 (151) 1234-5678"));
	CHECK_STR("+1234567", parsed("1234567"));
	CHECK_STR("+123456789012345", parsed("123456789012345"));
}

static void anything_else_is_no_number(void)
{
	static const char *const bad[] = {
		"",
		" ",
		"+",
		"123456",
		"1234567890123456",
		"05551234567",
		"+05551234567",
		"++15551234567",
		"1+5551234567",
		"15551234567<15557654321",
		"sip:user@phone.plivo.com",
		"15551234567,15557654321",
		"15551234567;ext=1",
		"1555123456a",
		"+1555123456\n7x",
		"15551234567\t1",
		"\xd9\xa1\xd9\xa5\xd9\xa5\xd9\xa5\xd9\xa1\xd9\xa2\xd9\xa3",
		"\xef\xbc\x91\xef\xbc\x95\xef\xbc\x95\xef\xbc\x95 1234567",
		"+1555\xc2\xa0 1234567",
		"tel:+15551234567",
		"1e10",
		"-1234567x",
		"*15551234567",
		"15551234567#"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_STR("none", parsed(bad[i]));
}

static void a_zero_byte_ends_no_number(void)
{
	char out[NUMBER_MAX];

	CHECK_INT(-EINVAL, number_parse(out, str_n("15551234567\0<1", 14)));
	CHECK_STR("", out);
}

static void countries_are_found_by_their_code(void)
{
	CHECK_INT(1, number_country_len("15551234567"));
	CHECK_INT(1, number_country_len("79161234567"));
	CHECK_INT(2, number_country_len("4915112345678"));
	CHECK_INT(2, number_country_len("919876543210"));
	CHECK_INT(3, number_country_len("353861234567"));
	CHECK_INT(3, number_country_len("8801712345678"));
}

static void only_allowed_prefixes_may_be_dialled(void)
{
	CHECK(number_allowed("+15551234567", "*"));
	CHECK(number_allowed("+15551234567", "1"));
	CHECK(number_allowed("+15551234567", "49, +1"));
	CHECK(!number_allowed("+15551234567", "49,44"));
	CHECK(!number_allowed("+15551234567", ""));
	CHECK(!number_allowed("+4915112345678", "49151123456789"));
	CHECK(number_prefixes_ok("*"));
	CHECK(number_prefixes_ok("1, +49,353"));
	CHECK(!number_prefixes_ok("1,,49"));
	CHECK(!number_prefixes_ok("US"));
	CHECK(!number_prefixes_ok("0"));
}

static void plivo_writes_numbers_without_plus(void)
{
	CHECK(number_same("+15551234567", str_of("15551234567")));
	CHECK(number_same("+15551234567", str_of("+15551234567")));
	CHECK(!number_same("+15551234567", str_of("15551234568")));
	CHECK(!number_same("+15551234567", str_of("sip:a@b")));
}

static const struct test tests[] = {
	TEST(a_number_may_be_written_as_people_write_it),
	TEST(anything_else_is_no_number),
	TEST(a_zero_byte_ends_no_number),
	TEST(countries_are_found_by_their_code),
	TEST(only_allowed_prefixes_may_be_dialled),
	TEST(plivo_writes_numbers_without_plus),
};

TEST_MAIN(tests)
