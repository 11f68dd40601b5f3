/*
 * notify.h - telling systemd how the program is doing
 */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

/* Send @state, such as "READY=1" or "STOPPING=1", to $NOTIFY_SOCKET. Without
 * one, or when nobody listens there, it does nothing. */
void notify_send(const char *state);

#endif
