/* Which words a voice is given: tables, kind by kind. */
#include <stdio.h>
#include <string.h>

#include "bot/spoken.h"
#include "tests/harness/test.h"

enum { LIMIT = 4096 };

struct row {
	const char *text, *voice;
};

static const struct row numbers[] = {
	{"0", "zero"},
	{"7 days", "seven days"},
	{"13", "thirteen"},
	{"20 cats", "twenty cats"},
	{"You have 42 left.", "You have forty-two left."},
	{"100", "one hundred"},
	{"365 days", "three hundred sixty-five days"},
	{"1000", "one thousand"},
	{"1,200", "one thousand two hundred"},
	{"1,234,567 people",
         "one million two hundred thirty-four thousand five hundred "
         "sixty-seven people"},
	{"1000000", "one million"},
	{"2,000,000,000", "two billion"},
	{"1500 seats", "one thousand five hundred seats"},
	{"50000", "fifty thousand"},
	{"3.14", "three point one four"},
	{"0.5", "zero point five"},
	{"98.6", "ninety-eight point six"},
	{"It is -5 outside", "It is minus five outside"},
	{"-5 degrees", "minus five degrees"},
	{"\xe2\x88\x92"
         "7",
         "minus seven"},
	{"5 million people", "five million people"},
	{"1.5M users", "one point five million users"},
	{"10k steps", "ten thousand steps"},
	{"2bn", "two billion"},
	{"007", "zero zero seven"},
	{"1, 2, 3", "one, two, three"},
	{"(4)", "(four)"},
	{"\"4\"", "\"four\""},
	{"18+", "eighteen plus"},
	{"#1", "number one"},
	{"room #12", "room number twelve"},
	{"No. 5 it is", "number five it is"},
	{"~30 people", "about thirty people"},
	{"\xc2\xb1"
         "2",
         "plus or minus two"},
	{"1/2 an hour", "one half an hour"},
	{"3/4 cup", "three quarters cup"},
	{"2 1/2 cups", "two and a half cups"},
	{"2\xc2\xbd hours", "two and a half hours"},
	{"\xc2\xbc mile", "one quarter mile"},
	{"open 24/7", "open twenty-four seven"},
	{"9/10 doctors", "nine out of ten doctors"},
	{"B12", "B twelve"},
	{"Q3", "Q three"},
	{"4K", "four thousand"},
	{"3D", "three D"},
	{"MP3s", "MP three s"},
	{"COVID-19", "COVID nineteen"},
	{"a 24-hour line", "a twenty-four-hour line"},
	{"a 5-star hotel", "a five-star hotel"},
	{"version 1.2.3", "version one point two point three"},
	{"version 3.5", "version three point five"},
	{"at 10.0.0.1", "at ten dot zero dot zero dot one"},
	{"your code is 4821.", "your code is four eight two one."},
	{"code 482193", "code four eight two, one nine three"},
	{"ending in 1234", "ending in one two three four"},
	{"confirmation number 60012",
         "confirmation number six zero zero, one two"},
	{"call 911", "call nine one one"},
	{"call 300 people", "call three hundred people"},
	{"press 1", "press one"},
	{"1234567890123456789",
         "one two three, four five six, seven eight nine, zero one two, "
         "three four five, six seven eight nine"},
	{"won 3:1", "won three to one"},
	{"caf\xc3\xa9 9", "caf\xc3\xa9 nine"},
	{"\xe2\x82", "\xe2\x82"},
	{"order #48213", "order number four eight two, one three"},
	{"at 221B Baker St.", "at two two one B Baker St."},
	{"802.11ac", "eight hundred two point one one ac"},
	{"50/50", "fifty-fifty"},
	{"ISBN 978-3-16-148410-0",
         "ISBN nine seven eight, three, one six, one four eight, four one "
         "zero, zero"},
	{"Reference number: 123-456.",
         "Reference number: one two three, four five six."},
	{"no numbers at all", "no numbers at all"},
	{"", ""},
};

static const struct row ordinals_and_years[] = {
	{"1st", "first"},
	{"the 2nd time", "the second time"},
	{"3rd", "third"},
	{"4th floor", "fourth floor"},
	{"5th Avenue", "fifth Avenue"},
	{"9th", "ninth"},
	{"12th", "twelfth"},
	{"20th", "twentieth"},
	{"21st century", "twenty-first century"},
	{"100th", "one hundredth"},
	{"101st", "one hundred first"},
	{"1,000th", "one thousandth"},
	{"in 2026", "in twenty twenty-six"},
	{"in 2000", "in two thousand"},
	{"in 2005", "in two thousand five"},
	{"since 1999", "since nineteen ninety-nine"},
	{"in 1900", "in nineteen hundred"},
	{"in 1905", "in nineteen oh five"},
	{"since 1776", "since seventeen seventy-six"},
	{"the 1st-3rd of May", "the first to third of May"},
	{"the 1990s", "the nineteen nineties"},
	{"the 80s", "the eighties"},
	{"the 2000s", "the two thousands"},
	{"2024-2026", "twenty twenty-four to twenty twenty-six"},
};

static const struct row money[] = {
	{"$29.95", "twenty-nine dollars and ninety-five cents"},
	{"It costs $29.95.", "It costs twenty-nine dollars and ninety-five "
                             "cents."},
	{"$1", "one dollar"},
	{"$1.01", "one dollar and one cent"},
	{"$0.99", "ninety-nine cents"},
	{"$.50", "fifty cents"},
	{"$5", "five dollars"},
	{"$5.00", "five dollars"},
	{"$3.5", "three dollars and fifty cents"},
	{"$1,250", "one thousand two hundred fifty dollars"},
	{"$1,250.75", "one thousand two hundred fifty dollars and "
                      "seventy-five cents"},
	{"$1.5 million", "one point five million dollars"},
	{"$5M", "five million dollars"},
	{"$20k", "twenty thousand dollars"},
	{"$0.005", "zero point zero zero five dollars"},
	{"-$5", "minus five dollars"},
	{"$5-10", "five to ten dollars"},
	{"$5-$10", "five to ten dollars"},
	{"$5 \xe2\x80\x93 $10", "five to ten dollars"},
	{"$5-10 million", "five to ten million dollars"},
	{"$9.99-19.99", "nine dollars and ninety-nine cents to nineteen "
                        "dollars and ninety-nine cents"},
	{"$20/month", "twenty dollars per month"},
	{"$45/hr", "forty-five dollars per hour"},
	{"US$100", "one hundred dollars"},
	{"100 USD", "one hundred dollars"},
	{"\xe2\x82\xac"
         "5",
         "five euros"},
	{"\xe2\x82\xac"
         "1.20",
         "one euro and twenty cents"},
	{"5\xe2\x82\xac", "five euros"},
	{"20 EUR", "twenty euros"},
	{"\xc2\xa3"
         "3.50",
         "three pounds and fifty pence"},
	{"\xc2\xa3"
         "0.01",
         "one penny"},
	{"\xc2\xa5"
         "500",
         "five hundred yen"},
	{"5 dollars", "five dollars"},
	{"$ and cents", "$ and cents"},
};

static const struct row shares_and_units[] = {
	{"50%", "fifty percent"},
	{"3.5%", "three point five percent"},
	{"100 %", "one hundred percent"},
	{"10-20%", "ten to twenty percent"},
	{"5% - 10%", "five percent to ten percent"},
	{"5km", "five kilometers"},
	{"1 km", "one kilometer"},
	{"5.5 km away", "five point five kilometers away"},
	{"60 mph", "sixty miles per hour"},
	{"100 km/h", "one hundred kilometers per hour"},
	{"2 kg", "two kilograms"},
	{"500mg", "five hundred milligrams"},
	{"1 lb", "one pound"},
	{"10 lbs.", "ten pounds."},
	{"8 oz", "eight ounces"},
	{"250 ml", "two hundred fifty milliliters"},
	{"6 ft", "six feet"},
	{"5 in the morning", "five in the morning"},
	{"30cm", "thirty centimeters"},
	{"1,200 sq ft", "one thousand two hundred square feet"},
	{"20\xc2\xb0"
         "C",
         "twenty degrees Celsius"},
	{"72\xc2\xb0", "seventy-two degrees"},
	{"16 GB", "sixteen gigabytes"},
	{"100 Mbps", "one hundred megabits per second"},
	{"30 min", "thirty minutes"},
	{"1 hr", "one hour"},
	{"90 mins", "ninety minutes"},
	{"3-5 days", "three to five days"},
	{"3\xe2\x80\x93"
         "5 days",
         "three to five days"},
	{"pages 10 - 12", "pages ten to twelve"},
	{"5 m/s", "five m/s"},
	{"9-5", "nine to five"},
};

static const struct row dates[] = {
	{"2026-11-25", "November twenty-fifth, twenty twenty-six"},
	{"11/25/2026", "November twenty-fifth, twenty twenty-six"},
	{"25/11/2026", "November twenty-fifth, twenty twenty-six"},
	{"1/2/2026", "January second, twenty twenty-six"},
	{"25.11.2026", "November twenty-fifth, twenty twenty-six"},
	{"11/25/26", "November twenty-fifth, twenty twenty-six"},
	{"11/25", "November twenty-fifth"},
	{"12/05", "December fifth"},
	{"Nov 25", "November twenty-fifth"},
	{"Nov. 25", "November twenty-fifth"},
	{"Nov 25.", "November twenty-fifth."},
	{"November 25th", "November twenty-fifth"},
	{"November 3rd", "November third"},
	{"Nov 25, 2026", "November twenty-fifth, twenty twenty-six"},
	{"On November 25, 2026, we", "On November twenty-fifth, twenty "
                                     "twenty-six, we"},
	{"Nov 2026", "November twenty twenty-six"},
	{"Sept 5", "September fifth"},
	{"Nov 25-27", "November twenty-fifth to twenty-seventh"},
	{"25 Nov 2026", "the twenty-fifth of November, twenty twenty-six"},
	{"the 25 November", "the twenty-fifth of November"},
	{"25th of November", "twenty-fifth of November"},
	{"May 5", "May fifth"},
	{"may 5 people", "may five people"},
	{"March on", "March on"},
	{"Mon-Fri 9am-5pm", "Monday to Friday nine a.m. to five p.m."},
	{"Tue, Nov 25", "Tuesday, November twenty-fifth"},
	{"Sat 10:00", "Saturday ten o'clock"},
	{"Sat down", "Sat down"},
	{"The Sun.", "The Sun."},
	{"see you Wed.", "see you Wednesday."},
	{"2026-13-45", "two zero two six, one three, four five"},
	{"Nov 45", "Nov forty-five"},
	{"June 5, 12 people", "June fifth, twelve people"},
};

static const struct row times[] = {
	{"14:30", "two thirty p.m."},
	{"at 14:30.", "at two thirty p.m."},
	{"2:30 pm", "two thirty p.m."},
	{"2:30pm", "two thirty p.m."},
	{"2:30 PM today", "two thirty p.m. today"},
	{"2:30 p.m. today", "two thirty p.m. today"},
	{"2 pm", "two p.m."},
	{"5 p.m.", "five p.m."},
	{"9am", "nine a.m."},
	{"9:00", "nine o'clock"},
	{"9:05", "nine oh five"},
	{"09:30", "nine thirty"},
	{"10:45?", "ten forty-five?"},
	{"00:15", "twelve fifteen a.m."},
	{"12:00 pm", "twelve p.m."},
	{"17:00", "five p.m."},
	{"14:30:15", "two thirty p.m."},
	{"9am-5pm", "nine a.m. to five p.m."},
	{"2-3 pm", "two to three p.m."},
	{"9:00 am - 5:30 pm", "nine a.m. to five thirty p.m."},
	{"9:00-17:00", "nine o'clock to five p.m."},
	{"25:10", "twenty-five to ten"},
	{"I am 5 am I", "I am five a.m. I"},
};

static const struct row phones[] = {
	{"555-123-4567", "five five five, one two three, four five six seven"},
	{"(555) 123-4567",
         "five five five, one two three, four five six seven"},
	{"555.123.4567", "five five five, one two three, four five six seven"},
	{"555 123 4567", "five five five, one two three, four five six seven"},
	{"5551234567", "five five five, one two three, four five six seven"},
	{"+15551234567",
         "plus one, five five five, one two three, four five six seven"},
	{"+1 (555) 123-4567",
         "plus one, five five five, one two three, four five six seven"},
	{"1-800-555-0199",
         "one, eight zero zero, five five five, zero one nine nine"},
	{"Call 555-0123.", "Call five five five, zero one two three."},
	{"+44 20 7946 0958",
         "plus four four, two zero, seven nine four six, zero nine five "
         "eight"},
	{"020 7946 0958",
         "zero two zero, seven nine four six, zero nine five eight"},
	{"555-123-4567 ext. 12", "five five five, one two three, four five "
                                 "six seven, extension one two"},
	{"200-1000 people", "two hundred to one thousand people"},
	{"123-45-6789", "one two three, four five, six seven eight nine"},
};

static const struct row addresses[] = {
	{"bob@example.com", "bob at example dot com"},
	{"Write to j.doe_7@mail.example.org.",
         "Write to j dot doe underscore seven at mail dot example dot org."},
	{"a-b+c@x.io", "a dash b plus c at x dot io"},
	{"https://www.example.com", "w w w dot example dot com"},
	{"https://example.com/", "example dot com"},
	{"www.example.com", "w w w dot example dot com"},
	{"example.com/help", "example dot com slash help"},
	{"example.com.", "example dot com."},
	{"https://example.com/a-b?x=1#y now",
         "example dot com slash a dash b now"},
	{"see example.org, please", "see example dot org, please"},
	{"shop24.example.com", "shop twenty-four dot example dot com"},
	{"room2000.net", "room two zero zero zero dot net"},
	{"and/or", "and/or"},
	{"e.g. this", "e.g. this"},
	{"end.Next", "end.Next"},
	{"@home", "@home"},
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct spoken sp;
		struct str voice;

		spoken_init(&sp, LIMIT);
		sp.words = true;
		CHECK_INT(0, spoken_add(&sp, str_of(rows[i].text), &voice));
		CHECK_STR(rows[i].text, buf_str(&sp.text));
		CHECK_STR(rows[i].voice, buf_str(&sp.voice));
		CHECK(str_eq(voice, rows[i].voice));
		CHECK_INT((long long)sp.text.len,
		          (long long)spoken_heard(&sp, sp.voice.len));
		spoken_fini(&sp);
	}
}

static void numbers_are_said_as_words(void)
{
	check(numbers, ARRAY_LEN(numbers));
}

static void places_in_a_row_and_years_have_their_names(void)
{
	check(ordinals_and_years, ARRAY_LEN(ordinals_and_years));
}

static void money_is_counted_in_its_units(void)
{
	check(money, ARRAY_LEN(money));
}

static void shares_units_and_ranges_are_words(void)
{
	check(shares_and_units, ARRAY_LEN(shares_and_units));
}

static void dates_are_a_month_and_a_day(void)
{
	check(dates, ARRAY_LEN(dates));
}

static void times_are_those_of_a_clock_on_the_wall(void)
{
	check(times, ARRAY_LEN(times));
}

static void telephone_numbers_go_digit_by_digit_in_groups(void)
{
	check(phones, ARRAY_LEN(phones));
}

static void addresses_are_spelled(void)
{
	check(addresses, ARRAY_LEN(addresses));
}

static void the_table_is_a_long_one(void)
{
	CHECK(ARRAY_LEN(numbers) + ARRAY_LEN(ordinals_and_years) +
	              ARRAY_LEN(money) + ARRAY_LEN(shares_and_units) +
	              ARRAY_LEN(dates) + ARRAY_LEN(times) + ARRAY_LEN(phones) +
	              ARRAY_LEN(addresses) >=
	      150);
}

static const struct test tests[] = {
	TEST(numbers_are_said_as_words),
	TEST(places_in_a_row_and_years_have_their_names),
	TEST(money_is_counted_in_its_units),
	TEST(shares_units_and_ranges_are_words),
	TEST(dates_are_a_month_and_a_day),
	TEST(times_are_those_of_a_clock_on_the_wall),
	TEST(telephone_numbers_go_digit_by_digit_in_groups),
	TEST(addresses_are_spelled),
	TEST(the_table_is_a_long_one),
};

TEST_MAIN(tests)
