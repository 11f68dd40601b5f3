/*
 * sqlite_ops.h - the parts of the SQLite store, for its table of operations
 */
#ifndef SERVER_STORE_SQLITE_OPS_H
#define SERVER_STORE_SQLITE_OPS_H

#include "server/store/ops.h"

int sq_call_add(struct store *s, const struct store_call *c);
int sq_call_admit(struct store *s, const struct store_call *c,
                  struct store_admission *a);
int sq_room_used(struct store *s, const char *id, const struct store_room *room,
                 unsigned *used);
int sq_quality(struct store *s, int64_t since_ms, unsigned most,
               struct store_quality *q);
int sq_claim(struct store *s, int64_t now_ms, store_claim_h *h, void *arg);
int sq_call_get(struct store *s, enum store_by by, const char *value,
                struct store_call *out);
int sq_call_idem(struct store *s, const char *owner, const char *idem_key,
                 struct store_call *out);
int sq_call_change(struct store *s, const char *id,
                   const struct store_change *change,
                   const struct store_event *ev, const struct store_turn *turn,
                   bool *moved);
int sq_calls(struct store *s, const struct store_filter *f, store_call_h *h,
             void *arg);
int sq_count(struct store *s, bool scheduled, unsigned *n);
int sq_before(struct store *s, const struct store_call *c, int64_t now_ms,
              unsigned *n);
int sq_due(struct store *s, int64_t now_ms, uint32_t lease_ms,
           char id[STORE_WAIT_ID_MAX]);
int sq_due_put(struct store *s, const char *id, int64_t due_ms);
int sq_events(struct store *s, const char *id, store_event_h *h, void *arg);
int sq_turns(struct store *s, const char *id, store_turn_h *h, void *arg);
int sq_key_add(struct store *s, const struct store_key *k);
int sq_key_find(struct store *s, const char *hash, store_key_h *h, void *arg);
int sq_keys(struct store *s, store_key_h *h, void *arg);
int sq_key_revoke(struct store *s, const char *name, int64_t at_ms);
int sq_dnc_add(struct store *s, const char *number, const char *call_id,
               int64_t at_ms);
int sq_dnc_add_all(struct store *s, const char *const *numbers, size_t n,
                   int64_t at_ms, unsigned *fresh);
int sq_dnc_list(struct store *s, const char *after, store_dnc_h *h, void *arg);
int sq_dnc_find(struct store *s, const char *number);
int sq_dnc_remove(struct store *s, const char *number);
int sq_retry_add(struct store *s, const struct store_retry *r);
int sq_retry_get(struct store *s, const char *id, bool made,
                 struct store_retry *out);
int sq_retry_due(struct store *s, int64_t now_ms, store_retry_h *h, void *arg);
int sq_retry_put_off(struct store *s, const char *call_id, int64_t due_ms);
int sq_campaign_add(struct store *s, const struct store_campaign *c,
                    const struct store_row *rows, size_t n);
int sq_campaign_get(struct store *s, const char *id, bool by_call,
                    struct store_campaign *out);
int sq_campaign_set(struct store *s, const char *id, const char *state);
int sq_campaign_count(struct store *s, const char *id, store_count_h *h,
                      void *arg);
int sq_campaign_rows(struct store *s, const char *id, store_row_h *h,
                     void *arg);
int sq_campaign_claim(struct store *s, int64_t now_ms, uint32_t lease_ms,
                      store_row_h *h, void *arg);
int sq_campaign_put_off(struct store *s, const char *id, unsigned line,
                        int64_t due_ms, const char *why);
int sq_campaign_expire(struct store *s, int64_t now_ms);
int sq_campaigns(struct store *s, const char *state, const char *after,
                 unsigned limit, store_campaign_h *h, void *arg);
int sq_setting_put(struct store *s, const char *name, const char *value,
                   int64_t at_ms);
int sq_setting_get(struct store *s, const char *name, char *value, size_t cap,
                   int64_t *at_ms);
int sq_outbox_claim(struct store *s, int64_t now_ms, uint32_t lease_ms,
                    unsigned limit, store_letter_h *h, void *arg);
int sq_outbox_settle(struct store *s, int64_t seq,
                     const struct store_settle *what);
int sq_outbox_wake(struct store *s, bool dead);
int sq_outbox_trim(struct store *s, unsigned keep, unsigned *dropped);
int sq_outbox_list(struct store *s, bool dead, store_letter_h *h, void *arg);
int sq_outbox_count(struct store *s, unsigned *waiting, unsigned *dead);

/* In the transaction under way, a letter of @call_id if somebody is told of
 * that call. */
int sq_letter_add(struct sq_conn *w, const char *call_id, const char *event_id,
                  const char *type, const char *data, int64_t at_ms) MUST_CHECK;

/* Has the call @id, which is to be dialled, room in all of @change's?
 * ERR_LIMIT. */
int sq_rooms_check(struct sq_conn *w, const char *id,
                   const struct store_change *change) MUST_CHECK;

#endif
