#include <errno.h>

#include "bot/playout_priv.h"

int playout_digits(struct playout *p, const char *digits)
{
	char text[STREAM_WRAP_MAX];
	const long len =
		p->prm.proto->dtmf(&p->writer, text, sizeof(text), digits);

	if (len < 0)
		return (int)len;
	return p->prm.sendh(text, (size_t)len, p->prm.arg);
}
