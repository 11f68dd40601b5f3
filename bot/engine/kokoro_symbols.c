#include "bot/engine/kokoro_symbols.h"

#include "common/attr.h"
#include "common/utf8.h"

/* As the model was trained; those that g2p.c writes. */
static const struct {
	uint32_t code;
	int64_t id;
} symbols[] = {
	{';', 1},     {':', 2},     {',', 3},     {'.', 4},     {'!', 5},
	{'?', 6},     {' ', 16},    {'I', 25},    {'O', 31},    {'W', 39},
	{'A', 24},    {'Y', 41},    {'T', 36},    {'b', 44},    {'d', 46},
	{'f', 48},    {'h', 50},    {'i', 51},    {'j', 52},    {'k', 53},
	{'l', 54},    {'m', 55},    {'n', 56},    {'p', 58},    {'s', 61},
	{'t', 62},    {'u', 63},    {'v', 64},    {'w', 65},    {'z', 68},
	{0x251, 69},  {0xe6, 72},   {0x254, 76},  {0xf0, 81},   {0x2a4, 82},
	{0x259, 83},  {0x25b, 86},  {0x25c, 87},  {0x261, 92},  {0x26a, 102},
	{0x14b, 112}, {0x3b8, 119}, {0x279, 123}, {0x283, 131}, {0x2a7, 133},
	{0x28a, 135}, {0x28c, 138}, {0x292, 147}, {0x2c8, 156}, {0x2cc, 157},
};

static int64_t id_of(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_LEN(symbols); i++)
		if (symbols[i].code == code)
			return symbols[i].id;
	return -1;
}

size_t kokoro_ids(int64_t *ids, size_t max, const char *text, size_t len)
{
	size_t n = 0, i = 0;

	while (i < len && n < max) {
		size_t size = utf8_len(text + i, len - i);
		int64_t id = size ? id_of(utf8_code(text + i, size)) : -1;

		if (id >= 0)
			ids[n++] = id;
		i += size ? size : 1;
	}
	return n;
}
