// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/sigv4_chunks.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/digest.h"
#include "proxy/base/bytes.h"
#include "proxy/http/grammar.h"

namespace keyswap::bindings::sigv4 {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kSignaturePart = ";chunk-signature=";
constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature:";
constexpr std::size_t kSizeDigitsMax = 8;
constexpr char kFill = '*';

base::Error is_malformed() {
  return {base::Errc::invalid_input, "the body is not in signed chunks, as its head says"};
}

base::Error is_not_proven() {
  return {base::Errc::invalid_input, "the client's signature of a chunk is not right"};
}

base::Error is_full() {
  return {base::Errc::limit_exceeded, "a chunk is too large"};
}

// The signature in what stands for one; "" if it is none.
std::string read_signature(Algorithm algorithm, std::string_view text) {
  const std::string_view hex = text.substr(0, text.find_last_not_of(kFill) + 1);
  return text.size() == names_of(algorithm).chunk_signature_bytes && is_signature(algorithm, hex)
             ? base::to_lower(hex)
             : std::string();
}

std::string filled_up(Algorithm algorithm, std::string signature) {
  signature.resize(names_of(algorithm).chunk_signature_bytes, kFill);
  return signature;
}

template <typename... Pieces>
base::Status write(base::ByteSink& out, Pieces... pieces) {
  return (out.append(pieces) && ...) ? base::Status{} : is_full();
}

}  // namespace

// --- the chain ---

SignatureChain::SignatureChain(PairKey key, ChainLink first)
    : key_(std::move(key)), link_(std::move(first)) {}

base::Result<std::string> SignatureChain::sign_chunk(std::string_view data) {
  auto made = key_.sign({names_of(link_.algorithm).chunk,
                         link_.date_time,
                         link_.scope,
                         link_.last,
                         sha256_hex(""),
                         sha256_hex(data)});
  link_.last = made ? *made : link_.last;
  return made;
}

base::Result<std::string> SignatureChain::sign_trailer(std::string_view lines) {
  auto made = key_.sign({names_of(link_.algorithm).trailer,
                         link_.date_time,
                         link_.scope,
                         link_.last,
                         sha256_hex(lines)});
  link_.last = made ? *made : link_.last;
  return made;
}

ProofChain::ProofChain(PairProof proof, ChainLink first)
    : proof_(std::move(proof)), link_(std::move(first)) {}

bool ProofChain::shows_chunk(std::string_view data, std::string_view signature) {
  const bool is_right = proof_.shows({names_of(link_.algorithm).chunk,
                                      link_.date_time,
                                      link_.scope,
                                      link_.last,
                                      sha256_hex(""),
                                      sha256_hex(data)},
                                     signature);
  link_.last = signature;
  return is_right;
}

bool ProofChain::shows_trailer(std::string_view lines, std::string_view signature) {
  const bool is_right = proof_.shows({names_of(link_.algorithm).trailer,
                                      link_.date_time,
                                      link_.scope,
                                      link_.last,
                                      sha256_hex(lines)},
                                     signature);
  link_.last = signature;
  return is_right;
}

// --- the body ---

ChunkSigner::ChunkSigner(SignatureChain own, std::optional<ProofChain> clients, bool has_trailer)
    : own_(std::move(own)), clients_(std::move(clients)), has_trailer_(has_trailer) {}

base::Status ChunkSigner::feed(std::string_view piece, base::ByteSink& out) {
  while (!piece.empty()) {
    KS_TRY(expects_ == Expects::data ? take_data(piece, out) : take_line(piece, out));
  }
  return {};
}

base::Status ChunkSigner::end() {
  return expects_ == Expects::nothing && held_.empty() ? base::Status{} : is_malformed();
}

// As much of a line as there is; what it says when it is whole.
base::Status ChunkSigner::take_line(std::string_view& piece, base::ByteSink& out) {
  const std::size_t end = piece.find('\n');
  const std::size_t taken = std::min(end, piece.size() - 1) + 1;
  if (held_.size() + taken > bounds::kChunkLineBytesMax || !held_.append(piece.substr(0, taken))) {
    return is_malformed();
  }
  piece.remove_prefix(taken);
  if (end == std::string_view::npos) {
    return {};
  }
  if (!held_.view().ends_with(kLineEnd)) {
    return is_malformed();
  }
  const std::string line(held_.view().substr(0, held_.size() - kLineEnd.size()));
  held_.clear();
  switch (expects_) {
    case Expects::size:
      return read_size(line, out);
    case Expects::trailer:
      return read_trailer(line, out);
    case Expects::last_line:
      expects_ = Expects::nothing;
      return line.empty() ? write(out, kLineEnd) : is_malformed();
    case Expects::data:
    case Expects::nothing:
      return is_malformed();
  }
  KS_UNREACHABLE();
}

// "400;chunk-signature=…"
base::Status ChunkSigner::read_size(std::string_view line, base::ByteSink& out) {
  const std::size_t digits = std::min(line.find(kSignaturePart), line.size());
  size_text_ = line.substr(0, digits);
  signature_ = read_signature(own_.algorithm(),
                              line.substr(std::min(digits + kSignaturePart.size(), line.size())));
  const char* const end = size_text_.data() + size_text_.size();
  constexpr int kHexadecimal = 16;
  const bool is_size = !size_text_.empty() && size_text_.size() <= kSizeDigitsMax &&
                       std::from_chars(size_text_.data(), end, size_, kHexadecimal).ptr == end;
  if (!is_size || signature_.empty()) {
    return is_malformed();
  }
  if (size_ > base::bounds::kSignedChunkBytesMax) {
    return is_full();
  }
  if (size_ > 0) {
    expects_ = Expects::data;
    return {};
  }
  expects_ = has_trailer_ ? Expects::trailer : Expects::last_line;
  return send_chunk("", out);
}

// The data, and the end of its line.
base::Status ChunkSigner::take_data(std::string_view& piece, base::ByteSink& out) {
  const std::size_t wanted = size_ + kLineEnd.size() - held_.size();
  const std::size_t taken = std::min(wanted, piece.size());
  if (!held_.append(piece.substr(0, taken))) {
    return is_full();
  }
  piece.remove_prefix(taken);
  if (taken < wanted) {
    return {};
  }
  const std::string_view data = held_.view().substr(0, size_);
  if (held_.view().substr(size_) != kLineEnd) {
    return is_malformed();
  }
  KS_TRY(send_chunk(data, out));
  KS_TRY(write(out, data, kLineEnd));
  held_.release();  // I10: what it grew to is not kept while nothing is held
  expects_ = Expects::size;
  return {};
}

// Only what the client has signed is signed.
base::Status ChunkSigner::send_chunk(std::string_view data, base::ByteSink& out) {
  if (clients_ && !clients_->shows_chunk(data, signature_)) {
    return is_not_proven();
  }
  const auto own = own_.sign_chunk(data);
  return own ? write(out,
                     std::string_view(size_text_),
                     kSignaturePart,
                     std::string_view(filled_up(own_.algorithm(), *own)),
                     kLineEnd)
             : base::Status(own.error());
}

// "name:value", and last the signature of all of them.
base::Status ChunkSigner::read_trailer(std::string_view line, base::ByteSink& out) {
  namespace grammar = http::grammar;
  if (line.starts_with(kTrailerSignature)) {
    const auto claimed = read_signature(own_.algorithm(), line.substr(kTrailerSignature.size()));
    if (claimed.empty()) {
      return is_malformed();
    }
    if (clients_ && !clients_->shows_trailer(trailer_, claimed)) {
      return is_not_proven();
    }
    expects_ = Expects::last_line;
    const auto own = own_.sign_trailer(trailer_);
    return own ? write(out,
                       kTrailerSignature,
                       std::string_view(filled_up(own_.algorithm(), *own)),
                       kLineEnd)
               : base::Status(own.error());
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !http::is_token(line.substr(0, colon)) ||
      trailer_.size() + line.size() > bounds::kChunkTrailerBytesMax) {
    return is_malformed();
  }
  trailer_.append(base::to_lower(line.substr(0, colon))).append(":");
  trailer_.append(grammar::trim(line.substr(colon + 1))).append("\n");
  return write(out, line, kLineEnd);
}

}  // namespace keyswap::bindings::sigv4
