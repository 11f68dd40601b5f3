/*
 * ops.h - what a kind of store must do; for server/store alone
 *
 * The functions are those of store.h, admit.h, room.h, quality.h,
 * keys.h, dnc.h, setting.h and outbox.h, with the store as first member of a private struct. Their tests run against
 * every kind.
 */
#ifndef SERVER_STORE_OPS_H
#define SERVER_STORE_OPS_H

#include "common/crypto.h"
#include "server/store/admit.h"
#include "server/store/campaign.h"
#include "server/store/dnc.h"
#include "server/store/hands.h"
#include "server/store/keys.h"
#include "server/store/outbox.h"
#include "server/store/quality.h"
#include "server/store/retry.h"
#include "server/store/room.h"
#include "server/store/setting.h"
#include "server/store/store.h"
#include "server/store/wait.h"

struct store_ops {
	/* @rest is the URL without its scheme and colon. */
	int (*open)(struct store **sp, const char *rest, char *why,
	            size_t why_cap);
	void (*close)(struct store *s);
	int (*call_add)(struct store *s, const struct store_call *c);
	int (*call_admit)(struct store *s, const struct store_call *c,
	                  struct store_admission *a);
	int (*room_used)(struct store *s, const char *id,
	                 const struct store_room *room, unsigned *used);
	int (*quality)(struct store *s, int64_t since_ms, unsigned most,
	               struct store_quality *q);
	int (*beat)(struct store *s); /* NULL: no other server can use it */
	int (*claim)(struct store *s, int64_t now_ms, store_claim_h *h,
	             void *arg);
	int (*turn)(struct store *s, int priority, uint64_t interval_us,
	            uint64_t *wait_us);
	int (*turn_hold)(struct store *s, uint32_t ms);
	int (*call_get)(struct store *s, enum store_by by, const char *value,
	                struct store_call *out);
	int (*call_idem)(struct store *s, const char *owner,
	                 const char *idem_key, struct store_call *out);
	int (*call_change)(struct store *s, const char *id,
	                   const struct store_change *change,
	                   const struct store_event *ev,
	                   const struct store_turn *turn, bool *moved);
	int (*calls)(struct store *s, const struct store_filter *f,
	             store_call_h *h, void *arg);
	int (*count)(struct store *s, bool scheduled, unsigned *n);
	int (*before)(struct store *s, const struct store_call *c,
	              int64_t now_ms, unsigned *n);
	int (*due)(struct store *s, int64_t now_ms, uint32_t lease_ms,
	           char id[STORE_WAIT_ID_MAX]);
	int (*due_put)(struct store *s, const char *id, int64_t due_ms);
	int (*events)(struct store *s, const char *id, store_event_h *h,
	              void *arg);
	int (*turns)(struct store *s, const char *id, store_turn_h *h,
	             void *arg);
	int (*key_add)(struct store *s, const struct store_key *k);
	int (*key_find)(struct store *s, const char *hash, store_key_h *h,
	                void *arg);
	int (*keys)(struct store *s, store_key_h *h, void *arg);
	int (*key_revoke)(struct store *s, const char *name, int64_t at_ms);
	int (*dnc_add)(struct store *s, const char *number, const char *call_id,
	               int64_t at_ms);
	int (*dnc_add_all)(struct store *s, const char *const *numbers,
	                   size_t n, int64_t at_ms, unsigned *fresh);
	int (*dnc_list)(struct store *s, const char *after, store_dnc_h *h,
	                void *arg);
	int (*dnc_find)(struct store *s, const char *number);
	int (*dnc_remove)(struct store *s, const char *number);
	int (*retry_add)(struct store *s, const struct store_retry *r);
	int (*retry_get)(struct store *s, const char *id, bool made,
	                 struct store_retry *r);
	int (*retry_due)(struct store *s, int64_t now_ms, store_retry_h *h,
	                 void *arg);
	int (*retry_put_off)(struct store *s, const char *call_id,
	                     int64_t due_ms);
	int (*campaign_add)(struct store *s, const struct store_campaign *c,
	                    const struct store_row *rows, size_t n);
	int (*campaign_get)(struct store *s, const char *id, bool by_call,
	                    struct store_campaign *out);
	int (*campaign_set)(struct store *s, const char *id, const char *state);
	int (*campaign_count)(struct store *s, const char *id, store_count_h *h,
	                      void *arg);
	int (*campaign_rows)(struct store *s, const char *id, store_row_h *h,
	                     void *arg);
	int (*campaign_claim)(struct store *s, int64_t now_ms,
	                      uint32_t lease_ms, store_row_h *h, void *arg);
	int (*campaign_put_off)(struct store *s, const char *id, unsigned line,
	                        int64_t due_ms, const char *why);
	int (*campaign_expire)(struct store *s, int64_t now_ms);
	int (*campaigns)(struct store *s, const char *state, const char *after,
	                 unsigned limit, store_campaign_h *h, void *arg);
	int (*setting_put)(struct store *s, const char *name, const char *value,
	                   int64_t at_ms);
	int (*setting_get)(struct store *s, const char *name, char *value,
	                   size_t cap, int64_t *at_ms);
	int (*outbox_claim)(struct store *s, int64_t now_ms, uint32_t lease_ms,
	                    unsigned limit, store_letter_h *h, void *arg);
	int (*outbox_settle)(struct store *s, int64_t seq,
	                     const struct store_settle *what);
	int (*outbox_wake)(struct store *s, bool dead);
	int (*outbox_trim)(struct store *s, unsigned keep, unsigned *dropped);
	int (*outbox_list)(struct store *s, bool dead, store_letter_h *h,
	                   void *arg);
	int (*outbox_count)(struct store *s, unsigned *waiting, unsigned *dead);
};

struct store {
	const struct store_ops *ops;
	char self[CRYPTO_ID_LEN]; /* this server, by which it has hands */
};

/* May this change be made to a call of @rank? @held: we have it in hand; @ends:
 * somebody has asked for its end. ERR_STALE, -ECANCELED. */
int store_may_change(const struct store_change *ch, unsigned rank, bool held,
                     bool ends, bool promised) MUST_CHECK;

extern const struct store_ops store_sqlite_ops, store_pg_ops;

#endif
