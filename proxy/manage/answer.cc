// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/answer.h"

#include <algorithm>
#include <array>
#include <functional>

#include "bindings/json.h"
#include "proxy/base/manage_bounds.h"

namespace keyswap::manage {

namespace {

struct Phrase {
  int status;
  std::string_view text;
};

constexpr std::array kPhrases{
    Phrase{200, "OK"},
    Phrase{201, "Created"},
    Phrase{202, "Accepted"},
    Phrase{304, "Not Modified"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{409, "Conflict"},
    Phrase{410, "Gone"},
    Phrase{412, "Precondition Failed"},
    Phrase{413, "Content Too Large"},
    Phrase{415, "Unsupported Media Type"},
    Phrase{421, "Misdirected Request"},
    Phrase{422, "Unprocessable Content"},
    Phrase{428, "Precondition Required"},
    Phrase{429, "Too Many Requests"},
    Phrase{500, "Internal Server Error"},
    Phrase{503, "Service Unavailable"},
};

std::string_view phrase_of(int status) {
  const auto* const found = std::ranges::find(kPhrases, status, &Phrase::status);
  return found == kPhrases.end() ? "" : found->text;
}

std::string problem(int status, std::string_view text) {
  const std::string quoted = bindings::json_string(text);
  std::string body = R"({"type":"about:blank","title":)";
  body += bindings::json_string(phrase_of(status)) + R"(,"status":)" + std::to_string(status);
  body += R"(,"detail":)" + quoted + R"(,"error":)" + quoted;
  return body;
}

// Every answer, the page's files and refusals too.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kFields{{
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
     "require-trusted-types-for 'script'"},
}};

// A body that is longer than one write takes, piece by piece.
class Pieces final : public services::AnswerRest {
 public:
  explicit Pieces(std::string body) : body_(std::move(body)) {}

  void next(std::function<void(Piece)> done) override {
    std::string piece = body_.substr(at_, base::bounds::kManagePieceBytes);
    at_ += piece.size();
    done({.bytes = std::move(piece), .is_last = at_ == body_.size()});
  }

 private:
  std::string body_;
  std::size_t at_ = 0;
};

}  // namespace

Answer answer_json(int status, std::string json) {
  return {.status = status, .body = std::move(json)};
}

Answer answer_error(int status, std::string_view text) {
  return {
      .status = status, .body = problem(status, text) + "}\n", .type = "application/problem+json"};
}

Answer answer_later(std::string_view text, std::int64_t seconds) {
  constexpr int kTooMany = 429;
  const std::string wait = std::to_string(seconds);
  return {.status = kTooMany,
          .body = problem(kTooMany, text) + R"(,"retry_after_seconds":)" + wait + "}\n",
          .type = "application/problem+json",
          .fields = {{"Retry-After", wait}}};
}

services::SlowAnswer to_http(Answer answer, bool keeps) {
  if (answer.rest == nullptr && answer.body.size() > base::bounds::kManagePieceBytes) {
    answer.rest = std::make_shared<Pieces>(std::exchange(answer.body, {}));
  }
  services::SlowAnswer made{
      .reply = {.head = {answer.status, phrase_of(answer.status)}, .body = {}},
      .rest = std::move(answer.rest),
      .delay_ms = answer.delay_ms};
  auto& fields = made.reply.head.fields;
  fields.add({"Content-Type", answer.type});
  if (made.rest == nullptr) {
    fields.add_made("Content-Length", std::to_string(answer.body.size()));
  } else {
    made.reply.head.has_unknown_length = true;
  }
  for (const auto& [name, value] : kFields) {
    fields.add({name, value});
  }
  for (auto& [name, value] : answer.fields) {
    fields.add_made(name, std::move(value));
  }
  made.reply.head.keeps_connection = keeps;
  made.reply.body = std::move(answer.body);
  return made;
}

}  // namespace keyswap::manage
