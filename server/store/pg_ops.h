/*
 * pg_ops.h - the parts of the PostgreSQL store's interface
 */
#ifndef SERVER_STORE_PG_OPS_H
#define SERVER_STORE_PG_OPS_H

#include "server/store/ops.h"

int pg_call_add(struct store *s, const struct store_call *c);
int pg_call_admit(struct store *s, const struct store_call *c,
                  struct store_admission *a);
int pg_beat(struct store *s);
/* It says so itself when it ends, and nobody has to wait for its lease. */
int pg_leave(struct store *s);
int pg_room_used(struct store *s, const char *id, const struct store_room *room,
                 unsigned *used);
int pg_quality(struct store *s, int64_t since_ms, unsigned most,
               struct store_quality *q);
int pg_claim(struct store *s, int64_t now_ms, store_claim_h *h, void *arg);
int pg_turn(struct store *s, int priority, uint64_t interval_us,
            uint64_t *wait_us);
int pg_turn_hold(struct store *s, uint32_t ms);
int pg_call_get(struct store *s, enum store_by by, const char *value,
                struct store_call *out);
int pg_call_idem(struct store *s, const char *owner, const char *idem_key,
                 struct store_call *out);
int pg_call_change(struct store *s, const char *id,
                   const struct store_change *change,
                   const struct store_event *ev, const struct store_turn *turn,
                   bool *moved);
int pg_calls(struct store *s, const struct store_filter *f, store_call_h *h,
             void *arg);
int pg_count(struct store *s, bool scheduled, unsigned *n);
int pg_before(struct store *s, const struct store_call *c, int64_t now_ms,
              unsigned *n);
int pg_due(struct store *s, int64_t now_ms, uint32_t lease_ms,
           char id[STORE_WAIT_ID_MAX]);
int pg_due_put(struct store *s, const char *id, int64_t due_ms);
int pg_events(struct store *s, const char *id, store_event_h *h, void *arg);
int pg_turns(struct store *s, const char *id, store_turn_h *h, void *arg);
int pg_key_add(struct store *s, const struct store_key *k);
int pg_key_find(struct store *s, const char *hash, store_key_h *h, void *arg);
int pg_keys(struct store *s, store_key_h *h, void *arg);
int pg_key_revoke(struct store *s, const char *name, int64_t at_ms);
int pg_dnc_add(struct store *s, const char *number, const char *call_id,
               int64_t at_ms);
int pg_dnc_add_all(struct store *s, const char *const *numbers, size_t n,
                   int64_t at_ms, unsigned *fresh);
int pg_dnc_list(struct store *s, const char *after, store_dnc_h *h, void *arg);
int pg_dnc_find(struct store *s, const char *number);
int pg_dnc_remove(struct store *s, const char *number);
int pg_retry_add(struct store *s, const struct store_retry *r);
int pg_retry_get(struct store *s, const char *id, bool made,
                 struct store_retry *out);
int pg_retry_due(struct store *s, int64_t now_ms, store_retry_h *h, void *arg);
int pg_retry_put_off(struct store *s, const char *call_id, int64_t due_ms);
int pg_campaign_add(struct store *s, const struct store_campaign *c,
                    const struct store_row *rows, size_t n);
int pg_campaign_get(struct store *s, const char *id, bool by_call,
                    struct store_campaign *out);
int pg_campaign_set(struct store *s, const char *id, const char *state);
int pg_campaign_count(struct store *s, const char *id, store_count_h *h,
                      void *arg);
int pg_campaign_rows(struct store *s, const char *id, store_row_h *h,
                     void *arg);
int pg_campaign_claim(struct store *s, int64_t now_ms, uint32_t lease_ms,
                      store_row_h *h, void *arg);
int pg_campaign_put_off(struct store *s, const char *id, unsigned line,
                        int64_t due_ms, const char *why);
int pg_campaign_expire(struct store *s, int64_t now_ms);
int pg_campaigns(struct store *s, const char *state, const char *after,
                 unsigned limit, store_campaign_h *h, void *arg);
int pg_setting_put(struct store *s, const char *name, const char *value,
                   int64_t at_ms);
int pg_setting_get(struct store *s, const char *name, char *value, size_t cap,
                   int64_t *at_ms);
int pg_outbox_claim(struct store *s, int64_t now_ms, uint32_t lease_ms,
                    unsigned limit, store_letter_h *h, void *arg);
int pg_outbox_settle(struct store *s, int64_t seq,
                     const struct store_settle *what);
int pg_outbox_wake(struct store *s, bool dead);
int pg_outbox_trim(struct store *s, unsigned keep, unsigned *dropped);
int pg_outbox_list(struct store *s, bool dead, store_letter_h *h, void *arg);
int pg_outbox_count(struct store *s, unsigned *waiting, unsigned *dead);

#endif
