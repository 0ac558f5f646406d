// SPDX-License-Identifier: Apache-2.0
//
// Zstandard (RFC 8878). Its own memory functions stand in the part of its interface that is not
// promised to stay; nothing else of that is used.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#include "proxy/base/bounds.h"
#include "proxy/coding/coders.h"
#include "proxy/coding/memory.h"
#include "proxy/coding/output.h"

namespace keyswap::coding {

namespace {

// RFC 8878 section 3.1.1.1.2 asks for 8 MiB, and says that no more need be taken.
constexpr int kWindowLogMax = 23;

void* take(void* memory, std::size_t size) {
  return static_cast<Memory*>(memory)->take(size);
}

void give_back(void* memory, void* block) {
  static_cast<Memory*>(memory)->give_back(block);
}

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : context_(ZSTD_createDCtx_advanced({take, give_back, &memory_})) {
    if (context_ != nullptr) {
      static_cast<void>(ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kWindowLogMax));
    }
  }

  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;
  ZstdDecoder(ZstdDecoder&&) = delete;
  ZstdDecoder& operator=(ZstdDecoder&&) = delete;

  ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }

  [[nodiscard]] bool has_memory() const { return context_ != nullptr; }

  base::Status feed(std::string_view bytes, base::ByteSink& out) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (bool is_more = !bytes.empty(); is_more;) {
      ZSTD_outBuffer written{output_.data(), output_.size(), 0};
      const std::size_t before = in.pos;
      const std::size_t left = ZSTD_decompressStream(context_, &written, &in);
      KS_TRY(output_.pass(written.pos, out));
      if (ZSTD_isError(left) != 0) {
        return ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation
                   ? base::Error{base::Errc::unavailable, "no memory to decode in"}
                   : base::Error{base::Errc::invalid_input, "broken zstd"};
      }
      is_whole_ = in.pos == before && written.pos == 0 ? is_whole_ : left == 0;
      is_more = in.pos < in.size || written.pos == written.size;
    }
    return {};
  }

  [[nodiscard]] bool is_whole() const override { return is_whole_; }

 private:
  Memory memory_{base::bounds::kDecoderBytesMax};
  ZSTD_DCtx* context_;
  Output output_;
  bool is_whole_ = true;  // of frames, of which any number may come
};

}  // namespace

std::unique_ptr<Decoder> make_zstd() {
  auto made = std::make_unique<ZstdDecoder>();
  return made->has_memory() ? std::move(made) : nullptr;
}

}  // namespace keyswap::coding
