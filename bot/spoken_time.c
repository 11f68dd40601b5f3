#include <ctype.h>
#include <string.h>

#include "bot/spoken_impl.h"

enum half { HALF_NONE, HALF_AM, HALF_PM };

struct clock {
	unsigned hour, minute;
	bool minutes; /* they are written */
	enum half half;
};

/* "am", "PM", "a.m": its length without the last full stop, 0: none. */
static size_t half_at(const struct spoken_job *j, size_t at, enum half *half)
{
	const char c = (char)tolower((unsigned char)spoken_char(j, at));
	const size_t dot = spoken_char(j, at + 1) == '.';
	const char m = spoken_char(j, at + 1 + dot);

	if ((c != 'a' && c != 'p') || (m != 'm' && m != 'M') ||
	    !spoken_edge(j, at + 2 + dot))
		return 0;
	*half = c == 'a' ? HALF_AM : HALF_PM;
	return 2 + dot;
}

static void say(struct spoken_job *j, const struct clock *c, bool stop)
{
	unsigned hour = c->hour;
	enum half half = c->half;

	if (!half && (hour > 12 || !hour))
		half = hour > 12 && hour < 24 ? HALF_PM : HALF_AM;
	hour = hour % 12 ? hour % 12 : 12;
	spoken_cardinal(j, hour);
	if (c->minute && c->minute < 10)
		spoken_words(j, "oh");
	if (c->minute)
		spoken_cardinal(j, c->minute);
	if (half) {
		spoken_words(j, half == HALF_AM ? "a.m" : "p.m");
		/* The text's own full stop may follow. */
		if (!stop)
			j->err = j->err ? j->err
			                : buf_add(&j->sp->voice, ".", 1);
	} else if (c->minutes && !c->minute) {
		spoken_words(j, "o'clock");
	}
}

size_t spoken_read_time(struct spoken_job *j, size_t at)
{
	const size_t h = spoken_digits(j, at);
	struct clock c = {.hour = spoken_value(j, at, h)};
	size_t end = at + h, gap, half;

	if (h < 1 || h > 2 || c.hour > 24)
		return 0;
	if (spoken_char(j, end) == ':' && spoken_digits(j, end + 1) == 2) {
		c.minute = spoken_value(j, end + 1, 2);
		c.minutes = true;
		end += 3;
		if (c.minute > 59)
			return 0;
		/* Nobody says seconds. */
		if (spoken_char(j, end) == ':' &&
		    spoken_digits(j, end + 1) == 2)
			end += 3;
	}
	gap = spoken_spaces(j, end);
	half = half_at(j, end + gap, &c.half);
	if (half)
		end += gap + half;
	if (!spoken_edge(j, end) || (!half && !c.minutes))
		return 0;
	if (half && (c.hour > 12 || !c.hour))
		c.half = c.hour > 12 && c.hour < 24 ? HALF_PM : HALF_AM;
	say(j, &c, spoken_char(j, end) == '.');
	return end - at;
}
