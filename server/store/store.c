#include "server/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/str.h"
#include "server/store/ops.h"

static const struct {
	const char *text;
	unsigned rank;
} states[STORE_STATES] = {
#define X(name, text, rank) {text, rank},
	STORE_STATE_MAP(X)
#undef X
};

static const struct {
	const char *scheme;
	const struct store_ops *ops;
} kinds[] = {
	{"sqlite:", &store_sqlite_ops},
	{"postgres:", &store_pg_ops},
	{"postgresql:", &store_pg_ops},
};

const char *store_state_text(enum store_state state)
{
	return states[state].text;
}

unsigned store_state_rank(enum store_state state)
{
	return states[state].rank;
}

int store_state_parse(const char *text, enum store_state *state)
{
	int i;

	for (i = 0; i < STORE_STATES; i++) {
		if (strcmp(states[i].text, text) == 0) {
			*state = (enum store_state)i;
			return 0;
		}
	}
	return -EINVAL;
}

bool store_state_final(enum store_state state)
{
	return states[state].rank == states[STORE_ENDED].rank;
}

void store_call_fini(struct store_call *c)
{
	char *texts[] = {c->id,         c->key,          c->to,
	                 c->from,       c->phone_number, c->agent,
	                 c->body,       c->base_url,     c->owner,
	                 c->idem_key,   c->idem_hash,    c->answer,
	                 c->call_uuid,  c->reservation,  c->bot,
	                 c->stream_url, c->end_by,       c->end_cause,
	                 c->error,      c->events_url,   c->hours};
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		mem_free(texts[i]);
	memset(c, 0, sizeof(*c));
}

int store_open(struct store **sp, const char *url, char *why, size_t why_cap)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		if (str_starts(str_of(url), kinds[i].scheme))
			return kinds[i].ops->open(sp,
			                          url + strlen(kinds[i].scheme),
			                          why, why_cap);
	}
	/* Its text may hold a password, so it is not repeated. */
	snprintf(why, why_cap,
	         "no store of this kind: use sqlite:PATH or "
	         "postgres://HOST/NAME");
	return -EINVAL;
}

void store_close(struct store **sp)
{
	struct store *s = *sp;

	*sp = NULL;
	if (s)
		s->ops->close(s);
}

int store_call_add(struct store *s, const struct store_call *c)
{
	ASSERT(c->id && c->key && c->to);
	return s->ops->call_add(s, c);
}

int store_call_admit(struct store *s, const struct store_call *c,
                     struct store_admission *a)
{
	ASSERT(c->id && c->key && c->to);
	a->free_ms = 0;
	return s->ops->call_admit(s, c, a);
}

int store_room_used(struct store *s, const char *id,
                    const struct store_room *room, unsigned *used)
{
	return s->ops->room_used(s, id, room, used);
}

int store_quality_look(struct store *s, int64_t since_ms, unsigned most,
                       struct store_quality *q)
{
	return s->ops->quality(s, since_ms, most, q);
}

bool store_shared(const struct store *s)
{
	return s->ops->beat != NULL;
}

int store_beat(struct store *s)
{
	return s->ops->beat ? s->ops->beat(s) : 0;
}

int store_claim(struct store *s, int64_t now_ms, store_claim_h *h, void *arg)
{
	return s->ops->claim(s, now_ms, h, arg);
}

int store_turn(struct store *s, int priority, uint64_t interval_us,
               uint64_t *wait_us)
{
	ASSERT(s->ops->turn);
	return s->ops->turn(s, priority, interval_us, wait_us);
}

int store_turn_hold(struct store *s, uint32_t ms)
{
	ASSERT(s->ops->turn_hold);
	return s->ops->turn_hold(s, ms);
}

int store_call_get(struct store *s, enum store_by by, const char *value,
                   struct store_call *out)
{
	return s->ops->call_get(s, by, value, out);
}

int store_call_idem(struct store *s, const char *owner, const char *idem_key,
                    struct store_call *out)
{
	return s->ops->call_idem(s, owner, idem_key, out);
}

int store_call_change(struct store *s, const char *id,
                      const struct store_change *change,
                      const struct store_event *ev,
                      const struct store_turn *turn, bool *moved)
{
	bool unused;

	ASSERT(!ev || (ev->dedupe && ev->source && ev->type));
	ASSERT(!turn || (turn->role && turn->text));
	return s->ops->call_change(s, id, change, ev, turn,
	                           moved ? moved : &unused);
}

int store_may_change(const struct store_change *ch, unsigned rank, bool held,
                     bool ends, bool promised)
{
	if (ch && ch->unpromised && promised)
		return ERR_STALE;
	if (ch && ch->unbegun && rank > store_state_rank(STORE_SCHEDULED))
		return ERR_STALE;
	if (!ch || !ch->held)
		return 0;
	if (!held)
		return ERR_STALE;
	return ends && ch->has_state &&
	                       store_state_rank(ch->state) <=
	                               store_state_rank(STORE_DIALING)
	               ? -ECANCELED
	               : 0;
}

int store_calls(struct store *s, const struct store_filter *f, store_call_h *h,
                void *arg)
{
	return s->ops->calls(s, f, h, arg);
}

int store_count_live(struct store *s, unsigned *n)
{
	return s->ops->count(s, false, n);
}

int store_count_scheduled(struct store *s, unsigned *n)
{
	return s->ops->count(s, true, n);
}

int store_before(struct store *s, const struct store_call *c, int64_t now_ms,
                 unsigned *n)
{
	return s->ops->before(s, c, now_ms, n);
}

int store_due(struct store *s, int64_t now_ms, uint32_t lease_ms,
              char id[STORE_WAIT_ID_MAX])
{
	return s->ops->due(s, now_ms, lease_ms, id);
}

int store_due_put(struct store *s, const char *id, int64_t due_ms)
{
	return s->ops->due_put(s, id, due_ms);
}

int store_events(struct store *s, const char *id, store_event_h *h, void *arg)
{
	return s->ops->events(s, id, h, arg);
}

int store_turns(struct store *s, const char *id, store_turn_h *h, void *arg)
{
	return s->ops->turns(s, id, h, arg);
}

int store_key_add(struct store *s, const struct store_key *k)
{
	ASSERT(k->name && k->hash && k->scopes);
	return s->ops->key_add(s, k);
}

int store_key_find(struct store *s, const char *hash, store_key_h *h, void *arg)
{
	return s->ops->key_find(s, hash, h, arg);
}

int store_keys(struct store *s, store_key_h *h, void *arg)
{
	return s->ops->keys(s, h, arg);
}

int store_key_revoke(struct store *s, const char *name, int64_t at_ms)
{
	return s->ops->key_revoke(s, name, at_ms);
}

int store_dnc_add(struct store *s, const char *number, const char *call_id,
                  int64_t at_ms)
{
	return s->ops->dnc_add(s, number, call_id, at_ms);
}

int store_dnc_add_all(struct store *s, const char *const *numbers, size_t n,
                      int64_t at_ms, unsigned *fresh)
{
	ASSERT(n <= STORE_DNC_BATCH);
	*fresh = 0;
	return s->ops->dnc_add_all(s, numbers, n, at_ms, fresh);
}

int store_dnc_list(struct store *s, const char *after, store_dnc_h *h,
                   void *arg)
{
	return s->ops->dnc_list(s, after, h, arg);
}

int store_dnc_find(struct store *s, const char *number)
{
	return s->ops->dnc_find(s, number);
}

int store_dnc_remove(struct store *s, const char *number)
{
	return s->ops->dnc_remove(s, number);
}

int store_retry_add(struct store *s, const struct store_retry *r)
{
	return s->ops->retry_add(s, r);
}

int store_retry_get(struct store *s, const char *id, bool made,
                    struct store_retry *r)
{
	return s->ops->retry_get(s, id, made, r);
}

int store_retry_due(struct store *s, int64_t now_ms, store_retry_h *h,
                    void *arg)
{
	return s->ops->retry_due(s, now_ms, h, arg);
}

int store_retry_put_off(struct store *s, const char *call_id, int64_t due_ms)
{
	return s->ops->retry_put_off(s, call_id, due_ms);
}

int store_campaign_add(struct store *s, const struct store_campaign *c,
                       const struct store_row *rows, size_t n)
{
	ASSERT(n <= STORE_CAMPAIGN_ROWS);
	return s->ops->campaign_add(s, c, rows, n);
}

int store_campaign_get(struct store *s, const char *id,
                       struct store_campaign *out)
{
	return s->ops->campaign_get(s, id, false, out);
}

int store_campaign_of(struct store *s, const char *call_id,
                      struct store_campaign *out)
{
	return s->ops->campaign_get(s, call_id, true, out);
}

int store_campaign_set(struct store *s, const char *id, const char *state)
{
	return s->ops->campaign_set(s, id, state);
}

int store_campaign_count(struct store *s, const char *id, store_count_h *h,
                         void *arg)
{
	return s->ops->campaign_count(s, id, h, arg);
}

int store_campaign_rows(struct store *s, const char *id, store_row_h *h,
                        void *arg)
{
	return s->ops->campaign_rows(s, id, h, arg);
}

int store_campaign_claim(struct store *s, int64_t now_ms, uint32_t lease_ms,
                         store_row_h *h, void *arg)
{
	return s->ops->campaign_claim(s, now_ms, lease_ms, h, arg);
}

int store_campaign_put_off(struct store *s, const char *id, unsigned line,
                           int64_t due_ms, const char *why)
{
	return s->ops->campaign_put_off(s, id, line, due_ms, why);
}

int store_campaign_expire(struct store *s, int64_t now_ms)
{
	return s->ops->campaign_expire(s, now_ms);
}

int store_campaigns(struct store *s, const char *state, const char *after,
                    unsigned limit, store_campaign_h *h, void *arg)
{
	return s->ops->campaigns(s, state, after, limit, h, arg);
}

int store_setting_put(struct store *s, const char *name, const char *value,
                      int64_t at_ms)
{
	return s->ops->setting_put(s, name, value, at_ms);
}

int store_setting_get(struct store *s, const char *name, char *value,
                      size_t cap, int64_t *at_ms)
{
	return s->ops->setting_get(s, name, value, cap, at_ms);
}

int store_outbox_claim(struct store *s, int64_t now_ms, uint32_t lease_ms,
                       unsigned limit, store_letter_h *h, void *arg)
{
	return s->ops->outbox_claim(s, now_ms, lease_ms, limit, h, arg);
}

int store_outbox_settle(struct store *s, int64_t seq,
                        const struct store_settle *what)
{
	return s->ops->outbox_settle(s, seq, what);
}

int store_outbox_wake(struct store *s, bool dead)
{
	return s->ops->outbox_wake(s, dead);
}

int store_outbox_trim(struct store *s, unsigned keep, unsigned *dropped)
{
	return s->ops->outbox_trim(s, keep, dropped);
}

int store_outbox_list(struct store *s, bool dead, store_letter_h *h, void *arg)
{
	return s->ops->outbox_list(s, dead, h, arg);
}

int store_outbox_count(struct store *s, unsigned *waiting, unsigned *dead)
{
	return s->ops->outbox_count(s, waiting, dead);
}
