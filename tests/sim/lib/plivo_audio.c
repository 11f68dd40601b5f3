#include "tests/sim/lib/plivo_audio.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "common/err.h"

static const double TWO_PI = 6.283185307179586;

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

uint8_t psim_ulaw(int16_t pcm)
{
	enum { BIAS = 0x84, CLIP = 32635 };
	const int sign = pcm < 0 ? 0x80 : 0;
	int magnitude = pcm < 0 ? -(int)pcm : pcm;
	int exponent = 7;

	if (magnitude > CLIP)
		magnitude = CLIP;
	magnitude += BIAS;
	for (int mask = 0x4000; exponent > 0 && !(magnitude & mask); mask >>= 1)
		exponent--;
	return (uint8_t) ~(sign | exponent << 4 |
	                   ((magnitude >> (exponent + 3)) & 0x0f));
}

int16_t psim_ulaw_pcm(uint8_t ulaw)
{
	const int v = ~ulaw & 0xff;
	const int magnitude = (((v & 0x0f) << 3) + 0x84) << ((v & 0x70) >> 4);

	return (int16_t)(v & 0x80 ? 0x84 - magnitude : magnitude - 0x84);
}

size_t psim_base64(char *dst, const void *src, size_t len)
{
	const uint8_t *s = src;
	char *d = dst;

	for (; len >= 3; len -= 3, s += 3) {
		const uint32_t v =
			(uint32_t)s[0] << 16 | (uint32_t)s[1] << 8 | s[2];

		*d++ = alphabet[v >> 18];
		*d++ = alphabet[v >> 12 & 63];
		*d++ = alphabet[v >> 6 & 63];
		*d++ = alphabet[v & 63];
	}
	if (len) {
		const uint32_t v = (uint32_t)s[0] << 16 |
		                   (len == 2 ? (uint32_t)s[1] << 8 : 0);

		*d++ = alphabet[v >> 18];
		*d++ = alphabet[v >> 12 & 63];
		*d++ = len == 2 ? alphabet[v >> 6 & 63] : '=';
		*d++ = '=';
	}
	return (size_t)(d - dst);
}

static int sextet(char c)
{
	static int8_t value[256];
	static bool ready;

	if (!ready) {
		memset(value, -1, sizeof(value));
		for (int i = 0; i < 64; i++)
			value[(unsigned char)alphabet[i]] = (int8_t)i;
		ready = true;
	}
	return value[(unsigned char)c];
}

long psim_base64_decode(uint8_t *dst, const char *src, size_t len)
{
	uint8_t *d = dst;

	if (len % 4)
		return ERR_PROTO;
	for (size_t i = 0; i < len; i += 4) {
		const bool last = i + 4 == len;
		const int pad = !last || src[i + 3] != '=' ? 0
		                : src[i + 2] == '='        ? 2
		                                           : 1;
		const int a = sextet(src[i]), b = sextet(src[i + 1]);
		const int c = pad == 2 ? 0 : sextet(src[i + 2]);
		const int e = pad ? 0 : sextet(src[i + 3]);

		if ((a | b | c | e) < 0 || (pad == 2 && b & 15) ||
		    (pad == 1 && c & 3))
			return ERR_PROTO;
		*d++ = (uint8_t)(a << 2 | b >> 4);
		if (pad < 2)
			*d++ = (uint8_t)(b << 4 | c >> 2);
		if (!pad)
			*d++ = (uint8_t)(c << 6 | e);
	}
	return d - dst;
}

double psim_rms(const int16_t *v, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (int32_t)v[i] * v[i];
	return n ? sqrt((double)sum / (double)n) : 0;
}

double psim_amplitude(double dbfs)
{
	return 32767 * pow(10, dbfs / 20);
}

void psim_tone(int16_t *v, size_t n, double hz, double amplitude, double *phase)
{
	for (size_t i = 0; i < n; i++) {
		v[i] = (int16_t)lrint(amplitude * sin(*phase));
		*phase = fmod(*phase + TWO_PI * hz / PSIM_HZ, TWO_PI);
	}
}

/* Energy at one frequency (Goertzel), as a share of @n^2 amplitudes. */
static double energy_at(const int16_t *v, size_t n, double hz)
{
	const double k = 2 * cos(TWO_PI * hz / PSIM_HZ);
	double s1 = 0, s2 = 0;

	for (size_t i = 0; i < n; i++) {
		const double s = v[i] + k * s1 - s2;

		s2 = s1;
		s1 = s;
	}
	return s1 * s1 + s2 * s2 - k * s1 * s2;
}

double psim_pitch(const int16_t *v, size_t n, double *share)
{
	const double step = (double)PSIM_HZ / (double)n;
	const double rms = psim_rms(v, n);
	double best = 0, best_hz = 0, half = step / 4;

	*share = 0;
	if (rms < 50)
		return 0;
	for (int i = 8; i * step / 2 < 3800; i++) {
		const double hz = i * step / 2;
		const double e = energy_at(v, n, hz);

		if (e > best) {
			best = e;
			best_hz = hz;
		}
	}
	/* The step is coarser than the peak is sharp: look around it. */
	while (half > 1) {
		const double lo = energy_at(v, n, best_hz - half);
		const double hi = energy_at(v, n, best_hz + half);

		if (lo > best || hi > best) {
			best_hz += hi > lo ? half : -half;
			best = hi > lo ? hi : lo;
		}
		half /= 2;
	}
	*share = 2 * best / ((double)n * (double)n * rms * rms);
	return best_hz;
}
