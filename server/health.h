/*
 * health.h - /healthz, /readyz, /metrics
 */
#ifndef SERVER_HEALTH_H
#define SERVER_HEALTH_H

struct http_req;
struct http_res;

/* The server lives: it could answer. */
void health_live(const struct http_req *req, struct http_res *res, void *arg);

/* It can take calls: the ledger works and a bot answers. */
void health_ready(const struct http_req *req, struct http_res *res, void *arg);

/* Prometheus' text; guarded as /calls, or open on a listener of its own. */
void health_metrics(const struct http_req *req, struct http_res *res,
                    void *arg);
void health_metrics_open(const struct http_req *req, struct http_res *res,
                         void *arg);

#endif
