// Little-endian access to bytes at any alignment, and the question whether the host is one itself.
//
// Bundles and saved facts are little-endian; on such a host words can be read in place.
#ifndef RP_BASE_ENDIAN_H
#define RP_BASE_ENDIAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool rp_endian_is_little(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

static inline uint32_t rp_endian_get_u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t rp_endian_get_u64(const unsigned char *p)
{
    return (uint64_t)rp_endian_get_u32(p) | (uint64_t)rp_endian_get_u32(p + 4) << 32;
}

static inline void rp_endian_put_u32(unsigned char *p, uint32_t value)
{
    p[0] = (unsigned char)(value & 0xffu);
    p[1] = (unsigned char)(value >> 8 & 0xffu);
    p[2] = (unsigned char)(value >> 16 & 0xffu);
    p[3] = (unsigned char)(value >> 24 & 0xffu);
}

static inline void rp_endian_put_u64(unsigned char *p, uint64_t value)
{
    rp_endian_put_u32(p, (uint32_t)(value & 0xffffffffu));
    rp_endian_put_u32(p + 4, (uint32_t)(value >> 32));
}

#endif
