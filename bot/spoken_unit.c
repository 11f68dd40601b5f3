#include <ctype.h>
#include <string.h>

#include "bot/spoken_impl.h"

struct unit {
	const char *sign, *one, *many;
	bool tight; /* no space before it */
};

/* The longer sign first where one begins with another that has no edge. */
static const struct unit units[] = {
	{"%", "percent", "percent", false},
	{"km/h", "kilometer per hour", "kilometers per hour", false},
	{"kph", "kilometer per hour", "kilometers per hour", false},
	{"mph", "mile per hour", "miles per hour", false},
	{"sq ft", "square foot", "square feet", false},
	{"sq. ft", "square foot", "square feet", false},
	{"sqft", "square foot", "square feet", false},
	{"ft²", "square foot", "square feet", false},
	{"km²", "square kilometer", "square kilometers", false},
	{"m²", "square meter", "square meters", false},
	{"m³", "cubic meter", "cubic meters", false},
	{"km", "kilometer", "kilometers", false},
	{"cm", "centimeter", "centimeters", false},
	{"mm", "millimeter", "millimeters", false},
	{"m", "meter", "meters", false},
	{"mi", "mile", "miles", false},
	{"ft", "foot", "feet", false},
	{"in", "inch", "inches", true},
	{"yd", "yard", "yards", false},
	{"kg", "kilogram", "kilograms", false},
	{"mg", "milligram", "milligrams", false},
	{"mcg", "microgram", "micrograms", false},
	{"µg", "microgram", "micrograms", false},
	{"g", "gram", "grams", false},
	{"lbs", "pound", "pounds", false},
	{"lb", "pound", "pounds", false},
	{"oz", "ounce", "ounces", false},
	{"ml", "milliliter", "milliliters", false},
	{"mL", "milliliter", "milliliters", false},
	{"L", "liter", "liters", false},
	{"l", "liter", "liters", true},
	{"gal", "gallon", "gallons", false},
	{"°C", "degree Celsius", "degrees Celsius", false},
	{"°F", "degree Fahrenheit", "degrees Fahrenheit", false},
	{"°", "degree", "degrees", false},
	{"kWh", "kilowatt hour", "kilowatt hours", false},
	{"kW", "kilowatt", "kilowatts", false},
	{"W", "watt", "watts", false},
	{"V", "volt", "volts", false},
	{"kHz", "kilohertz", "kilohertz", false},
	{"MHz", "megahertz", "megahertz", false},
	{"GHz", "gigahertz", "gigahertz", false},
	{"Hz", "hertz", "hertz", false},
	{"KB", "kilobyte", "kilobytes", false},
	{"MB", "megabyte", "megabytes", false},
	{"GB", "gigabyte", "gigabytes", false},
	{"TB", "terabyte", "terabytes", false},
	{"Mbps", "megabit per second", "megabits per second", false},
	{"Gbps", "gigabit per second", "gigabits per second", false},
	{"hrs", "hour", "hours", false},
	{"hr", "hour", "hours", false},
	{"h", "hour", "hours", true},
	{"mins", "minute", "minutes", false},
	{"min", "minute", "minutes", false},
	{"secs", "second", "seconds", false},
	{"sec", "second", "seconds", false},
	{"ms", "millisecond", "milliseconds", false},
	{"yrs", "year", "years", false},
	{"yr", "year", "years", false},
	{"wks", "week", "weeks", false},
	{"wk", "week", "weeks", false},
};

static const struct {
	const char *sign, *word;
	bool tight;
} scales[] = {
	{"thousand", "thousand", false}, {"million", "million", false},
	{"billion", "billion", false},   {"trillion", "trillion", false},
	{"k", "thousand", true},         {"K", "thousand", true},
	{"M", "million", true},          {"mn", "million", true},
	{"bn", "billion", true},         {"B", "billion", true},
	{"T", "trillion", true},
};

static const struct {
	const char *sign, *word;
} pers[] = {
	{"mo", "month"},      {"yr", "year"},           {"hr", "hour"},
	{"h", "hour"},        {"wk", "week"},           {"min", "minute"},
	{"sec", "second"},    {"s", "second"},          {"kg", "kilogram"},
	{"lb", "pound"},      {"km", "kilometer"},      {"mi", "mile"},
	{"GB", "gigabyte"},   {"kWh", "kilowatt hour"}, {"ea", "piece"},
	{"month", "month"},   {"year", "year"},         {"hour", "hour"},
	{"week", "week"},     {"day", "day"},           {"night", "night"},
	{"minute", "minute"}, {"second", "second"},     {"person", "person"},
	{"user", "user"},     {"unit", "unit"},         {"call", "call"},
	{"visit", "visit"},   {"session", "session"},   {"item", "item"},
};

size_t spoken_scale(const struct spoken_job *j, size_t at, const char **word)
{
	const size_t gap = spoken_spaces(j, at);
	const struct str have = spoken_letters(j, at + gap);

	for (size_t i = 0; i < ARRAY_LEN(scales); i++)
		if (str_eq(have, scales[i].sign) &&
		    (!gap || !scales[i].tight) &&
		    spoken_edge(j, at + gap + have.len)) {
			*word = scales[i].word;
			return gap + have.len;
		}
	return 0;
}

/* Does the sign stand by itself before @end? */
static bool whole(const struct spoken_job *j, const struct unit *u, size_t end)
{
	const char last = u->sign[strlen(u->sign) - 1];
	const char c = spoken_char(j, end);

	if (!isalpha((unsigned char)last))
		return true;
	/* "5 m's" and "5 m/s" are something else. */
	return spoken_edge(j, end) && c != '\'' &&
	       !(c == '/' && u->sign[1] == '\0') && !(c & 0x80);
}

size_t spoken_unit(struct spoken_job *j, size_t at, bool one)
{
	const size_t gap = spoken_spaces(j, at);

	for (size_t i = 0; i < ARRAY_LEN(units) && gap <= 1; i++) {
		const struct unit *u = &units[i];
		const size_t end = at + gap + strlen(u->sign);

		if ((gap && u->tight) || !spoken_starts(j, at + gap, u->sign) ||
		    !whole(j, u, end))
			continue;
		spoken_words(j, one ? u->one : u->many);
		return end - at;
	}
	return 0;
}

size_t spoken_per(struct spoken_job *j, size_t at)
{
	const struct str word = spoken_letters(j, at + 1);

	if (spoken_char(j, at) != '/' || !spoken_edge(j, at + 1 + word.len))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(pers); i++)
		if (str_eq(word, pers[i].sign)) {
			spoken_words(j, "per");
			spoken_words(j, pers[i].word);
			return 1 + word.len;
		}
	return 0;
}
