// SPDX-License-Identifier: Apache-2.0
//
// The decoders, a file each; made by make_decoder() and nobody else.
#pragma once

#include <memory>

#include "proxy/coding/decoder.h"

namespace keyswap::coding {

// Null: no memory.
std::unique_ptr<Decoder> make_gzip();
std::unique_ptr<Decoder> make_deflate();
std::unique_ptr<Decoder> make_brotli();
std::unique_ptr<Decoder> make_zstd();

}  // namespace keyswap::coding
