/*
 * 24 bytes are 32 characters, one AVX2 register. The mapping between values
 * and characters is five ranges with a constant distance each, so that a
 * 16-entry shuffle finds the distance (the method of Mula and Lemire).
 */
#include "common/base64_part.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
/* The same sixteen bytes in both halves of a register. */
#define BOTH(...) _mm256_broadcastsi128_si256(_mm_setr_epi8(__VA_ARGS__))

bool base64_have_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

/* Four 6-bit values from each three bytes, one to a byte. */
AVX2 static inline __m256i spread(__m256i in)
{
	const __m256i order =
		BOTH(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
	__m256i odd, even;

	in = _mm256_shuffle_epi8(in, order);
	odd = _mm256_mulhi_epu16(
		_mm256_and_si256(in, _mm256_set1_epi32(0x0fc0fc00)),
		_mm256_set1_epi32(0x04000040));
	even = _mm256_mullo_epi16(
		_mm256_and_si256(in, _mm256_set1_epi32(0x003f03f0)),
		_mm256_set1_epi32(0x01000010));
	return _mm256_or_si256(odd, even);
}

AVX2 static inline __m256i to_text(__m256i v)
{
	/* Distance by class: A-Z, a-z, ten digits, plus, slash. */
	const __m256i distance = BOTH(65, 71, -4, -4, -4, -4, -4, -4, -4, -4,
	                              -4, -4, -19, -16, 0, 0);
	__m256i class = _mm256_subs_epu8(v, _mm256_set1_epi8(51));

	class = _mm256_sub_epi8(class,
	                        _mm256_cmpgt_epi8(v, _mm256_set1_epi8(25)));
	return _mm256_add_epi8(v, _mm256_shuffle_epi8(distance, class));
}

AVX2 size_t base64_avx2_encode(char *dst, const uint8_t *src, size_t len)
{
	size_t done = 0;

	/* The upper load reads four bytes more than it uses. */
	for (; len - done >= 28; done += 24, dst += 32) {
		const void *lo = src + done, *hi = src + done + 12;
		__m256i v = _mm256_inserti128_si256(
			_mm256_castsi128_si256(_mm_loadu_si128(lo)),
			_mm_loadu_si128(hi), 1);

		_mm256_storeu_si256((void *)dst, to_text(spread(v)));
	}
	return done;
}

/* Values of 32 characters; false if one of them has none. */
AVX2 static inline bool from_text(__m256i *v)
{
	/* A bit for each set of upper nibbles that a lower nibble excludes,
	 * and the bit of an upper nibble's set. */
	const __m256i by_low =
		BOTH(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
	             0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
	const __m256i by_high =
		BOTH(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10,
	             0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
	const __m256i distance =
		BOTH(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
	/* A shuffle ignores bit 5 and gives 0 where bit 7 is set, so one mask
	 * serves for nibbles and for the comparison with the slash. */
	const __m256i slash = _mm256_set1_epi8(0x2f);
	__m256i high = _mm256_and_si256(_mm256_srli_epi32(*v, 4), slash);
	__m256i low = _mm256_and_si256(*v, slash);
	__m256i is_slash = _mm256_cmpeq_epi8(*v, slash);

	if (!_mm256_testz_si256(_mm256_shuffle_epi8(by_low, low),
	                        _mm256_shuffle_epi8(by_high, high)))
		return false;
	*v = _mm256_add_epi8(
		*v,
		_mm256_shuffle_epi8(distance, _mm256_add_epi8(is_slash, high)));
	return true;
}

/* Three bytes from each four values; twelve at the start of each half. */
AVX2 static inline __m256i gather(__m256i v)
{
	const __m256i order =
		BOTH(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);

	v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
	v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00011000));
	v = _mm256_shuffle_epi8(v, order);
	return _mm256_permutevar8x32_epi32(
		v, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
}

AVX2 size_t base64_avx2_decode(uint8_t *dst, const char *src, size_t len)
{
	size_t done = 0;

	for (; len - done >= 32; done += 32, dst += 24) {
		__m256i v = _mm256_loadu_si256((const void *)(src + done));

		if (!from_text(&v))
			break;
		v = gather(v);
		_mm_storeu_si128((void *)dst, _mm256_castsi256_si128(v));
		_mm_storel_epi64((void *)(dst + 16),
		                 _mm256_extracti128_si256(v, 1));
	}
	return done;
}

#else

bool base64_have_avx2(void)
{
	return false;
}

size_t base64_avx2_encode(char *dst, const uint8_t *src, size_t len)
{
	(void)dst;
	(void)src;
	(void)len;
	return 0;
}

size_t base64_avx2_decode(uint8_t *dst, const char *src, size_t len)
{
	(void)dst;
	(void)src;
	(void)len;
	return 0;
}

#endif
