// SPDX-License-Identifier: Apache-2.0
//
// Brotli (RFC 7932).
#include <brotli/decode.h>

#include "proxy/base/bounds.h"
#include "proxy/coding/coders.h"
#include "proxy/coding/memory.h"
#include "proxy/coding/output.h"

namespace keyswap::coding {

namespace {

void* take(void* memory, std::size_t size) {
  return static_cast<Memory*>(memory)->take(size);
}

void give_back(void* memory, void* block) {
  static_cast<Memory*>(memory)->give_back(block);
}

class BrotliDecoder final : public Decoder {
 public:
  BrotliDecoder() : state_(BrotliDecoderCreateInstance(take, give_back, &memory_)) {}

  BrotliDecoder(const BrotliDecoder&) = delete;
  BrotliDecoder& operator=(const BrotliDecoder&) = delete;
  BrotliDecoder(BrotliDecoder&&) = delete;
  BrotliDecoder& operator=(BrotliDecoder&&) = delete;

  ~BrotliDecoder() override {
    if (state_ != nullptr) {
      BrotliDecoderDestroyInstance(state_);
    }
  }

  [[nodiscard]] bool has_memory() const { return state_ != nullptr; }

  base::Status feed(std::string_view bytes, base::ByteSink& out) override {
    if (BrotliDecoderIsFinished(state_) != BROTLI_FALSE || bytes.empty()) {
      return {};
    }
    is_begun_ = true;
    std::size_t left = bytes.size();
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
    const auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
    for (;;) {
      std::size_t room = output_.size();
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
      auto* written = reinterpret_cast<std::uint8_t*>(output_.data());
      const auto result =
          BrotliDecoderDecompressStream(state_, &left, &next, &room, &written, nullptr);
      KS_TRY(output_.pass(output_.size() - room, out));
      if (result == BROTLI_DECODER_RESULT_ERROR) {
        return error();
      }
      if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
        return {};
      }
    }
  }

  [[nodiscard]] bool is_whole() const override {
    return !is_begun_ || BrotliDecoderIsFinished(state_) != BROTLI_FALSE;
  }

 private:
  [[nodiscard]] base::Error error() const {
    const auto code = BrotliDecoderGetErrorCode(state_);
    const bool is_memory = code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
                           code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
    return is_memory ? base::Error{base::Errc::unavailable, "no memory to decode in"}
                     : base::Error{base::Errc::invalid_input, "broken brotli"};
  }

  Memory memory_{base::bounds::kDecoderBytesMax};
  BrotliDecoderState* state_;
  Output output_;
  bool is_begun_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_brotli() {
  auto made = std::make_unique<BrotliDecoder>();
  return made->has_memory() ? std::move(made) : nullptr;
}

}  // namespace keyswap::coding
