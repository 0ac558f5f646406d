// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/answer.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/manage_bounds.h"

namespace keyswap::manage {

namespace {

std::string field_of(const services::SlowAnswer& answer, std::string_view name) {
  for (const auto& field : answer.reply.head.fields) {
    if (field.name == name) {
      return std::string(field.value);
    }
  }
  return "";
}

}  // namespace

TEST_CASE("an error says its sentence where both kinds of clients look for it") {
  const auto made = to_http(answer_later("too many", 7), true);
  CHECK(made.reply.head.status == 429);
  CHECK(field_of(made, "Retry-After") == "7");
  CHECK(field_of(made, "Content-Type") == "application/problem+json");
  CHECK(made.reply.body ==
        R"({"type":"about:blank","title":"Too Many Requests","status":429,"detail":"too many",)"
        R"("error":"too many","retry_after_seconds":7})"
        "\n");
  CHECK(field_of(made, "Content-Length") == std::to_string(made.reply.body.size()));
}

TEST_CASE("every answer forbids to keep, guess, frame, or read it from elsewhere") {
  const auto made = to_http(answer_json(200, "{}"), false);
  CHECK(field_of(made, "Cache-Control") == "no-store");
  CHECK(field_of(made, "X-Content-Type-Options") == "nosniff");
  CHECK(field_of(made, "X-Frame-Options") == "DENY");
  CHECK(field_of(made, "Referrer-Policy") == "no-referrer");
  CHECK(field_of(made, "Cross-Origin-Resource-Policy") == "same-origin");
  CHECK(field_of(made, "Cross-Origin-Opener-Policy") == "same-origin");
  CHECK(field_of(made, "Content-Security-Policy").find("frame-ancestors 'none'") !=
        std::string::npos);
  for (const auto& field : made.reply.head.fields) {
    CHECK_FALSE(field.name.starts_with("Access-Control"));
  }
  CHECK_FALSE(made.reply.head.keeps_connection);
}

TEST_CASE("an answer that is longer than a piece comes in pieces, of which nothing is missing",
          "[I10]") {
  constexpr std::size_t kPiece = base::bounds::kManagePieceBytes;
  CHECK(to_http(answer_json(200, std::string(kPiece, 'x')), true).rest == nullptr);
  std::string json;
  for (std::size_t i = 0; json.size() <= 10 * kPiece; ++i) {
    json += std::to_string(i) + ",";
  }
  const auto made = to_http(answer_json(200, json), true);
  REQUIRE(made.rest != nullptr);
  CHECK(made.reply.body.empty());
  CHECK(made.reply.head.has_unknown_length);
  CHECK(field_of(made, "Content-Length").empty());
  std::string came;
  for (bool is_last = false; !is_last;) {
    made.rest->next([&](const services::AnswerRest::Piece& piece) {
      REQUIRE_FALSE(piece.bytes.empty());
      CHECK(piece.bytes.size() <= kPiece);
      came += piece.bytes;
      is_last = piece.is_last;
    });
  }
  CHECK(came == json);
}

}  // namespace keyswap::manage
