/*
 * g711.h - ITU-T G.711 u-law to and from linear samples
 *
 * Both ways are tables, filled before main() by the formulas. Encoding looks
 * at the upper 14 bits of a sample only, as the recommendation has it, so
 * 16384 entries give the same as the formula for each of the 65536 samples.
 */
#ifndef BOT_MEDIA_G711_H
#define BOT_MEDIA_G711_H

#include <stddef.h>
#include <stdint.h>

/* @n bytes to @n samples and back. */
void g711_ulaw_decode(int16_t *dst, const uint8_t *src, size_t n);
void g711_ulaw_encode(uint8_t *dst, const int16_t *src, size_t n);

/* One value by the formula, without a table. */
int16_t g711_ulaw_to_linear(uint8_t u);
uint8_t g711_linear_to_ulaw(int16_t s);

#endif
