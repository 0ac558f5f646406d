// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/sigv4_chunks.h"

#include <catch2/catch.hpp>

#include "proxy/base/buffer.h"
#include "test/bindings/signatures/aws_vectors.h"

namespace keyswap::bindings::sigv4 {

namespace {

// The Amazon S3 API reference's examples: 65536, 1024 and 0 bytes of 'a'. Signatures of the head,
// of the three chunks, and of the trailer; the throw-away pair's were computed with Python's hmac.
using Signatures = std::vector<std::string>;
const Signatures kPublished = {"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
                               "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                               "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
                               "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"};
const Signatures kThrowAway = {"2c7d7af1eaa0202ec6f0ed4c5af506ae30b6ac86c0b983f0d860c938d1aa4327",
                               "6740c7fb15e8c60d8feef18b0de1db98a6fe1bb1756c08bd4426743370ff34e5",
                               "e72f8a4e36698752bbaba118ba06f3757ad50da02d95d06621f2c1a83436c54c",
                               "dca503ba230a5d923b762876b871e362d96c0adc043eaf0c5c79ba4b5d093c82"};
const Signatures kPublishedTrailer = {
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"};
const Signatures kThrowAwayTrailer = {
    "b9ecf2538e7a9901faebda13b8aeba9898242a8f39cd115a90dea48ce9f4f208",
    "b539b218a1ae083de1316721402f108009573703012984e96a09619232c4ff1f",
    "a9e804de054a503e1528aa3ddac96aa052cf34150a1b230759d406bd832c1c85",
    "70f2ccb50f028cce1ae2f65657f532fd16a490d865953396f08cfdca80940a24",
    "739597f67e909983cc478c753a6f8a706da08cf86c85fca8f99b539329b661db"};

std::string body_of(const Signatures& made) {
  std::string body =
      "10000;chunk-signature=" + made[1] + "\r\n" + std::string(65'536, 'a') + "\r\n";
  body += "400;chunk-signature=" + made[2] + "\r\n" + std::string(1024, 'a') + "\r\n";
  body += "0;chunk-signature=" + made[3] + "\r\n";
  if (made.size() > 4) {
    body += "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:" + made[4] + "\r\n";
  }
  return body + "\r\n";
}

const KeyScope kScope{"20130524", "us-east-1", "s3"};

ChainLink link_of(const std::string& seed) {
  return {Algorithm::hmac, test::kS3Time, kScope.text(), seed};
}

SignatureChain chain(const std::string& seed) {
  REQUIRE(vault::lock_memory());
  auto key = PairKey::of(Algorithm::hmac, {"ID", test::kS3Secret}, kScope);
  REQUIRE(key);
  return {std::move(*key), link_of(seed)};
}

ProofChain proofs(const std::string& seed) {
  REQUIRE(vault::lock_memory());
  auto proof = PairProof::of(Algorithm::hmac, {"ID", test::kFakeSecret}, kScope);
  REQUIRE(proof);
  return {std::move(*proof), link_of(seed)};
}

struct Outcome {
  base::Status status;
  std::string sent;
  std::size_t held_max = 0;
};

Outcome sent_of(const std::string& body,
                std::size_t piece,
                bool has_trailer,
                bool is_asked = true,
                const Signatures* from = nullptr) {
  const auto& theirs = from != nullptr ? *from : has_trailer ? kThrowAwayTrailer : kThrowAway;
  const auto& ours = has_trailer ? kPublishedTrailer : kPublished;
  std::optional<ProofChain> clients;
  if (is_asked) {
    clients.emplace(proofs(theirs[0]));
  }
  ChunkSigner signer(chain(ours[0]), std::move(clients), has_trailer);
  Outcome outcome;
  base::Buffer out(std::size_t{4} * 1024 * 1024);
  for (std::size_t at = 0; at < body.size() && outcome.status; at += piece) {
    outcome.status = signer.feed(std::string_view(body).substr(at, piece), out);
    outcome.held_max = std::max(outcome.held_max, signer.held());
  }
  outcome.status = outcome.status ? signer.end() : outcome.status;
  outcome.sent = std::string(out.view());
  return outcome;
}

std::string with(std::string text, const std::string& old, const std::string& now) {
  const auto at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), now);
}

}  // namespace

TEST_CASE("S3's published chunks, signed anew from those of a throw-away pair, however they come") {
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{7}, std::size_t{4096}, SIZE_MAX / 2}) {
    INFO(piece);
    const auto plain = sent_of(body_of(kThrowAway), piece, false);
    CHECK(plain.status);
    CHECK(plain.sent == body_of(kPublished));
    const auto trailer = sent_of(body_of(kThrowAwayTrailer), piece, true);
    CHECK(trailer.status);
    CHECK(trailer.sent == body_of(kPublishedTrailer));
  }
}

TEST_CASE("of a chunk whose own signature is wrong nothing leaves, nor of what follows", "[I9]") {
  auto body = body_of(kThrowAway);
  body[body.find("aaaa") + 66'000] = 'b';  // in the second chunk
  const auto forged = sent_of(body, 4096, false);
  REQUIRE_FALSE(forged.status);
  CHECK(forged.status.error().code == base::Errc::invalid_input);
  const auto first = body_of(kPublished).find("400;chunk");
  CHECK(forged.sent == body_of(kPublished).substr(0, first));
  auto trailer = with(body_of(kThrowAwayTrailer), "sOO8", "sOO9");
  CHECK_FALSE(sent_of(trailer, 4096, true).status);
  // Where nobody asks, it is signed as it came.
  CHECK(sent_of(body, 4096, false, false).status);
}

TEST_CASE("a body that is not in signed chunks, or not whole, is refused", "[I15]") {
  const auto body = body_of(kThrowAway);
  const auto trailer = body_of(kThrowAwayTrailer);
  CHECK_FALSE(sent_of("hello", 5, false).status);
  CHECK_FALSE(sent_of("", 5, false).status);
  CHECK_FALSE(sent_of(body.substr(0, body.size() - 2), 4096, false).status);
  CHECK_FALSE(sent_of(body + "x", 4096, false).status);
  CHECK_FALSE(sent_of(body, 4096, true, true, &kThrowAway).status);
  CHECK_FALSE(sent_of(trailer, 4096, false, true, &kThrowAwayTrailer).status);
  CHECK_FALSE(sent_of(with(body, "10000;", "10001;"), 4096, false).status);
  CHECK_FALSE(sent_of(with(body, "10000;", ";"), 4096, false).status);
  CHECK_FALSE(sent_of(with(body, "10000;", "0x10;"), 4096, false).status);
  CHECK_FALSE(sent_of(with(body, ";chunk-signature=", ";signature="), 4096, false).status);
  CHECK_FALSE(sent_of(std::string(10'000, '1'), 4096, false).status);
  CHECK_FALSE(sent_of(with(trailer, "x-amz-checksum-crc32c:", "no colon "), 4096, true).status);
}

TEST_CASE("a chunk is held until it is whole, and one that is too large is not", "[I10]") {
  CHECK(sent_of(body_of(kThrowAway), 4096, false).held_max <= 65'536 + 4096);
  const auto large = sent_of("100001;chunk-signature=" + kThrowAway[1] + "\r\n", 4096, false);
  REQUIRE_FALSE(large.status);
  CHECK(large.status.error().code == base::Errc::limit_exceeded);
}

}  // namespace keyswap::bindings::sigv4
