// SPDX-License-Identifier: Apache-2.0
//
// What the tests of requests with placeholders in their bodies have in common.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <string>

#include <catch2/catch.hpp>

#include "bindings/bounds.h"
#include "proxy/base/bytes.h"
#include "test/flow/chunks.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

using test::Script;

inline const std::string kInBody = "kswp_PLACEHOLDER_000000000001";
inline const std::string kInJson = "kswp_PLACEHOLDER_000000000002";
inline const std::string kFar = "kswp_PLACEHOLDER_000000000003";
inline const std::string kHeader = "kswp_PLACEHOLDER_000000000004";
inline const char* const kRules = R"(
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { body: text, max_occurrences: 3 }
    bindings: [ { host: api.example.test, methods: [POST, GET], paths: ["/v1/**"] } ]
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { body: text, format: "pre-{secret}-post", content_type: application/json }
    bindings: [ { host: api.example.test } ]
  FAR:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: far.example.test } ]
  HEADER:
    placeholder: kswp_PLACEHOLDER_000000000004
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
)";
inline const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

inline Script script(const std::string& more = "", flow::Protocol protocol = Protocol::https) {
  Script made(test::bindings_of("version: 1\n" + more + kRules),
              {protocol,
               {"api.example.test",
                static_cast<std::uint16_t>(protocol == Protocol::http ? 80 : 443),
                http::HostKind::name}});
  made.vault["HEADER"] = "header-key-04";
  return made;
}

inline std::string head(const std::string& fields = "",
                        const std::string& method = "POST",
                        const std::string& path = "/v1/x") {
  return method + " " + path + " HTTP/1.1\r\nHost: api.example.test\r\n" + fields;
}

inline std::string request(const std::string& body,
                           const std::string& fields = "",
                           const std::string& method = "POST",
                           const std::string& path = "/v1/x") {
  return head(fields, method, path) + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

inline std::string chunked(const std::string& body,
                           const std::string& fields = "",
                           std::size_t size = 1) {
  std::string all = head(fields) + "Transfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size(); at += size) {
    const std::string part = body.substr(at, size);
    std::array<char, 16> digits{};
    const char* begin = digits.data();
    const char* end =
        std::to_chars(digits.data(), digits.data() + digits.size(), part.size(), 16).ptr;
    all.append(begin, end).append("\r\n" + part + "\r\n");
  }
  return all + "0\r\n\r\n";
}

inline const std::string kJson = "Content-Type: application/json\r\n";
inline const std::string kForm = "Content-Type: application/x-www-form-urlencoded\r\n";

// Longer than what is held.
inline std::string long_text() {
  return std::string(base::bounds::kSwapHoldBytes, 'x');
}

using keyswap::test::has;

inline std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

// The body that left, out of its chunks.
inline std::string body_of(const std::string& sent) {
  http::Decoder decoder(http::Decoder::Role::request);
  std::string body;
  std::string_view rest = sent;
  for (;;) {
    const auto step = decoder.next(rest);
    rest.remove_prefix(step.consumed);
    if (step.kind == http::Step::Kind::body) {
      body += step.body;
    } else if (step.kind == http::Step::Kind::head) {
      static_cast<void>(decoder.take_request());
    } else {
      CHECK(step.kind == http::Step::Kind::end);
      return body;
    }
  }
}

inline bool is_complete(const std::string& sent) {
  http::Decoder decoder(http::Decoder::Role::request);
  std::string_view rest = sent;
  for (;;) {
    const auto step = decoder.next(rest);
    rest.remove_prefix(step.consumed);
    if (step.kind == http::Step::Kind::head) {
      static_cast<void>(decoder.take_request());
    } else if (step.kind != http::Step::Kind::body) {
      return step.kind == http::Step::Kind::end;
    }
  }
}

}  // namespace keyswap::flow
