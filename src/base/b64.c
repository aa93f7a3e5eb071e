/* SPDX-License-Identifier: Apache-2.0 */
/* Strict base64 (RFC 4648). base64url goes 16 characters a step where the processor has SSSE3. Elsewhere, and for the
 * rest, the decoder looks each of four characters up in a table whose entries are already shifted to their place in a
 * little-endian word of three bytes, so a group costs four lookups, three ORs and one store. Bad characters are
 * collected on the way and looked at once, at the end. */
#include "base/b64.h"

#include <string.h>

#include <apr.h>
#if defined(__x86_64__)
#include <tmmintrin.h>
#endif

static const char alphabet_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char alphabet_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define BAD 0x80000000u

/* Value of a base64url character as a constant expression; 64 is none. */
#define VALUE(c)                                                                                                       \
    ((c) >= 'A' && (c) <= 'Z'   ? (c) - 'A'                                                                            \
     : (c) >= 'a' && (c) <= 'z' ? (c) - 'a' + 26                                                                       \
     : (c) >= '0' && (c) <= '9' ? (c) - '0' + 52                                                                       \
     : (c) == '-'               ? 62                                                                                   \
     : (c) == '_'               ? 63                                                                                   \
                                : 64)
#define ENTRY(c, expr) (VALUE(c) == 64 ? BAD : (apr_uint32_t)(expr))

/* Bits of the 1st to 4th character of a group inside the word byte0 | byte1 << 8 | byte2 << 16. */
#define FIRST(c)  ENTRY(c, VALUE(c) << 2)
#define SECOND(c) ENTRY(c, VALUE(c) >> 4 | (VALUE(c) & 15) << 12)
#define THIRD(c)  ENTRY(c, (VALUE(c) >> 2) << 8 | (VALUE(c) & 3) << 22)
#define FOURTH(c) ENTRY(c, VALUE(c) << 16)

#define ROW4(f, c)  f(c), f((c) + 1), f((c) + 2), f((c) + 3)
#define ROW16(f, c) ROW4(f, c), ROW4(f, (c) + 4), ROW4(f, (c) + 8), ROW4(f, (c) + 12)
#define ROW64(f, c) ROW16(f, c), ROW16(f, (c) + 16), ROW16(f, (c) + 32), ROW16(f, (c) + 48)
#define TABLE(f)                                                                                                       \
    {                                                                                                                  \
        ROW64(f, 0), ROW64(f, 64), ROW64(f, 128), ROW64(f, 192)                                                        \
    }

static const apr_uint32_t first[256] = TABLE(FIRST);
static const apr_uint32_t second[256] = TABLE(SECOND);
static const apr_uint32_t third[256] = TABLE(THIRD);
static const apr_uint32_t fourth[256] = TABLE(FOURTH);

/* encode_blocks: as many whole blocks as fit, 12 bytes to 16 base64url characters; returns how many bytes are done. */
#if defined(__x86_64__)
__attribute__((target("ssse3"))) static apr_size_t encode_blocks_ssse3(char *out, const unsigned char *bytes,
                                                                       apr_size_t len)
{
    /* Three bytes a b c become the two words that hold their six-bit fields: b a and c b. */
    const __m128i order = _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    /* What to add to a value to get its character: by row, which is 13 for A-Z, 0 for a-z, else the value less 51. */
    const __m128i shift = _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                        '0' - 52, '0' - 52, '0' - 52, '-' - 62, '_' - 63, 'A', 0, 0);
    apr_size_t done = 0;

    for (; len - done >= 16; done += 12, out += 16) { /* a block reads 16 bytes of which 12 count */
        const __m128i v = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(bytes + done)), order);
        const __m128i odd = _mm_mulhi_epu16(_mm_and_si128(v, _mm_set1_epi32(0x0fc0fc00)), _mm_set1_epi32(0x04000040));
        const __m128i even = _mm_mullo_epi16(_mm_and_si128(v, _mm_set1_epi32(0x003f03f0)), _mm_set1_epi32(0x01000010));
        const __m128i values = _mm_or_si128(odd, even);
        const __m128i capital = _mm_and_si128(_mm_cmplt_epi8(values, _mm_set1_epi8(26)), _mm_set1_epi8(13));
        const __m128i row = _mm_or_si128(_mm_subs_epu8(values, _mm_set1_epi8(51)), capital);
        _mm_storeu_si128((__m128i *)(void *)out, _mm_add_epi8(values, _mm_shuffle_epi8(shift, row)));
    }
    return done;
}

static apr_size_t encode_blocks(char *out, const unsigned char *bytes, apr_size_t len)
{
    if (len < 16 || !__builtin_cpu_supports("ssse3"))
        return 0;
    return encode_blocks_ssse3(out, bytes, len);
}
#else
static apr_size_t encode_blocks(char *out, const unsigned char *bytes, apr_size_t len)
{
    (void)out;
    (void)bytes;
    (void)len;
    return 0;
}
#endif

static apr_size_t encode(char *out, const char *alphabet, const unsigned char *bytes, apr_size_t len)
{
    apr_size_t done = alphabet == alphabet_url ? encode_blocks(out, bytes, len) : 0;
    char *p = out + done / 3 * 4;

    bytes += done;
    len -= done;
    for (; len >= 3; len -= 3, bytes += 3) {
        *p++ = alphabet[bytes[0] >> 2];
        *p++ = alphabet[(bytes[0] & 3) << 4 | bytes[1] >> 4];
        *p++ = alphabet[(bytes[1] & 15) << 2 | bytes[2] >> 6];
        *p++ = alphabet[bytes[2] & 63];
    }
    if (len > 0) {
        unsigned low = len == 2 ? bytes[1] : 0;
        *p++ = alphabet[bytes[0] >> 2];
        *p++ = alphabet[(bytes[0] & 3u) << 4 | low >> 4];
        if (len == 2)
            *p++ = alphabet[(low & 15) << 2];
    }
    return (apr_size_t)(p - out);
}

apr_size_t sso_b64url_encode(char *out, const unsigned char *bytes, apr_size_t len)
{
    return encode(out, alphabet_url, bytes, len);
}

char *sso_b64url_string(apr_pool_t *pool, const unsigned char *bytes, apr_size_t len)
{
    char *out = apr_palloc(pool, SSO_B64_ENCODED_LEN(len) + 1);

    out[encode(out, alphabet_url, bytes, len)] = '\0';
    return out;
}

char *sso_b64_string(apr_pool_t *pool, const unsigned char *bytes, apr_size_t len)
{
    char *out = apr_palloc(pool, SSO_B64_ENCODED_LEN(len) + 3);
    apr_size_t n = encode(out, alphabet_std, bytes, len);

    while (n % 4 != 0)
        out[n++] = '=';
    out[n] = '\0';
    return out;
}

static void store_word(unsigned char *out, apr_uint32_t word)
{
#if APR_IS_BIGENDIAN
    word = __builtin_bswap32(word);
#endif
    memcpy(out, &word, sizeof(word));
}

/* decode_blocks: as many whole blocks as fit; adds BAD to *bad for a wrong character; returns how many groups of four
 * characters are done. */
#if defined(__x86_64__)
#define BLOCK_GROUPS 4
/* A block stores 16 bytes of which 12 count: the groups behind it must make up for the other four. */
#define BLOCK_SLACK 2

/* The upper half of a character chooses its row: the range of valid characters in the row and what to add to get the
 * value. '_' alone stands outside the range of its row. A row without valid characters has an empty range. */
__attribute__((target("ssse3"))) static apr_size_t decode_blocks_ssse3(unsigned char *out, const unsigned char *in,
                                                                       apr_size_t groups, apr_uint32_t *bad)
{
    const __m128i low = _mm_setr_epi8(1, 1, '-', '0', 'A', 'P', 'a', 'p', 1, 1, 1, 1, 1, 1, 1, 1);
    const __m128i high = _mm_setr_epi8(0, 0, '-', '9', 'O', 'Z', 'o', 'z', 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i shift =
        _mm_setr_epi8(0, 0, 62 - '-', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i order = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    __m128i wrong = _mm_setzero_si128();
    apr_size_t done = 0;

    for (; groups - done >= BLOCK_GROUPS + BLOCK_SLACK; done += BLOCK_GROUPS, in += 16, out += 12) {
        const __m128i chars = _mm_loadu_si128((const __m128i *)(const void *)in);
        const __m128i row = _mm_and_si128(_mm_srli_epi32(chars, 4), _mm_set1_epi8(15));
        const __m128i underscore = _mm_cmpeq_epi8(chars, _mm_set1_epi8('_'));
        /* Signed: characters above 127 are below every range. */
        const __m128i outside = _mm_or_si128(_mm_cmplt_epi8(chars, _mm_shuffle_epi8(low, row)),
                                             _mm_cmpgt_epi8(chars, _mm_shuffle_epi8(high, row)));
        const __m128i extra = _mm_and_si128(underscore, _mm_set1_epi8(63 - '_' + 'A'));
        __m128i v = _mm_add_epi8(_mm_add_epi8(chars, _mm_shuffle_epi8(shift, row)), extra);
        wrong = _mm_or_si128(wrong, _mm_andnot_si128(underscore, outside));
        /* Pairs of 6 bits to 12, pairs of 12 to 24, then the three bytes of each to the front. */
        v = _mm_madd_epi16(_mm_maddubs_epi16(v, _mm_set1_epi16(0x0140)), _mm_set1_epi32(0x00011000));
        _mm_storeu_si128((__m128i *)(void *)out, _mm_shuffle_epi8(v, order));
    }
    if (_mm_movemask_epi8(wrong) != 0)
        *bad |= BAD;
    return done;
}

static apr_size_t decode_blocks(unsigned char *out, const unsigned char *in, apr_size_t groups, apr_uint32_t *bad)
{
    if (groups < BLOCK_GROUPS + BLOCK_SLACK || !__builtin_cpu_supports("ssse3"))
        return 0;
    return decode_blocks_ssse3(out, in, groups, bad);
}
#else
static apr_size_t decode_blocks(unsigned char *out, const unsigned char *in, apr_size_t groups, apr_uint32_t *bad)
{
    (void)out;
    (void)in;
    (void)groups;
    (void)bad;
    return 0;
}
#endif

sso_rc_t sso_b64url_decode(unsigned char *out, apr_size_t *ret_len, const char *text, apr_size_t len, sso_err_t *err)
{
    const unsigned char *in = (const unsigned char *)text;
    const apr_size_t groups = len / 4;
    const apr_size_t rest = len % 4;
    apr_uint32_t bad = 0;
    apr_uint32_t word;
    apr_size_t done = decode_blocks(out, in, groups, &bad);
    unsigned char *p = out + 3 * done;

    in += 4 * done;
    /* One byte more than the three is written; the next group or the slack of SSO_B64_DECODED_MAX takes it. */
    for (; done < groups; done++, in += 4, p += 3) {
        word = first[in[0]] | second[in[1]] | third[in[2]] | fourth[in[3]];
        bad |= word;
        store_word(p, word);
    }
    if (rest == 1)
        bad |= BAD;
    if (rest >= 2) {
        word = first[in[0]] | second[in[1]] | (rest == 3 ? third[in[2]] : 0);
        /* RFC 4648 3.5: bits left over are zero, or one value would have several spellings. */
        if (word >> 8 * (rest - 1) != 0)
            bad |= BAD;
        *p++ = (unsigned char)(word & 0xff);
        if (rest == 3)
            *p++ = (unsigned char)(word >> 8 & 0xff);
    }
    if ((bad & BAD) != 0)
        return sso_err_set(err, SSO_E_SYNTAX, "base64-syntax", "not base64url without padding (%zu characters)",
                           (size_t)len);
    *ret_len = (apr_size_t)(p - out);
    return SSO_OK;
}

sso_rc_t sso_b64url_decode_pool(apr_pool_t *pool, const char *text, apr_size_t len, unsigned char **ret_bytes,
                                apr_size_t *ret_len, sso_err_t *err)
{
    unsigned char *out = apr_palloc(pool, SSO_B64_DECODED_MAX(len) + 1);
    apr_size_t n = 0;

    SSO_TRY(sso_b64url_decode(out, &n, text, len, err));
    out[n] = '\0';
    *ret_bytes = out;
    *ret_len = n;
    return SSO_OK;
}

/* The base64url spelling of a standard character; NUL for one that is not standard. */
static char to_url_alphabet(char c)
{
    if (c == '-' || c == '_')
        return '\0';
    return (char)(c == '+' ? '-' : c == '/' ? '_' : c);
}

sso_rc_t sso_b64_decode_pool(apr_pool_t *pool, const char *text, apr_size_t len, unsigned char **ret_bytes,
                             apr_size_t *ret_len, sso_err_t *err)
{
    char *copy = apr_palloc(pool, len + 1);
    apr_size_t n = len;
    sso_rc_t rc;

    if (len % 4 != 0)
        return sso_err_set(err, SSO_E_SYNTAX, "base64-syntax", "base64 length %zu is no multiple of 4", (size_t)len);
    if (n > 0 && text[n - 1] == '=')
        n -= text[n - 2] == '=' ? 2 : 1;
    for (apr_size_t i = 0; i < n; i++)
        copy[i] = to_url_alphabet(text[i]);
    rc = sso_b64url_decode_pool(pool, copy, n, ret_bytes, ret_len, err);
    /* Key material: no second copy stays behind. */
    for (volatile char *p = copy; n > 0; n--)
        *p++ = '\0';
    return rc;
}
