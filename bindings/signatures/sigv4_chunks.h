// SPDX-License-Identifier: Apache-2.0
//
// Bodies of `Content-Encoding: aws-chunked` whose chunks are signed one by one, each signature over
// the one before it (STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD,
// and the same with a signed trailer). Each chunk is held until it is whole, its own signature is
// looked at, and it leaves with ours; no length changes, because those of ECDSA, of which some are
// shorter, have '*' behind them.
// Source: the Amazon S3 API reference, "Signature Calculations for the Authorization Header:
// Transferring Payload in Multiple Chunks".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bindings/signatures/sigv4_pair.h"
#include "bindings/signer.h"
#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/base/result.h"

namespace keyswap::bindings::sigv4 {

// What a signature of a chain is over, besides what it signs.
struct ChainLink {
  Algorithm algorithm = Algorithm::hmac;
  std::string date_time;
  std::string scope;
  std::string last;  // the signature before it, at first that of the head
};

// One signature after the other.
class SignatureChain {
 public:
  SignatureChain(PairKey key, ChainLink first);

  [[nodiscard]] Algorithm algorithm() const { return link_.algorithm; }

  // The signature of the chunk with this data, or of the trailer with these lines, which comes
  // next; lower-case hex.
  base::Result<std::string> sign_chunk(std::string_view data);
  base::Result<std::string> sign_trailer(std::string_view lines);

 private:
  PairKey key_;
  ChainLink link_;
};

// Somebody else's: is each signature right where it stands?
class ProofChain {
 public:
  ProofChain(PairProof proof, ChainLink first);

  [[nodiscard]] bool shows_chunk(std::string_view data, std::string_view signature);
  [[nodiscard]] bool shows_trailer(std::string_view lines, std::string_view signature);

 private:
  PairProof proof_;
  ChainLink link_;
};

class ChunkSigner final : public BodySigner {
 public:
  // `clients`: what the client's signatures have to be; nothing: it is not asked.
  ChunkSigner(SignatureChain own, std::optional<ProofChain> clients, bool has_trailer);

  [[nodiscard]] std::size_t held() const override { return held_.size(); }

  // Besides what BodySigner says: invalid_input for what is not of that form.
  [[nodiscard]] base::Status feed(std::string_view piece, base::ByteSink& out) override;
  [[nodiscard]] base::Status end() override;

 private:
  enum class Expects : std::uint8_t { size, data, trailer, last_line, nothing };

  [[nodiscard]] base::Status take_line(std::string_view& piece, base::ByteSink& out);
  [[nodiscard]] base::Status take_data(std::string_view& piece, base::ByteSink& out);
  [[nodiscard]] base::Status read_size(std::string_view line, base::ByteSink& out);
  [[nodiscard]] base::Status read_trailer(std::string_view line, base::ByteSink& out);
  [[nodiscard]] base::Status send_chunk(std::string_view data, base::ByteSink& out);

  SignatureChain own_;
  std::optional<ProofChain> clients_;
  bool has_trailer_;
  Expects expects_ = Expects::size;
  std::string size_text_;  // of the chunk that comes, as the client wrote it
  std::size_t size_ = 0;   // the same
  std::string signature_;  // the client's, without what fills it up
  std::string trailer_;    // its lines, as they are signed
  base::Buffer held_{base::bounds::kSignedChunkBytesMax + 2};
};

}  // namespace keyswap::bindings::sigv4
