// SPDX-License-Identifier: Apache-2.0
//
// The scheme `sigv4` (bindings/schemes/sigv4.cc) with what was signed under version 4A. No
// signature of it is made twice: those of the throw-away pair were made once with Python's
// cryptography, and ours are verified as AWS would.
#include <memory>
#include <optional>

#include <catch2/catch.hpp>

#include "bindings/digest.h"
#include "bindings/schemes/sigv4_hosts.h"
#include "bindings/signatures/sigv4_canonical.h"
#include "bindings/signatures/sigv4_claim.h"
#include "bindings/signatures/sigv4_pair.h"
#include "bindings/signer.h"
#include "proxy/base/buffer.h"
#include "test/bindings/signatures/aws_vectors.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

namespace aws = sigv4::test;

const std::string kId = "AKIAPLACEHOLDER22222";
const std::string kRealId = "AKIAIOSFODNN7EXAMPLE";
const std::string kHost = "examplebucket.s3.amazonaws.com";
const std::string kNames = "host;range;x-amz-content-sha256;x-amz-date;x-amz-region-set";
constexpr std::int64_t kNow = 1'369'353'600'000'000;  // 2013-05-24T00:00:00Z
constexpr std::int64_t kSecond = 1'000'000;

const std::string kGet =
    "3043021f7bd7f4a9ccf31b4376742583937997b2d78b4ff5e5a8501d272d20e511786602206f009087a5aa4623f71e"
    "c186582f436b018f59e90d4bdac311470edd211f761a";
const std::string kGetWithToken =
    "3046022100cc5ee7d75a3e6c16b243b6440404bd705c4c8c3ec275a9c0b9e3188ef112c882022100ba28d3b63438a9"
    "c982838d6832316a7cdd00af01efacadb6031c681dfb505c69";
const std::string kPresigned =
    "3044022039e0423f6940fe8cf9224e488b79956b44f0ea9c89135e8a9c35b111d52caeb602207283a712ac5f925fbe"
    "3b94d1259ca07e2839fe0861eb0c636896d05ca432c8a2";

std::string authorization(const std::string& names,
                          const std::string& signature,
                          const std::string& scope = "20130524/s3/aws4_request",
                          const std::string& algorithm = "AWS4-ECDSA-P256-SHA256") {
  return algorithm + " Credential=" + kId + "/" + scope + ", SignedHeaders=" + names +
         ", Signature=" + signature;
}

Bindings with(const std::string& more = "", const std::string& host = kHost) {
  return test::accepted(
      test::one_secret("    placeholder: " + kId +
                       "\n    inject: { type: sigv4, access_key_id: ID, secret_access_key: SECRET, "
                       "placeholder_secret: " +
                       aws::kFakeSecret + more + " }\n    bindings: [ { host: " + host + " } ]\n"));
}

// A request, as it comes or as it leaves.
struct Request {
  std::string method = "GET";
  std::string target = "/test.txt";
  std::string host = kHost;
  std::vector<std::pair<std::string, std::string>> fields = {
      {"Host", kHost},
      {"Range", "bytes=0-9"},
      {"x-amz-content-sha256", aws::kNothing},
      {"x-amz-date", aws::kS3Time},
      {"x-amz-region-set", "us-east-1,eu-west-1"},
      {"Authorization", authorization(kNames, kGet)}};
  std::int64_t now_us = kNow;

  Request& set(const std::string& name, const std::string& value) {
    for (auto& field : fields) {
      if (base::equal_ignoring_case(field.first, name)) {
        field.second = value;
        return *this;
      }
    }
    fields.emplace_back(name, value);
    return *this;
  }

  Request& drop(const std::string& name) {
    std::erase_if(fields,
                  [&](const auto& one) { return base::equal_ignoring_case(one.first, name); });
    return *this;
  }

  [[nodiscard]] http::HeaderList list() const {
    http::HeaderList all;
    for (const auto& [name, value] : fields) {
      all.add(name, value);
    }
    return all;
  }
};

Judgement judged(const Request& request, const Bindings& bindings) {
  REQUIRE(vault::lock_memory());
  const auto fields = request.list();
  return bindings.rules[0].signer()->judge(
      {request.method, request.target, request.host, fields, "", 443, request.now_us},
      bindings.rules[0].scopes[0]);
}

std::optional<SignerRefusal> refusal(const Request& request, const Bindings& bindings) {
  return judged(request, bindings).refusal;
}

struct Signed {
  Request request;  // as it leaves
  std::unique_ptr<BodySigner> body;
};

Signed signed_anew(const Request& request,
                   const Bindings& bindings,
                   const std::string& token = "",
                   std::int64_t now_us = kNow) {
  REQUIRE_FALSE(refusal(request, bindings));
  const auto& signer = *bindings.rules[0].signer();
  const auto fields = request.list();
  const WholeRequest whole{
      request.method, request.target, request.host, fields, "", 443, request.now_us};
  std::vector<vault::Secret> secrets;
  for (const auto& value : {kRealId, aws::kS3Secret, token}) {
    if (!value.empty()) {
      secrets.push_back(test::secret_of(value));
    }
  }
  const SignInput input{secrets, now_us, 0};
  Edits edits;
  REQUIRE(signer.sign(whole, input, edits));
  Signed made{request, nullptr};
  for (const Edit& edit : edits) {
    if (const auto* const set = std::get_if<FieldEdit>(&edit)) {
      made.request.set(std::string(set->name), test::text_of(set->value));
    } else if (const auto* const removed = std::get_if<FieldRemoval>(&edit)) {
      made.request.drop(std::string(removed->name));
    }
  }
  if (const auto* const target = edits.find<TargetEdit>()) {
    made.request.target = test::text_of(target->value);
  }
  if (signer.body_use(whole) == BodyUse::rewritten) {
    auto body = signer.sign_body(whole, input, edits);
    REQUIRE(body);
    made.body = std::move(*body);
  }
  return made;
}

sigv4::PairProof real_proof() {
  auto proof = sigv4::PairProof::of(sigv4::Algorithm::ecdsa, {kRealId, aws::kS3Secret}, {});
  REQUIRE(proof);
  return std::move(*proof);
}

// Is it the real pair's, by what stands in it?
bool is_ours(const Request& request) {
  const auto fields = request.list();
  const auto query = request.target.find('?');
  const std::string_view pairs =
      query == std::string::npos ? "" : std::string_view(request.target).substr(query + 1);
  const auto claim = sigv4::read_claim(fields, pairs);
  REQUIRE(claim);
  CHECK(claim->key_id == kRealId);
  auto parameters = sigv4::read_query(pairs);
  REQUIRE(parameters);
  std::erase_if(*parameters, [](const auto& one) { return one.name == "X-Amz-Signature"; });
  const auto* const said = fields.find("x-amz-content-sha256");
  const auto hash = sigv4::canonical_hash({request.method,
                                           std::string_view(request.target).substr(0, query),
                                           *parameters,
                                           std::vector<http::Field>(fields.begin(), fields.end()),
                                           claim->signed_names,
                                           said == nullptr ? "UNSIGNED-PAYLOAD" : said->value,
                                           true});
  REQUIRE(hash);
  return real_proof().shows(
      {"AWS4-ECDSA-P256-SHA256", claim->date_time, claim->scope().text(), *hash}, claim->signature);
}

Request presigned() {
  Request request;
  request.target =
      "/test.txt?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=" + kId +
      "%2F20130524%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
      "X-Amz-Region-Set=%2A&X-Amz-SignedHeaders=host&X-Amz-Signature=" +
      kPresigned;
  request.fields = {{"Host", kHost}};
  return request;
}

std::string replaced(std::string text, const std::string& old, const std::string& now) {
  const auto at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), now);
}

// --- chunks: "hello ", "world", "" ---

struct Chunked {
  std::string seed;
  std::vector<std::string> chunks;
  std::string trailer;  // "": none
};

const Chunked kChunked = {
    "304402207d669305a2a9fdb8fcf289dc73f6d0eef942da5f7f3f2f6743ecc5b9fa74802d02200604efb5bee8fb00e2"
    "20d1de30992b8b83fb6cfd29d699981daa0b03760b061f",
    {"3045022100f4233f561620d54aef57a60961fb31a5bc4e85c17cdbc07e65b8244f3bf144e402207080be7cf0747d8"
     "0c6bf8bc9c6142e707884e5fdfef1fa8a0b1a45677765d17a",
     "304502207e1109d744f4833108be36f7b6a017c6a210601dc8b94277deb44b1b3989908c022100d392137e33a5641"
     "c"
     "dc5c89dca922c81e31ded6bd415a40acf5e59982cc7c9ffd",
     "304402203570cdaa433d06fa49622083d6bd1c964a93f908131127143cdd541c1e7c2ca802201330f67b02b72d0c1"
     "e"
     "00d9b52cde208e5fc3a1fdef7910031da41661a25a7afa"},
    ""};
const Chunked kChunkedWithTrailer = {
    "3046022100d10cdc72204772710c58dfb26603ab9a32e84dc127aed4d58a7dee0d57d3ca7102210083d7b8c6a5d213"
    "ff8e3a2194201c867bfc2c496cfcffbec5d81d382755d50355",
    {"3046022100e38c932f5acc75e00dd047cd4d7ba9b0971983b79d5995edb11924985d6b96e7022100fc19d10032c7e"
     "3c7fe6a6bdf4e4942f0d06027b0197c9de16341b27320da0ab6",
     "30450221008fbd9a10b5380ca1b1b36bb8e70331619e431627abf249af6a67dbe7473f3fdc02202d544ee59240e8f"
     "b"
     "1fe3e17f2ac9ce6a0bce2ec2940c1d7f8f0cd05e097e1289",
     "304402203b4231cf1c142fab7aededb24857b413b22a1db438dcaf02cc2520ad342fb95402204580729b2fc8df482"
     "2"
     "3f4ee66a7908cdfa5b0039a3986c7ee3471d94e383b142"},
    "304502200243c65e11cd0e85c74f84567ace8d55626863791ed7657838ce5e7c8d7405cd022100c51c2c86c184a644"
    "2"
    "dc0636a0facaed21aab2ea349c985dd2e250daf1a76d4f8"};
const std::vector<std::string> kData = {"hello ", "world", ""};

std::string filled(std::string signature) {
  signature.resize(144, '*');
  return signature;
}

std::string body_of(const Chunked& made) {
  std::string body;
  for (std::size_t i = 0; i < kData.size(); ++i) {
    body += std::to_string(kData[i].size()) + ";chunk-signature=" + filled(made.chunks[i]) + "\r\n";
    body += kData[i].empty() ? "" : kData[i] + "\r\n";
  }
  if (!made.trailer.empty()) {
    body += "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:" + filled(made.trailer) +
            "\r\n";
  }
  return body + "\r\n";
}

Request chunked(const Chunked& made) {
  Request request;
  const bool has_trailer = !made.trailer.empty();
  request.method = "PUT";
  request.target = "/chunks";
  request.fields = {{"Host", kHost},
                    {"x-amz-content-sha256",
                     has_trailer ? "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"
                                 : "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"},
                    {"x-amz-date", aws::kS3Time},
                    {"x-amz-decoded-content-length", "11"},
                    {"x-amz-region-set", "*"}};
  std::string names =
      "host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-region-set";
  if (has_trailer) {
    request.set("x-amz-trailer", "x-amz-checksum-crc32c");
    names += ";x-amz-trailer";
  }
  return request.set("Authorization", authorization(names, made.seed));
}

// The signature behind the n-th of these words, without what fills it up.
std::string signature_behind(const std::string& text, const std::string& word, int n) {
  std::size_t at = 0;
  for (int i = 0; i <= n; ++i) {
    at = text.find(word, at) + word.size();
  }
  const auto found = text.substr(at, 144);
  return found.substr(0, found.find_last_not_of('*') + 1);
}

// Is the body signed with the real pair, beginning with the head's signature?
bool is_chain_ours(const std::string& body, const Request& head, bool has_trailer) {
  const auto fields = head.list();
  const auto claim = sigv4::read_claim(fields, "");
  REQUIRE(claim);
  std::string last = claim->signature;
  bool is_right = true;
  for (std::size_t i = 0; i < kData.size(); ++i) {
    const auto own = signature_behind(body, ";chunk-signature=", static_cast<int>(i));
    is_right = is_right && real_proof().shows({"AWS4-ECDSA-P256-SHA256-PAYLOAD",
                                               claim->date_time,
                                               claim->scope().text(),
                                               last,
                                               aws::kNothing,
                                               sha256_hex(kData[i])},
                                              own);
    last = own;
  }
  return is_right && (!has_trailer ||
                      real_proof().shows({"AWS4-ECDSA-P256-SHA256-TRAILER",
                                          claim->date_time,
                                          claim->scope().text(),
                                          last,
                                          sha256_hex("x-amz-checksum-crc32c:sOO8/Q==\n")},
                                         signature_behind(body, "x-amz-trailer-signature:", 0)));
}

}  // namespace

TEST_CASE("what a throw-away pair signed under version 4A leaves with the real pair's signature") {
  const auto made = signed_anew({}, with(), "", kNow + 62 * kSecond);
  CHECK(is_ours(made.request));
  const auto fields = made.request.list();
  CHECK(fields.find("x-amz-date")->value == "20130524T000102Z");
  CHECK(fields.find("x-amz-region-set")->value == "us-east-1,eu-west-1");
  CHECK(fields.find("authorization")
            ->value.starts_with("AWS4-ECDSA-P256-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
                                "s3/aws4_request, SignedHeaders=" +
                                kNames + ", Signature=30"));
  CHECK_FALSE(is_ours(Request(made.request).set("Range", "bytes=0-99")));
}

TEST_CASE("under version 4A, too, the pair's token is added, and a client's goes") {
  const auto added = signed_anew({}, with(", session_token: TOKEN"), "the/token+1==");
  CHECK(is_ours(added.request));
  const auto fields = added.request.list();
  CHECK(fields.find("x-amz-security-token")->value == "the/token+1==");
  CHECK(fields.find("authorization")->value.find("region-set;x-amz-security-token,") !=
        std::string::npos);
  Request sent;
  sent.set("x-amz-security-token", "theirs")
      .set("Authorization", authorization(kNames + ";x-amz-security-token", kGetWithToken));
  const auto gone = signed_anew(sent, with());
  CHECK(is_ours(gone.request));
  CHECK(gone.request.list().find("x-amz-security-token") == nullptr);
}

TEST_CASE("a URL presigned under version 4A keeps its time and its regions") {
  const auto made = signed_anew(presigned(), with(), "", kNow + 3600 * kSecond);
  CHECK(is_ours(made.request));
  CHECK(made.request.target.starts_with(
      "/test.txt?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Date=20130524T000000Z&"
      "X-Amz-Expires=86400&X-Amz-Region-Set=%2A&X-Amz-SignedHeaders=host&X-Amz-Credential="
      "AKIAIOSFODNN7EXAMPLE%2F20130524%2Fs3%2Faws4_request&X-Amz-Signature=30"));
  const auto token = signed_anew(presigned(), with(", session_token: TOKEN"), "the/token+1==");
  CHECK(is_ours(token.request));
  CHECK(token.request.target.find("&X-Amz-Security-Token=the%2Ftoken%2B1%3D%3D&") !=
        std::string::npos);
  auto late = presigned();
  late.now_us = kNow + 86'401 * kSecond;
  CHECK(refusal(late, with()) == SignerRefusal::malformed_request);
}

TEST_CASE("under version 4A, too, a signature is good for five minutes") {
  for (const std::int64_t seconds : {-300, 300}) {
    Request request;
    request.now_us = kNow + seconds * kSecond;
    CHECK_FALSE(refusal(request, with()));
    request.now_us += seconds < 0 ? -kSecond : kSecond;
    CHECK(refusal(request, with()) == SignerRefusal::malformed_request);
  }
}

TEST_CASE("a region set that is not the one that was signed, or is not signed, is refused",
          "[I9][I15]") {
  std::vector<Request> forged(8);
  forged[0].set("x-amz-region-set", "us-east-1");
  forged[1].set("x-amz-region-set", "*");
  forged[2].set("x-amz-region-set", "eu-west-1,us-east-1");
  forged[3].set("x-amz-region-set", "");
  forged[4].drop("x-amz-region-set");
  forged[5].fields.emplace_back("X-Amz-Region-Set", "us-east-1");
  forged[6].set("Authorization", authorization("host;range;x-amz-content-sha256;x-amz-date", kGet));
  forged[7].target = "/test.txt?X-Amz-Region-Set=us-east-1";
  for (const auto& request : forged) {
    INFO(request.list().size() << " " << request.target);
    CHECK(refusal(request, with()) == SignerRefusal::malformed_request);
  }
  for (std::size_t i = 3; i < forged.size(); ++i) {
    INFO(i);
    CHECK(refusal(forged[i], with(", proof: off")) == SignerRefusal::malformed_request);
  }
  auto url = presigned();
  url.target = replaced(url.target, "Region-Set=%2A", "Region-Set=us-east-1");
  CHECK(refusal(url, with()) == SignerRefusal::malformed_request);
  auto both = presigned();
  both.set("x-amz-region-set", "*");
  CHECK(refusal(both, with(", proof: off")) == SignerRefusal::malformed_request);
}

TEST_CASE("a signature of one version is none of the other", "[I9][I15]") {
  const std::string hmac = "AWS4-HMAC-SHA256";
  const std::string with_region = "20130524/us-east-1/s3/aws4_request";
  const std::string hex(64, 'a');
  for (const auto& value : {authorization(kNames, kGet, with_region),
                            authorization(kNames, hex),
                            authorization(kNames, kGet, "20130524/s3/aws4_request", hmac),
                            authorization(kNames, hex, "20130524/s3/aws4_request", hmac),
                            authorization(kNames, kGet, with_region, hmac),
                            authorization(kNames, hex, with_region, hmac),
                            authorization(kNames, kGet + "00"),
                            authorization(kNames, kGet + "*")}) {
    INFO(value);
    Request request;
    request.set("Authorization", value);
    CHECK(refusal(request, with()) == SignerRefusal::malformed_request);
  }
  // Nor are the chunks.
  const auto unsupported = SignerRefusal::signature_form_not_supported;
  const auto off = with(", proof: off");
  for (const std::string end : {"", "-TRAILER"}) {
    Request request;
    request.set("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + end);
    CHECK(refusal(request, off) == unsupported);
    request.set("x-amz-content-sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD" + end);
    CHECK_FALSE(refusal(request, off));
    request.set("Authorization", authorization(kNames, hex, with_region, hmac));
    CHECK(refusal(request, off) == unsupported);
  }
}

TEST_CASE("what was not signed so is refused, unless nobody asks, or it is said") {
  Request forged;
  forged.target = "/other.txt";
  CHECK(refusal(forged, with()) == SignerRefusal::malformed_request);
  CHECK(judged(forged, with(", proof: warn")).is_unproven);
  CHECK_FALSE(judged(forged, with(", proof: off")).is_unproven);
  CHECK_FALSE(judged({}, with(", proof: warn")).is_unproven);
}

TEST_CASE("each region of a set has to be one of the binding, and all of them one for all",
          "[I3]") {
  const auto said =
      [](const std::string& regions, const std::string& more, const std::string& host = kHost) {
        Request request;
        request.host = host;
        request.set("Host", host).set("x-amz-region-set", regions);
        return refusal(request, with(", proof: off" + more, host));
      };
  const auto blocked = SignerRefusal::endpoint_blocked;
  CHECK_FALSE(said("us-east-1,eu-west-1", ", regions: \"us-east-1, eu-west-1\""));
  CHECK(said("us-east-1,eu-west-1", ", regions: us-east-1") == blocked);
  CHECK(said("*", ", regions: \"us-east-1, eu-west-1\"") == blocked);
  CHECK(said("us-*", ", regions: us-east-1") == blocked);
  CHECK(said("us-east-1", ", services: iam") == blocked);
  for (const auto* const set : {"us-east-1", "*", "us-*,eu-west-1"}) {
    CHECK_FALSE(said(set, ", regions: \"*\""));
    // By the host: one of all regions, and one of one.
    CHECK_FALSE(said(set, ""));
    CHECK_FALSE(said(set, "", "x.mrap.accesspoint.s3-global.amazonaws.com"));
  }
  const std::string regional = "examplebucket.s3.us-east-1.amazonaws.com";
  CHECK_FALSE(said("us-east-1", "", regional));
  CHECK(said("us-east-1,eu-west-1", "", regional) == blocked);
  CHECK(said("*", "", regional) == blocked);
  CHECK(said("*", "", "store.example.com") == blocked);
}

TEST_CASE("an access point of several regions is S3's, and is one part of it") {
  const std::string host = "alias.mrap.accesspoint.s3-global.amazonaws.com";
  CHECK(names_service(host, "s3"));
  CHECK(names_region(host, "*"));
  CHECK(names_region(host, "eu-west-1"));
  CHECK(names_part(host));
  CHECK_FALSE(names_region("sts.amazonaws.com", "*"));
}

TEST_CASE("chunks signed under version 4A are signed anew, and no length changes") {
  for (const auto* const made : {&kChunked, &kChunkedWithTrailer}) {
    const bool has_trailer = !made->trailer.empty();
    for (const std::size_t piece : {std::size_t{1}, std::size_t{100}, SIZE_MAX / 2}) {
      INFO(piece);
      const auto head = signed_anew(chunked(*made), with());
      CHECK(is_ours(head.request));
      REQUIRE(head.body != nullptr);
      const auto body = body_of(*made);
      base::Buffer out(std::size_t{64} * 1024);
      for (std::size_t at = 0; at < body.size(); at += piece) {
        REQUIRE(head.body->feed(std::string_view(body).substr(at, piece), out));
      }
      CHECK(head.body->end());
      CHECK(out.size() == body.size());
      CHECK(is_chain_ours(std::string(out.view()), head.request, has_trailer));
    }
  }
}

TEST_CASE("of a chunk that was not signed so under version 4A nothing leaves", "[I9][I15]") {
  const auto body = body_of(kChunked);
  const auto trailer = body_of(kChunkedWithTrailer);
  const auto& first = kChunked.chunks[0];
  const auto& second = kChunked.chunks[1];

  struct Row {
    const Chunked* head;
    std::string body;
  };

  const std::vector<Row> rows = {
      {&kChunked, replaced(body, "hello", "hallo")},
      {&kChunked, replaced(body, filled(first), filled(second))},
      {&kChunked, replaced(body, filled(first), first)},  // not filled up
      {&kChunked, replaced(body, filled(first), "*" + filled(first).substr(0, 143))},
      {&kChunked, replaced(body, filled(first), first + "00")},
      {&kChunked, replaced(body, filled(first), std::string(64, 'a'))},
      {&kChunked, replaced(body, filled(first), std::string(144, '*'))},
      {&kChunkedWithTrailer, replaced(trailer, "sOO8", "sOO9")},
      {&kChunkedWithTrailer,
       replaced(trailer, filled(kChunkedWithTrailer.trailer), kChunkedWithTrailer.trailer)},
      {&kChunkedWithTrailer, body},
  };
  for (const auto& [head, text] : rows) {
    INFO(text);
    const auto made = signed_anew(chunked(*head), with());
    base::Buffer out(std::size_t{64} * 1024);
    const auto fed = made.body->feed(text, out);
    REQUIRE_FALSE(fed);
    CHECK(fed.error().code == base::Errc::invalid_input);
    CHECK((head != &kChunked || out.view().empty()));
  }
  // The second one in place of the first: the chain is one, not a set.
  const auto made = signed_anew(chunked(kChunked), with());
  base::Buffer out(std::size_t{64} * 1024);
  CHECK_FALSE(made.body->feed("5;chunk-signature=" + filled(second) + "\r\nworld\r\n", out));
  CHECK(out.view().empty());
}

}  // namespace keyswap::bindings
