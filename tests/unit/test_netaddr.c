#include "common/netaddr.h"

#include <sys/socket.h>

#include "common/attr.h"
#include "tests/harness/test.h"

static void what_is_inside_is_not_public(void)
{
	static const char *const inside[] = {
		"0.0.0.0",
		"10.1.2.3",
		"100.64.0.1",
		"100.100.100.200",
		"127.0.0.1",
		"127.255.255.255",
		"168.63.129.16",
		"169.254.169.254",
		"172.16.0.1",
		"172.31.255.255",
		"192.0.0.192",
		"192.0.2.1",
		"192.168.1.1",
		"198.18.0.1",
		"198.19.255.255",
		"198.51.100.1",
		"203.0.113.9",
		"224.0.0.1",
		"240.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"fe80::1",
		"fec0::1",
		"fc00::1",
		"fd00:ec2::254",
		"ff02::1",
		"2001:db8::1",
		"2001::1",
		"2002:7f00:1::",
		"3fff::1",
		"100::1",
	};

	for (size_t i = 0; i < ARRAY_LEN(inside); i++)
		if (netaddr_text_public(inside[i]))
			test_fail(__FILE__, __LINE__, "%s", inside[i]);
}

static void an_address_within_another_is_looked_at_itself(void)
{
	CHECK(!netaddr_text_public("::ffff:127.0.0.1"));
	CHECK(!netaddr_text_public("::ffff:169.254.169.254"));
	CHECK(!netaddr_text_public("::ffff:a00:1"));
	CHECK(!netaddr_text_public("64:ff9b::10.0.0.1"));
	CHECK(!netaddr_text_public("::127.0.0.1"));
	CHECK(netaddr_text_public("::ffff:8.8.8.8"));
	CHECK(netaddr_text_public("64:ff9b::8.8.8.8"));
}

static void what_is_outside_is_public(void)
{
	static const char *const outside[] = {
		"1.1.1.1",     "9.255.255.255",   "11.0.0.0",
		"100.63.1.1",  "100.128.0.1",     "126.1.1.1",
		"128.0.0.1",   "168.63.129.17",   "169.253.1.1",
		"172.15.0.1",  "172.32.0.1",      "192.167.1.1",
		"192.169.0.1", "223.255.255.255", "2606:4700::1111",
		"2a00::1",     "2001:4860::8888",
	};

	for (size_t i = 0; i < ARRAY_LEN(outside); i++)
		if (!netaddr_text_public(outside[i]))
			test_fail(__FILE__, __LINE__, "%s", outside[i]);
}

static void what_is_no_address_is_not_public(void)
{
	const struct sockaddr unix_addr = {.sa_family = AF_UNIX};

	CHECK(!netaddr_text_public(""));
	CHECK(!netaddr_text_public("example.com"));
	CHECK(!netaddr_text_public("8.8.8.8 "));
	CHECK(!netaddr_text_public("0x08080808"));
	CHECK(!netaddr_public(&unix_addr));
}

static const struct test tests[] = {
	TEST(what_is_inside_is_not_public),
	TEST(an_address_within_another_is_looked_at_itself),
	TEST(what_is_outside_is_public),
	TEST(what_is_no_address_is_not_public),
};

TEST_MAIN(tests)
