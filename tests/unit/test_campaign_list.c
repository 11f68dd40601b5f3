#include "server/campaign_list.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "server/csv.h"
#include "tests/harness/test.h"

static struct campaign_list l;
static struct campaign_list_opts opts = {.now_ms = 1000000000};
static char why[CAMPAIGN_LIST_WHY_MAX], text[4096];

static int read_list(const char *list, bool ndjson)
{
	opts.ndjson = ndjson;
	why[0] = '\0';
	return campaign_list_read(&l, str_of(list), &opts, why);
}

/* A row as a line: number, body, state and why. */
static const char *row(size_t i)
{
	const struct store_row *r = &l.rows[i];

	CHECK(i < l.n);
	snprintf(text, sizeof(text), "%u %s %s %s%s%s", r->line,
	         r->to ? r->to : "-", r->body ? r->body : "-", r->state,
	         r->why ? ": " : "", r->why ? r->why : "");
	return text;
}

static void columns_become_members_of_the_body(void)
{
	CHECK_INT(0, read_list("\xef\xbb\xbfname,phone_number, plan \r\n"
	                       "Ada,+1 (555) 123-4567,\"a, \"\"b\"\"\"\r\n"
	                       "\r\n"
	                       "\"two\nlines\",15551234568,\r\n",
	                       false));
	CHECK_INT(2, l.n);
	CHECK_INT(2, l.good);
	CHECK_STR("2 +15551234567 {\"name\":\"Ada\",\"plan\":\"a, \\\"b\\\"\"} "
	          "waiting",
	          row(0));
	CHECK_STR("\"+1 (555) 123-4567\"", l.rows[0].phone_number);
	CHECK_STR("4 +15551234568 {\"name\":\"two\\nlines\",\"plan\":\"\"} "
	          "waiting",
	          row(1));
	campaign_list_fini(&l);
	CHECK_INT(0, read_list("phone_number\n15551234567", false));
	CHECK_STR("2 +15551234567 - waiting", row(0));
	campaign_list_fini(&l);
}

static void a_bad_row_is_told_by_its_line_and_harms_no_other(void)
{
	CHECK_INT(0, read_list("phone_number,name\n"
	                       "15551234561,a\n"
	                       "nobody,b\n"
	                       "15551234562\n"
	                       "15551234563,\"never closed\n"
	                       "15551234564,d\"e\n"
	                       "15551234565,\"f\"g\n"
	                       "15551234566,\"h\ni\"\n"
	                       "15551234567,j\n",
	                       false));
	CHECK_INT(8, l.n);
	CHECK_INT(3, l.good);
	CHECK_STR("2 +15551234561 {\"name\":\"a\"} waiting", row(0));
	CHECK(strstr(row(1), "3 - - bad: phone_number must be"));
	CHECK(strstr(row(2), "4 - - bad: it has not as many cells"));
	CHECK(strstr(row(3), "5 - - bad: there is"));
	CHECK_STR("6 - - bad: there is a quote inside a cell", row(4));
	CHECK_STR("7 - - bad: there is something behind a closing quote",
	          row(5));
	CHECK_STR("8 +15551234566 {\"name\":\"h\\ni\"} waiting", row(6));
	CHECK_STR("10 +15551234567 {\"name\":\"j\"} waiting", row(7));
	campaign_list_fini(&l);
}

static void a_number_counts_where_it_stands_first(void)
{
	CHECK_INT(0, read_list("phone_number\n+1 555 123 4567\n15551234568\n"
	                       "15551234567\nx\n+1-555-123-4567\n",
	                       false));
	CHECK_INT(2, l.good);
	CHECK_STR("2 +15551234567 - waiting", row(0));
	CHECK_STR("4 +15551234567 - repeated: the number is in line 2", row(2));
	CHECK_STR("6 +15551234567 - repeated: the number is in line 2", row(4));
	campaign_list_fini(&l);
}

static void objects_are_as_start_takes_them(void)
{
	CHECK_INT(0, read_list("{\"phone_number\":\"+15551234567\",\"body\":"
	                       "{\"n\": 1.50}}\n\n{\"phone_number\":1}\n"
	                       "nonsense\n"
	                       "{\"phone_number\":\"15551234568\",\"agent\":"
	                       "\"x\"}\n{\"phone_number\":15551234569}",
	                       true));
	CHECK_INT(5, l.n);
	CHECK_INT(2, l.good);
	CHECK_STR("1 +15551234567 {\"n\": 1.50} waiting", row(0));
	CHECK(strstr(row(1), "3 - - bad: phone_number"));
	CHECK(strstr(row(2), "4 - - bad: The body is not JSON"));
	CHECK(strstr(row(3), "5 - - bad: agent"));
	CHECK_STR("6 +15551234569 - waiting", row(4));
	CHECK_STR("15551234569", l.rows[4].phone_number);
	campaign_list_fini(&l);
}

/* A row's times from now on, its priority and address. */
static const char *when_of(size_t i)
{
	const struct store_row *r = &l.rows[i];

	CHECK(i < l.n);
	snprintf(text, sizeof(text), "%d %d %d %s %s",
	         r->due_ms ? (int)(r->due_ms - opts.now_ms) : -1,
	         r->expires_ms ? (int)(r->expires_ms - opts.now_ms) : -1,
	         r->priority, r->events_url ? r->events_url : "-",
	         r->body ? r->body : "-");
	return text;
}

static void a_row_says_when_or_is_as_the_others(void)
{
	static const char csv[] =
		"phone_number, priority ,not_before,expires_at,events_url,a\n"
		"15551234561,,,,,x\n"
		"15551234562,-4,2,1970-01-12T13:46:45Z,https://e,\n"
		"15551234563,0,,,,\n"
		"15551234564,10,,,,\n"
		"15551234565,,soon,,,\n"
		"15551234566,,9,9,,\n"
		"15551234567,,,1970-01-01T00:00:00Z,,\n";
	static const char ndjson[] =
		"{\"phone_number\":\"15551234561\"}\n"
		"{\"phone_number\":\"15551234562\",\"priority\":0,"
		"\"not_before\":\"1\",\"events_url\":\"https://e\"}\n"
		"{\"phone_number\":\"15551234563\",\"priority\":11}\n";

	opts.when = (struct request_when){.not_before_ms = opts.now_ms + 1000,
	                                  .expires_ms = opts.now_ms + 60000,
	                                  .priority = 2};
	CHECK_INT(0, read_list(csv, false));
	CHECK_INT(3, l.good);
	CHECK_STR("1000 60000 2 - {\"a\":\"x\"}", when_of(0));
	CHECK_STR("2000 5000 -4 https://e {\"a\":\"\"}", when_of(1));
	CHECK_STR("1000 60000 0 - {\"a\":\"\"}", when_of(2));
	CHECK(strstr(row(3), "5 - - bad: priority must be"));
	CHECK(strstr(row(4), "6 - - bad: not_before is no time"));
	CHECK(strstr(row(5), "7 - - bad: expires_at must be later"));
	CHECK(strstr(row(6), "8 - - bad: expires_at has passed"));
	campaign_list_fini(&l);
	CHECK_INT(0, read_list(ndjson, true));
	CHECK_STR("1000 60000 2 - -", when_of(0));
	CHECK_STR("1000 60000 0 https://e -", when_of(1));
	CHECK(strstr(row(2), "3 - - bad: priority must be"));
	campaign_list_fini(&l);
}

static void without_the_names_of_columns_nothing_is_read(void)
{
	static const char *const bad[] = {
		"",
		"name,number\na,15551234567\n",
		"phone_number,phone_number\n1,2\n",
		"phone_number,a,a\n15551234567,1,2\n",
		"\"phone_number\n15551234567\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK_INT(422, read_list(bad[i], false));
		CHECK(why[0] != '\0');
		campaign_list_fini(&l);
	}
}

static void a_list_has_a_bound(void)
{
	struct buf b;

	buf_init(&b, 1024 * 1024);
	CHECK_INT(0, buf_adds(&b, "phone_number\n"));
	for (unsigned i = 0; i < STORE_CAMPAIGN_ROWS; i++)
		CHECK_INT(0, buf_addf(&b, "1555%07u\n", i));
	CHECK_INT(0, read_list(buf_str(&b), false));
	CHECK_INT(STORE_CAMPAIGN_ROWS, l.good);
	campaign_list_fini(&l);
	CHECK_INT(0, buf_adds(&b, "15561234567\n"));
	CHECK_INT(413, read_list(buf_str(&b), false));
	CHECK(strstr(why, "10000"));
	campaign_list_fini(&l);
	buf_fini(&b);
}

static void no_memory_is_an_answer_and_leaks_nothing(void)
{
	static const char list[] = "phone_number,a\n15551234567,\"b\"\"\"\n"
				   "x,y\n15551234567,b\n";
	size_t live = mem_live();
	int status = 503;

	for (long n = 0; status == 503; n++) {
		CHECK(n < 200);
		mem_fail_after(n);
		status = read_list(list, false);
		mem_fail_after(-1);
		campaign_list_fini(&l);
		CHECK_INT(live, mem_live());
	}
	CHECK_INT(0, status);
}

static void cells_are_written_so_that_they_are_read_again(void)
{
	struct buf b;

	buf_init(&b, 1000);
	CHECK_INT(0, csv_put(&b, "+1555"));
	CHECK_INT(0, csv_put(&b, NULL));
	CHECK_INT(0, csv_put(&b, ""));
	CHECK_INT(0, csv_put(&b, "|a,\"b\"\n"));
	CHECK_INT(0, csv_put(&b, "=SUM(1)"));
	CHECK_STR("+1555\"|a,\"\"b\"\"\n\"'=SUM(1)", buf_str(&b));
	buf_fini(&b);
}

static const struct test tests[] = {
	TEST(columns_become_members_of_the_body),
	TEST(a_bad_row_is_told_by_its_line_and_harms_no_other),
	TEST(a_number_counts_where_it_stands_first),
	TEST(objects_are_as_start_takes_them),
	TEST(a_row_says_when_or_is_as_the_others),
	TEST(without_the_names_of_columns_nothing_is_read),
	TEST(a_list_has_a_bound),
	TEST(no_memory_is_an_answer_and_leaks_nothing),
	TEST(cells_are_written_so_that_they_are_read_again),
};

TEST_MAIN(tests)
