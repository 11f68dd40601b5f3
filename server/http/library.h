/*
 * library.h - what civetweb says by itself
 *
 * Private to this folder: its callbacks for errors and for its log.
 */
#ifndef SERVER_HTTP_LIBRARY_H
#define SERVER_HTTP_LIBRARY_H

struct mg_connection;

/* A request that the library refuses before we see it, told as we tell it: in
 * JSON, with a status that the contract knows. Returns 0: answered. */
int library_fault(struct mg_connection *conn, int status, const char *text);

/* Returns 1: logged. */
int library_log(const struct mg_connection *conn, const char *text);

#endif
