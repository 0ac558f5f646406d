// SPDX-License-Identifier: Apache-2.0
//
// gzip (RFC 1952) and deflate, which is zlib's format (RFC 1950) and, from some servers, the bare
// one (RFC 1951).
#include <algorithm>
#include <limits>
#include <zlib.h>

#include "proxy/base/bounds.h"
#include "proxy/coding/coders.h"
#include "proxy/coding/memory.h"
#include "proxy/coding/output.h"

namespace keyswap::coding {

namespace {

constexpr int kWindowBits = 15;
constexpr int kGzip = 16;  // added to these

voidpf take(voidpf memory, uInt count, uInt size) {
  return static_cast<Memory*>(memory)->take(std::size_t{count} * size);
}

void give_back(voidpf memory, voidpf block) {
  static_cast<Memory*>(memory)->give_back(block);
}

class Inflater final : public Decoder {
 public:
  explicit Inflater(Coding coding) : coding_(coding) {
    stream_.zalloc = take;
    stream_.zfree = give_back;
    stream_.opaque = &memory_;
  }

  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  Inflater(Inflater&&) = delete;
  Inflater& operator=(Inflater&&) = delete;

  ~Inflater() override {
    if (is_begun_) {
      inflateEnd(&stream_);
    }
  }

  base::Status feed(std::string_view bytes, base::ByteSink& out) override {
    while (!bytes.empty() && !is_over_) {
      const std::string_view some = bytes.substr(0, std::numeric_limits<uInt>::max());
      if (!is_begun_) {
        KS_TRY(begin(some.front()));
      }
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-*): zlib does not write to it
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(some.data()));
      stream_.avail_in = static_cast<uInt>(some.size());
      KS_TRY(inflate_all(out));
      bytes.remove_prefix(some.size());
    }
    return {};
  }

  [[nodiscard]] bool is_whole() const override { return is_between_ || is_over_; }

 private:
  // The first byte tells zlib's format from the bare one: its lower half is the method, 8, and
  // blocks of the bare one that begin so are none that an encoder would write first.
  base::Status begin(char first) {
    const bool is_zlib = (static_cast<unsigned char>(first) & 0x8FU) == 0x08U;
    const int bits = coding_ == Coding::gzip ? kWindowBits + kGzip
                     : is_zlib               ? kWindowBits
                                             : -kWindowBits;
    if (inflateInit2(&stream_, bits) != Z_OK) {
      return base::Error{base::Errc::unavailable, "no memory to decode in"};
    }
    is_begun_ = true;
    return {};
  }

  base::Status inflate_all(base::ByteSink& out) {
    for (bool is_more = true; is_more && !is_over_;) {
      if (is_between_ && stream_.avail_in > 0) {
        KS_TRY(begin_member());
        continue;
      }
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
      stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
      stream_.avail_out = static_cast<uInt>(output_.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      const std::size_t written = output_.size() - stream_.avail_out;
      KS_TRY(output_.pass(written, out));
      if (result == Z_STREAM_END) {
        is_between_ = true;
        is_over_ = coding_ != Coding::gzip;
        is_more = stream_.avail_in > 0;
      } else if (result == Z_OK || result == Z_BUF_ERROR) {
        is_more = stream_.avail_in > 0 || stream_.avail_out == 0;
        if (result == Z_BUF_ERROR && written == 0) {
          is_more = false;
        }
      } else {
        return result == Z_MEM_ERROR
                   ? base::Error{base::Errc::unavailable, "no memory to decode in"}
                   : base::Error{base::Errc::invalid_input, "broken gzip or deflate"};
      }
    }
    return {};
  }

  // Another member may follow, and nothing else counts.
  base::Status begin_member() {
    constexpr unsigned kGzipFirst = 0x1F;
    if (is_first_) {
      is_first_ = false;
    } else if (*stream_.next_in != kGzipFirst) {
      is_over_ = true;
      return {};
    } else if (inflateReset(&stream_) != Z_OK) {
      return base::Error{base::Errc::invalid_input, "broken gzip"};
    }
    is_between_ = false;
    return {};
  }

  Coding coding_;
  Memory memory_{base::bounds::kDecoderBytesMax};
  z_stream stream_{};
  Output output_;
  bool is_begun_ = false;
  bool is_first_ = true;    // no member has begun
  bool is_between_ = true;  // two members
  bool is_over_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_gzip() {
  return std::make_unique<Inflater>(Coding::gzip);
}

std::unique_ptr<Decoder> make_deflate() {
  return std::make_unique<Inflater>(Coding::deflate);
}

}  // namespace keyswap::coding
