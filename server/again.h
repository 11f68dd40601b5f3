/*
 * again.h - /again: how a call goes on whose stream has ended
 *
 * Plivo asks behind each <Stream>. What the bot knows decides, for it is asked
 * first: a call that it has ended is hung up; one that only lost its socket
 * comes back to it; one whose bot is gone goes to another with what was talked,
 * PAST_BOTS_MAX times.
 */
#ifndef SERVER_AGAIN_H
#define SERVER_AGAIN_H

struct http_req;
struct http_res;

/* GET and POST /again/KEY. */
void again_handle(const struct http_req *req, struct http_res *res, void *arg);

#endif
