#include "bot/provider/reconnect.h"

#include <errno.h>

#include "common/crypto.h"
#include "common/err.h"
#include "common/log.h"

void reconnect_init(struct reconnect *r, struct timers *ts, const char *module,
                    const char *call_id)
{
	*r = (struct reconnect){
		.timers = ts, .module = module, .call_id = call_id};
}

int provider_status_err(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ERR_AUTH;
	case 402:
		return -EDQUOT;
	case 408:
	case 409:
		return -EBUSY;
	case 429:
		return ERR_LIMIT;
	default:
		return status >= 500 ? -EBUSY : ERR_PROVIDER;
	}
}

int reconnect_later(struct reconnect *r, int err, int status, timer_h *handler,
                    void *arg)
{
	static const uint32_t delays_ms[RECONNECT_TRIES] = {0, 100, 300, 1000,
	                                                    2000};
	int why = status ? provider_status_err(status) : err;
	uint32_t delay;
	uint8_t dice;

	if (status && why != -EBUSY && why != ERR_LIMIT)
		return why;
	if (r->tries >= RECONNECT_TRIES || (r->limit && r->tries >= r->limit))
		return why;
	/* Many calls lose the same server together; they must not come back
	 * together. */
	crypto_random(&dice, 1);
	delay = delays_ms[r->tries] * (200U + dice % 56) / 256;
	r->tries++;
	log_line(LOG_WARN, r->module, r->call_id,
	         "event=reconnect try=%u in_ms=%u status=%d error=%s", r->tries,
	         delay, status, LOG_TEXT(err_str(why)));
	timer_start(r->timers, &r->timer, delay, handler, arg);
	return 0;
}

void reconnect_good(struct reconnect *r)
{
	r->tries = 0;
}

void reconnect_stop(struct reconnect *r)
{
	timer_stop(r->timers, &r->timer);
}
