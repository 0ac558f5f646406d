// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/content_codings.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/buffer.h"
#include "test/flow/coded.h"

namespace keyswap::flow {

namespace {

using coding::Coding;

std::optional<std::vector<Coding>> codings(std::initializer_list<std::string_view> lines) {
  http::HeaderList fields;
  fields.add("Content-Type", "text/plain");
  for (const auto line : lines) {
    fields.add("Content-Encoding", line);
  }
  return content_codings(fields);
}

}  // namespace

TEST_CASE("lines and lists of content codings are one, and identity is none", "[I8]") {
  CHECK(codings({})->empty());
  CHECK(codings({"identity"})->empty());
  CHECK(codings({""})->empty());
  CHECK(*codings({"gzip"}) == std::vector{Coding::gzip});
  CHECK(*codings({"gzip", "br"}) == std::vector{Coding::gzip, Coding::brotli});
  CHECK(*codings({" deflate ,identity,\tZSTD"}) == std::vector{Coding::deflate, Coding::zstd});
  CHECK(*codings({"identity", "gzip"}) == std::vector{Coding::gzip});
}

TEST_CASE("a coding that is not known here, and more than there should be, are told", "[I8][I10]") {
  CHECK_FALSE(codings({"compress"}));
  CHECK_FALSE(codings({"gzip", "aes128gcm"}));
  CHECK(codings({"gzip, gzip, gzip"}));
  CHECK_FALSE(codings({"gzip, gzip, gzip, gzip"}));
}

TEST_CASE("the coding that was applied last is undone first", "[I8]") {
  FilterChain chain;
  REQUIRE(add_decoders({Coding::gzip, Coding::gzip, Coding::gzip}, chain));
  base::Buffer out(1024);
  CHECK(chain.feed(test::gzipped(test::gzipped(test::gzipped("some text"))), true, out));
  CHECK(out.view() == "some text");
}

TEST_CASE("codings of two kinds are undone in the order that they need", "[I8]") {
  const std::string text = "some text, and more of it";
  std::string deflated(compressBound(text.size()), '\0');
  uLongf size = deflated.size();
  REQUIRE(compress(reinterpret_cast<Bytef*>(deflated.data()),
                   &size,
                   reinterpret_cast<const Bytef*>(text.data()),
                   text.size()) == Z_OK);
  deflated.resize(size);
  FilterChain chain;
  REQUIRE(add_decoders({Coding::deflate, Coding::gzip}, chain));
  base::Buffer out(1024);
  CHECK(chain.feed(test::gzipped(deflated), true, out));
  CHECK(out.view() == text);
}

TEST_CASE("what a head says of coded bytes is known by its name") {
  CHECK(is_of_coded_body("Content-Length"));
  CHECK(is_of_coded_body("content-encoding"));
  CHECK(is_of_coded_body("Content-Digest"));
  CHECK_FALSE(is_of_coded_body("Content-Type"));
}

}  // namespace keyswap::flow
