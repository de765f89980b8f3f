#ifndef PEX_CHECKSUM_H
#define PEX_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli; polynomial 0x1EDC6F41, reflected; RFC 3720 appendix B.4) of `count` bytes.
/// `crc` is 0, or the checksum of the bytes before these. Any alignment. Uses the processor's
/// instruction where it has one.
uint32_t pex_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The same from tables alone: what processors without the instruction run, and what tests compare with.
uint32_t pex_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

#endif
