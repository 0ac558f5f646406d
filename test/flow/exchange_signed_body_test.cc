// SPDX-License-Identifier: Apache-2.0
//
// Heads that are signed as they leave, and bodies that a signer does not collect.
// Signatures were computed with Python's hmac.
#include <array>
#include <charconv>

#include <catch2/catch.hpp>

#include "proxy/flow/exchange.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

namespace {

using test::Script;

const std::string kRule = R"(
version: 1
secrets:
  K:
    placeholder: AKIAPLACEHOLDER22222
    inject: { type: sigv4, access_key_id: ID, secret_access_key: SECRET, regions: us-east-1, services: s3,
              placeholder_secret: fakefakefakefakefakefakefakefakefakefake }
    bindings: [ { host: api.example.test )";
const std::string kEnd = " } ]\n";
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const std::string kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string kScope = "/20231114/us-east-1/s3/aws4_request";

Script script(const std::string& more = "") {
  Script script(test::bindings_of(kRule + more + kEnd));
  script.vault = {{"ID", "AKIAIOSFODNN7EXAMPLE"},
                  {"SECRET", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}};
  return script;
}

std::string signed_as(const std::string& id,
                      const std::string& names,
                      const std::string& signature) {
  return "Authorization: AWS4-HMAC-SHA256 Credential=" + id + kScope + ", SignedHeaders=" + names +
         ", Signature=" + signature + "\r\n";
}

std::string theirs(const std::string& names, const std::string& signature) {
  return signed_as("AKIAPLACEHOLDER22222", names, signature);
}

std::string ours(const std::string& names, const std::string& signature) {
  return signed_as("AKIAIOSFODNN7EXAMPLE", names, signature);
}

using keyswap::test::has;

// --- a GET ---

const std::string kGetNames = "accept-encoding;host;range;x-amz-content-sha256;x-amz-date";

std::string get_of(const std::string& coding, const std::string& authorization) {
  return "GET /a HTTP/1.1\r\nHost: api.example.test\r\nAccept-Encoding: " + coding +
         "\r\nRange: bytes=0-9\r\nx-amz-content-sha256: " + kNothing +
         "\r\nx-amz-date: 20231114T221320Z\r\n" + authorization + "\r\n";
}

const std::string kTheirGet = get_of(
    "gzip", theirs(kGetNames, "7110a2d1417cff1a7e1acc0d89ab37f55eaf4be5495891575092f400afcc0411"));

// --- a PUT whose body nobody hashed ---

const std::string kPutNames = "host;x-amz-content-sha256;x-amz-date";

std::string put_of(const std::string& authorization, std::size_t size) {
  return "PUT /a HTTP/1.1\r\nHost: api.example.test\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD\r\n"
         "x-amz-date: 20231114T221320Z\r\n" +
         authorization + "Content-Length: " + std::to_string(size) + "\r\n\r\n";
}

const std::string kTheirPut =
    theirs(kPutNames, "46acf52d768084205450bc37f9ec9f6aadad6ebd4d773654abfa315ea01ee7d8");
const std::string kOurPut =
    ours(kPutNames, "b4d0dbb6f1deeb5c72530f685a14a8bc3d23fef98dee46ced08fa443c4b676f2");

// --- a PUT in signed chunks ---

const std::string kChunkNames =
    "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
    "x-amz-decoded-content-length";

std::string chunked_head(const std::string& authorization) {
  return "PUT /a HTTP/1.1\r\nHost: api.example.test\r\nContent-Encoding: aws-chunked\r\n"
         "Content-Length: 177\r\nx-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n"
         "x-amz-date: 20231114T221320Z\r\nx-amz-decoded-content-length: 5\r\n" +
         authorization + "\r\n";
}

std::string chunks(const std::string& first,
                   const std::string& last,
                   const std::string& data = "hello") {
  return "5;chunk-signature=" + first + "\r\n" + data + "\r\n0;chunk-signature=" + last +
         "\r\n\r\n";
}

const std::string kTheirHead = chunked_head(
    theirs(kChunkNames, "89f0ee2a03d96689e391ee3f64c93235fafa26b38c0effe70f159f1c0bc7f1c4"));
const std::string kTheirFirst = "e76a3f26bd5f821750cbf87d3166d30d2b1d5561cc63fd3f8d9c8e4d0fc0f492";
const std::string kTheirLast = "96d6f583ba7e92d6f3da9656af8c46892e46b37bac454ead4e968451329a61dd";
const std::string kSent =
    chunked_head(
        ours(kChunkNames, "863ec4592b8d6807fc338498f98ac11bf79f9321c1ae466a6b2814a814ba8b63")) +
    chunks("10d214f8559ab18348b71c73710a890cd7c9c59cc03ffd150de00e01e544bdb2",
           "16c1ac04fdf8ae317a1756c527a3925df287b9e131be2965cb4f0edba9a89f58");

}  // namespace

TEST_CASE("what is signed is the head as it leaves: plain answers, and the client's range",
          "[I8][I9]") {
  const auto sent = script().client(kTheirGet).upstream(kOk).sent_upstream();
  CHECK(sent == get_of("identity",
                       ours(kGetNames,
                            "5e4203c35af1f582d7dbeec4c2b29d03952986883579d962dfa358a880a5ade6")));
  const auto unscrubbed = script(", scrub: off").client(kTheirGet).upstream(kOk).sent_upstream();
  CHECK(
      unscrubbed ==
      get_of("gzip",
             ours(kGetNames, "06231295ff15a7df8c9b8f7f27e3c757070b59ef805d75100aa6e03952deb402")));
}

TEST_CASE("a body that the signature does not need passes as it comes, however long", "[I6]") {
  const std::size_t size = 2 * base::bounds::kSignedBodyBytesMax;
  Script script = flow::script();
  script.answers_records = false;
  script.client(put_of(kTheirPut, size));
  CHECK(script.sent_upstream().empty());
  script.record_done(true);
  CHECK(script.sent_upstream() == put_of(kOurPut, size));
  const std::string piece(size / 4, 'x');
  for (int i = 0; i < 4; ++i) {
    script.client(piece);
    CHECK(*script.collected_bytes == 0);
  }
  CHECK(script.sent_upstream().size() == put_of(kOurPut, size).size() + size);
  CHECK(has(script.upstream(kOk).transcript(), "client kept"));
}

TEST_CASE("a client that waits for 100 Continue hears it from the upstream of such a body") {
  auto head = put_of(kTheirPut, 2);
  head.insert(head.size() - 2, "Expect: 100-continue\r\n");
  Script script = flow::script();
  script.client(head);
  CHECK(has(script.sent_upstream(), "Expect: 100-continue\r\n"));
  CHECK(script.sent_client().empty());
  script.upstream("HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(script.sent_client() == "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_CASE("a body past the binding's max_body is 413 where a signer does not collect it, too") {
  auto script = flow::script(", max_body: 4");
  script.client(put_of(kTheirPut, 5) + "hello");
  CHECK(has(script.sent_client(), "HTTP/1.1 413 "));
  CHECK(script.sent_upstream().empty());
}

TEST_CASE("chunks are signed anew as they pass, wherever they are cut", "[I6][I9]") {
  for (const std::size_t piece : {0U, 1U, 5U, 64U}) {
    const auto done =
        script().client(kTheirHead + chunks(kTheirFirst, kTheirLast), piece).upstream(kOk);
    CHECK(done.sent_upstream() == kSent);
    CHECK(*done.collected_bytes == 0);
    CHECK(has(done.transcript(), "record allowed binding_matched K PUT /a\n"));
    CHECK(has(done.transcript(), "client kept"));
  }
}

TEST_CASE("a chunk that was changed never leaves, and the upload is not completed", "[I9]") {
  const auto forged = script().client(kTheirHead + chunks(kTheirFirst, kTheirLast, "jello"));
  CHECK(!has(forged.sent_upstream(), "ello"));
  CHECK(has(forged.transcript(), "noted refused malformed_request K PUT /a\n"));
  CHECK(has(forged.transcript(), "upstream discarded"));
  CHECK(has(forged.sent_client(), "HTTP/1.1 400 "));
  // Of one that came before it, nothing is taken back.
  const auto head = kTheirHead;
  auto body = chunks(kTheirFirst, kTheirFirst);
  const auto late = script().client(head + body, 1);
  CHECK(has(late.sent_upstream(), "hello"));
  CHECK(!has(late.sent_upstream(), "0;chunk-signature="));
  CHECK(has(late.transcript(), "upstream discarded"));
}

TEST_CASE("a large chunk leaves whole in a body whose length is not said", "[I9]") {
  const std::string names =
      "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length";
  const auto body_of = [](const std::string& first, const std::string& last) {
    return "40000;chunk-signature=" + first + "\r\n" + std::string(0x40000, 'a') +
           "\r\n0;chunk-signature=" + last + "\r\n\r\n";
  };
  const auto body = body_of("3a0ebce0b69554dfa97cbfb8abdd0ced7851e3500b260252b1c1136582ae5e0a",
                            "32cd32b571374f118797162c519b59c332554ff07c257116d758cf90361b083e");
  const std::string head =
      "PUT /a HTTP/1.1\r\nHost: api.example.test\r\nContent-Encoding: aws-chunked\r\n"
      "Transfer-Encoding: chunked\r\nx-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n"
      "x-amz-date: 20231114T221320Z\r\nx-amz-decoded-content-length: 262144\r\n" +
      theirs(names, "61462eff7fce804a701059dc3731b4f14533ddaef656269d0bd17d9dfaf7dcbb") + "\r\n";
  Script script = flow::script();
  script.client(head);
  constexpr std::size_t kPiece = 0x4000;
  for (std::size_t at = 0; at < body.size(); at += kPiece) {
    const auto some = body.substr(at, kPiece);
    std::array<char, 16> size = {};
    char* const end = std::to_chars(size.data(), size.data() + size.size(), some.size(), 16).ptr;
    script.client(std::string(size.data(), end) + "\r\n" + some + "\r\n");
  }
  script.client("0\r\n\r\n");
  const auto sent = script.sent_upstream();
  std::string left;
  auto at = sent.find("\r\n\r\n") + 4;
  for (std::size_t size = 1; size > 0 && at < sent.size();) {
    size = std::stoul(sent.substr(at, 16), nullptr, 16);
    at = sent.find("\r\n", at) + 2;
    CHECK(size <= base::bounds::kReadChunkBytes);
    left += sent.substr(at, size);
    at += size + 2;
  }
  CHECK(left == body_of("0a906e26cbf4707b8355c0b1244a034eb35742c1db22258426ddcee3a1db4650",
                        "c5defee7a90a7d96cf3e1b0a70793ddb24636bbc759dcac029bab2509120d51a"));
  CHECK(*script.collected_bytes == 0);
}

TEST_CASE("no part of an answer is asked for where another secret could come back by halves",
          "[I8]") {
  Script script(test::bindings_of(kRule + kEnd +
                                  "  OTHER:\n    placeholder: other-PLACEHOLDER-0123456789abc\n"
                                  "    inject: { header: X-Key, format: \"{secret}\" }\n"
                                  "    bindings: [ { host: api.example.test } ]\n"));
  script.vault = flow::script().vault;
  script.vault["OTHER"] = "the-other-real-secret-0001";
  const auto sent = script.client(kTheirGet).upstream(kOk).sent_upstream();
  CHECK(!has(sent, "Range:"));
  CHECK(has(sent, "SignedHeaders=accept-encoding;host;x-amz-content-sha256;x-amz-date,"));
}

TEST_CASE("what a loop holds of such chunks is bounded, and free again afterwards", "[I10]") {
  Script full = script();
  CollectedShare others(*full.collected_bytes);
  // Room for what is held, and none for what leaves.
  REQUIRE(others.take(base::bounds::kSignedBodiesBytesMax - 30));
  full.client(kTheirHead + "5;chunk-signature=");
  CHECK(has(full.sent_client(), "Keyswap-Reason: too_busy\r\n"));
  std::shared_ptr<CollectedBytes> held;
  {
    Script half = script();
    half.client(kTheirHead + "5;chunk-signature=" + kTheirFirst + "\r\nhel");
    held = half.collected_bytes;
    CHECK(*held == 3);
  }
  CHECK(*held == 0);
}

TEST_CASE("a request that its client did not sign is refused before anything is opened", "[I6]") {
  auto forged = kTheirGet;
  forged.replace(forged.find("GET /a"), 6, "GET /b");
  const auto refused = script().client(forged);
  CHECK(refused.transcript().starts_with("record refused malformed_request K GET /b\n"));
  CHECK(!has(refused.transcript(), "fetch"));
  auto other = kTheirGet;
  other.replace(other.find("AWS4-HMAC-SHA256"), 16, "AWS4-X509-RSA-SHA256");
  CHECK(has(script().client(other).sent_client(),
            "Keyswap-Reason: signature_form_not_supported\r\n"));
}

}  // namespace keyswap::flow
