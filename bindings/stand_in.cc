// SPDX-License-Identifier: Apache-2.0
#include "bindings/stand_in.h"

#include <algorithm>
#include <iterator>

#include "bindings/digest.h"
#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

using Kind = ShapePiece::Kind;

constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kSafeMarks = "-_.:~";
constexpr unsigned kTriesMax = 1000;
constexpr std::size_t kKeyBytes = 32;  // of a private key on either curve

// Bytes out of the seed, as many as are asked for: SHA-256 of seed, shape, try and block.
class Stream {
 public:
  Stream(const StandInSeed& seed, std::string_view shape, std::uint32_t attempt)
      : text_("keyswap stand-in\n" + std::string(seed.begin(), seed.end()) + "\n" +
              std::string(shape) + "\n" + std::to_string(attempt) + "\n") {}

  std::uint8_t next() {
    if (at_ == block_.size()) {
      Digest digest;
      is_good_ =
          digest.hash(HashKind::sha256, text_ + std::to_string(count_++)).has_value() && is_good_;
      block_ = digest.view();
      at_ = 0;
    }
    return at_ < block_.size() ? static_cast<std::uint8_t>(block_[at_++]) : std::uint8_t{0};
  }

  // One of them, each as likely.
  char one_of(std::string_view characters) {
    const std::size_t limit = 256 / characters.size() * characters.size();
    std::size_t byte = next();
    while (byte >= limit && is_good_) {
      byte = next();
    }
    return characters[byte % characters.size()];
  }

  std::string text_of(std::string_view characters, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += one_of(characters);
    }
    return text;
  }

  // The library failed: what was given since is worth nothing.
  [[nodiscard]] bool is_good() const { return is_good_; }

 private:
  std::string text_;
  std::string block_;
  std::size_t at_ = 0;
  std::uint64_t count_ = 0;
  bool is_good_ = true;
};

bool survives(char c) {
  return kBase62.find(c) != std::string_view::npos || kSafeMarks.find(c) != std::string_view::npos;
}

// The part of an alphabet that survives; all of ours have one.
std::string surviving(std::string_view alphabet) {
  std::string kept;
  std::ranges::copy_if(alphabet, std::back_inserter(kept), survives);
  return kept;
}

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
    }
  }
  return ~crc;
}

// A number as an account has one, in base64 (RFC 4648) without padding: 18 digits are 24 of it.
std::string account_id(Stream& stream) {
  constexpr std::size_t kIdDigits = 18;
  std::string id = stream.text_of(kDigits.substr(1), 1) + stream.text_of(kDigits, kIdDigits - 1);
  return base::to_base64(id);
}

// RFC 7519: a token that is well-formed, does not expire soon, and says nothing.
std::string jwt(Stream& stream) {
  constexpr std::string_view kHead = R"({"alg":"HS256","typ":"JWT"})";
  const std::string claims = R"({"iss":"placeholder","sub":"placeholder","role":"anon","jti":")" +
                             stream.text_of("0123456789abcdef", 32) +
                             R"(","iat":1700000000,"exp":4102444800})";
  std::string signature;
  for (std::size_t i = 0; i < kKeyBytes; ++i) {
    signature += static_cast<char>(stream.next());
  }
  return base::to_base64url(kHead) + "." + base::to_base64url(claims) + "." +
         base::to_base64url(signature);
}

// The base64 of a private key's DER, which ends in as many bytes of our choice, without padding.
// The characters of base64 that do not survive are not in it: one in four texts by chance has none.
std::string key_line(std::string_view prefix, std::size_t chosen, Stream& stream) {
  std::string line;
  do {
    std::string der(prefix);
    for (std::size_t i = 0; i < chosen; ++i) {
      der += static_cast<char>(stream.next());
    }
    line = base::to_base64(der);
  } while (line.find_first_of("+/") != std::string::npos && stream.is_good());
  return line.substr(0, line.find('='));
}

// RFC 8410: any 32 bytes are a private key.
constexpr std::string_view kEd25519Prefix(
    "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16);

// RFC 5915 in PKCS#8, P-256, without the public half, which follows from the other. The number's
// first byte is here, so that it is below the curve's order and not 0.
constexpr std::string_view kEcPrefix(
    "\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d"
    "\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20\x01",
    36);

// What stands in the place of the piece; `longer` characters more than it has at least.
std::string made_of(const ShapePiece& piece,
                    std::size_t longer,
                    std::string_view before,
                    Checksum checksum,
                    Stream& stream) {
  switch (piece.kind) {
    case Kind::text: {
      std::string text = piece.text;
      std::ranges::replace_if(
          text, [](char c) { return !survives(c); }, '-');
      return text;
    }
    case Kind::characters:
      return stream.text_of(surviving(piece.alphabet), piece.least + longer);
    case Kind::crc: {
      auto text = crc_text(before);
      if (checksum == Checksum::wrong) {
        text.back() = text.back() == '0' ? '1' : '0';
      }
      return text;
    }
    case Kind::id:
      return account_id(stream);
    case Kind::jwt:
      return jwt(stream);
    case Kind::ed25519:
      return key_line(kEd25519Prefix, kKeyBytes, stream);
    case Kind::ec:
      return key_line(kEcPrefix, kKeyBytes - 1, stream);
  }
  KS_UNREACHABLE();
}

// The last piece that may be of any length, or none.
const ShapePiece* elastic_piece(const KeyShape& shape) {
  const auto found =
      std::find_if(shape.pieces.rbegin(), shape.pieces.rend(), [](const ShapePiece& piece) {
        return piece.kind == Kind::characters;
      });
  return found == shape.pieces.rend() ? nullptr : &*found;
}

std::string text_of(const KeyShape& shape, std::size_t longer, Checksum checksum, Stream& stream) {
  const auto* const elastic = elastic_piece(shape);
  std::string text;
  std::string before;
  for (const auto& piece : shape.pieces) {
    before = made_of(piece, &piece == elastic ? longer : 0, before, checksum, stream);
    text += before;
  }
  return text;
}

// Of no provider: a prefix that says whose it is, and enough behind it.
StandIn plain_stand_in(Stream& stream) {
  constexpr std::size_t kRandom = 32;
  return {"ksw_" + stream.text_of(kBase62, kRandom), false};
}

StandIn attempt(const KeyShape* shape,
                Checksum checksum,
                const StandInSeed& seed,
                std::uint32_t number,
                bool& is_good) {
  Stream stream(seed, shape == nullptr ? std::string_view() : shape->source, number);
  StandIn made;
  if (shape != nullptr) {
    made.text = text_of(*shape, 0, checksum, stream);
    constexpr std::size_t kLeast = base::bounds::kPlaceholderBytesMin;
    if (made.text.size() < kLeast && elastic_piece(*shape) != nullptr) {
      made.text = text_of(*shape, kLeast - made.text.size(), checksum, stream);
      made.is_lengthened = true;
    }
  }
  if (made.text.size() < base::bounds::kPlaceholderBytesMin ||
      made.text.size() > base::bounds::kPlaceholderBytesMax) {
    made = plain_stand_in(stream);
  }
  is_good = stream.is_good();
  return made;
}

bool is_apart(std::string_view text, std::span<const std::string_view> taken) {
  return std::ranges::none_of(taken, [text](std::string_view other) {
    return text.find(other) != std::string_view::npos || other.find(text) != std::string_view::npos;
  });
}

}  // namespace

base::Result<StandIn> make_stand_in(const KeyShape* shape,
                                    const StandInSeed& seed,
                                    Checksum checksum,
                                    std::span<const std::string_view> taken) {
  for (std::uint32_t number = 0; number < kTriesMax; ++number) {
    bool is_good = true;
    auto made = attempt(shape, checksum, seed, number, is_good);
    if (!is_good) {
      break;
    }
    if (is_apart(made.text, taken)) {
      return made;
    }
  }
  return base::Error{base::Errc::unavailable, "no placeholder of this shape is free"};
}

std::string pem_of(std::string_view line) {
  constexpr std::size_t kLineBytes = 64;  // RFC 7468 section 2
  std::string padded(line);
  padded.append((4 - padded.size() % 4) % 4, '=');
  std::string text = "-----BEGIN PRIVATE KEY-----\n";
  for (std::size_t at = 0; at < padded.size(); at += kLineBytes) {
    text.append(padded.substr(at, kLineBytes)).append("\n");
  }
  return text + "-----END PRIVATE KEY-----\n";
}

std::string crc_text(std::string_view random_part) {
  std::uint32_t crc = crc32(random_part);
  std::string text(6, '0');
  for (auto at = text.rbegin(); at != text.rend(); ++at) {
    *at = kBase62[crc % kBase62.size()];
    crc /= static_cast<std::uint32_t>(kBase62.size());
  }
  return text;
}

}  // namespace keyswap::bindings
