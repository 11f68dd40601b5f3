/*
 * halt.h - the end of the library's server, without waiting for its listener
 *
 * The library's main thread waits for connections, two seconds at a time, and
 * looks for the end in between. Somebody who knocks ends its wait.
 */
#ifndef SERVER_HTTP_HALT_H
#define SERVER_HTTP_HALT_H

struct mg_context;

/* Stop and release @ctx as mg_stop() does. */
void halt_library(struct mg_context *ctx);

#endif
