/*
 * notify.h - telling systemd how the program is doing
 *
 * The protocol of sd_notify(3), without its library: one datagram a state.
 */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

#include <stdint.h>

/* Send @state, such as "READY=1" or "STOPPING=1", to $NOTIFY_SOCKET. Without
 * one, or when nobody listens there, it does nothing. */
void notify_send(const char *state);

/* How often to send "WATCHDOG=1" [ms]: half of what $WATCHDOG_USEC allows. 0:
 * nobody waits for it, or for another process ($WATCHDOG_PID). */
uint32_t notify_watchdog_ms(void);

#endif
